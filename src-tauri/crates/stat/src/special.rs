//! Special functions over `libm`: log-gamma, the incomplete beta function, and quantiles made from them.
//!
//! Nothing here knows what a probability is about. All results are the same bits on every system.

/// `ln(2π)`.
const LN_TWO_PI: f64 = 1.837_877_066_409_345_3;
/// Steps of a continued fraction or of a root search at most; both end far earlier.
const STEPS_MAX: u32 = 20_000;

/// The natural logarithm of the gamma function at `x > 0`.
#[must_use]
pub fn log_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// `ln C(n, k)`, the logarithm of the number of ways to choose `k` of `n`; negative infinity when `k > n`.
#[must_use]
pub fn log_choose(n: u32, k: u32) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let (n, k) = (f64::from(n), f64::from(k));
    log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0)
}

/// The logarithm of the beta function at `a, b > 0`.
#[must_use]
pub fn log_beta(a: f64, b: f64) -> f64 {
    log_gamma(a) + log_gamma(b) - log_gamma(a + b)
}

/// `ln(eᵃ + eᵇ)` without overflow.
#[must_use]
pub fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

/// The error of Stirling's formula, `ln n! − ln(√(2πn) (n/e)ⁿ)`, at real `n > 0`.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return log_gamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - 0.5 * LN_TWO_PI;
    }
    let square = n * n;
    let tail = 1.0 / 1680.0 - 1.0 / 1188.0 / square;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - tail / square) / square) / square) / n
}

/// `x ln(x/m) + m − x`, without cancellation where `x` is near `m`.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * libm::log(x / m) + m - x;
    }
    let v = (x - m) / (x + m);
    let (mut sum, mut term) = ((x - m) * v, 2.0 * x * v);
    for odd in 1..STEPS_MAX {
        term *= v * v;
        let next = sum + term / f64::from(2 * odd + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The binomial mass `C(n, x) pˣ qⁿ⁻ˣ` at real `0 ≤ x ≤ n`, by the saddle-point expansion: accurate to a few
/// units in the last place also where `n` is large. `q` is `1 − p`, given apart so that neither loses digits.
pub(crate) fn binomial_mass(x: f64, n: f64, p: f64, q: f64) -> f64 {
    let power = |base: f64, rest: f64, n: f64| {
        // The logarithm of a number near 1 is taken through what is missing to 1.
        libm::exp(n * if rest < 0.5 { libm::log1p(-rest) } else { libm::log(base) })
    };
    if p <= 0.0 || q <= 0.0 {
        let sure = if p <= 0.0 { 0.0 } else { n };
        return if x == sure { 1.0 } else { 0.0 };
    }
    if x == 0.0 {
        return power(q, p, n);
    }
    if x == n {
        return power(p, q, n);
    }
    let exponent = stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(x, n * p)
        - deviance(n - x, n * q);
    let scale = LN_TWO_PI + libm::log(x) + libm::log1p(-x / n);
    libm::exp(exponent - 0.5 * scale)
}

/// The continued fraction of the incomplete beta function, by the modified Lentz method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for step in 1..STEPS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        result *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// `xᵃ (1−x)ᵇ / B(a, b)`.
fn beta_front(a: f64, b: f64, x: f64) -> f64 {
    binomial_mass(a, a + b, x, 1.0 - x) * a * b / (a + b)
}

/// The regularised incomplete beta function `Iₓ(a, b)`: the probability that a Beta(a, b) variable is at most
/// `x`. `a, b > 0`; `x` outside [0, 1] is read as the nearer end.
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x < (a + 1.0) / (a + b + 2.0) {
        beta_front(a, b, x) * beta_fraction(a, b, x) / a
    } else {
        1.0 - beta_front(b, a, 1.0 - x) * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The `probability` quantile of a Beta(a, b) variable, `a, b > 0`: Newton's method inside a bracket.
#[must_use]
pub fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    if probability <= 0.0 {
        return 0.0;
    }
    if probability >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = a / (a + b);
    for _ in 0..200 {
        let excess = incomplete_beta(a, b, x) - probability;
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = beta_front(a, b, x) / (x * (1.0 - x));
        let step = excess / density;
        if step.abs() <= 2e-16 * x {
            break;
        }
        let newton = x - step;
        x = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
    }
    x
}

/// The probability that a standard normal variable is at most `z`.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / core::f64::consts::SQRT_2)
}

/// The `probability` quantile of the standard normal distribution: Halley's method on [`normal_cdf`], always in
/// the lower tail, where no digits cancel. Infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    if probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability >= 1.0 {
        return f64::INFINITY;
    }
    if probability > 0.5 {
        return -normal_quantile(1.0 - probability);
    }
    // Any start in the tail converges; this one is within a few hundredths.
    let t = libm::sqrt(-2.0 * libm::log(probability));
    let mut z = if t < 1.2 { 0.0 } else { -t + 2.30753 / (1.0 + 0.5 * t) };
    for _ in 0..50 {
        let density = libm::exp(-0.5 * (z * z + LN_TWO_PI));
        let step = (normal_cdf(z) - probability) / density;
        let change = step / (1.0 + 0.5 * z * step);
        z -= change;
        if change.abs() <= 1e-16 * (1.0 + z.abs()) {
            break;
        }
    }
    z
}

/// The probability that a Student variable with `freedom` degrees lies outside `±|t|`.
#[must_use]
pub fn student_two_sided(t: f64, freedom: f64) -> f64 {
    incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))
}

/// The `t ≥ 0` for which a Student variable with `freedom` degrees lies outside `±t` with this probability.
#[must_use]
pub fn student_two_sided_quantile(probability: f64, freedom: f64) -> f64 {
    let x = beta_quantile(0.5 * freedom, 0.5, probability);
    libm::sqrt(freedom * (1.0 - x) / x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!((found - expected).abs() <= relative * expected.abs(), "{found} instead of {expected}");
    }

    #[test]
    fn the_incomplete_beta_function_agrees_with_closed_forms() {
        for x in [1e-9, 0.01, 0.3, 0.5, 0.77, 0.999] {
            close(incomplete_beta(1.0, 1.0, x), x, 1e-14);
            close(incomplete_beta(3.0, 1.0, x), x * x * x, 1e-13);
            close(incomplete_beta(1.0, 5.0, x), -libm::expm1(5.0 * libm::log1p(-x)), 1e-13);
            close(
                incomplete_beta(0.5, 0.5, x),
                2.0 / core::f64::consts::PI * libm::asin(libm::sqrt(x)),
                1e-13,
            );
        }
    }

    #[test]
    fn normal_quantiles_are_the_known_ones() {
        close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        close(normal_quantile(0.95), 1.644_853_626_951_472_2, 1e-14);
        close(normal_quantile(1e-10), -6.361_340_902_404_056, 1e-13);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        close(normal_cdf(-10.0), 7.619_853_024_160_527e-24, 1e-12);
    }

    #[test]
    fn student_quantiles_agree_with_closed_forms() {
        for tail in [0.5, 0.1, 0.05, 0.001] {
            let right = 1.0 - 0.5 * tail;
            close(
                student_two_sided_quantile(tail, 1.0),
                libm::tan(core::f64::consts::PI * (right - 0.5)),
                1e-11,
            );
            let two = (2.0 * right - 1.0) * libm::sqrt(2.0 / (4.0 * right * (1.0 - right)));
            close(student_two_sided_quantile(tail, 2.0), two, 1e-11);
            close(student_two_sided(two, 2.0), tail, 1e-11);
        }
    }

    proptest! {
        #[test]
        fn a_beta_quantile_is_the_inverse(a in 0.5_f64..500.0, b in 0.5_f64..500.0, p in 0.001_f64..0.999) {
            let x = beta_quantile(a, b, p);
            prop_assert!((incomplete_beta(a, b, x) - p).abs() < 1e-12);
        }

        #[test]
        fn a_normal_quantile_is_the_inverse(p in 1e-12_f64..0.9999) {
            prop_assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14 * (1.0 + p));
        }
    }
}
