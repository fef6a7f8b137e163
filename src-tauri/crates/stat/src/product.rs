//! Products of many factors that neither overflow nor need a logarithm.
//!
//! A product is a mantissa and a power of two that is kept apart. Moving a power of two between them is exact, so
//! evidence decides by `+`, `×` and `÷` alone and is the same number on every machine.

use core::cmp::Ordering;

/// A non-negative product: `mantissa · 2^exponent`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Product {
    mantissa: f64,
    exponent: i32,
}

/// Beyond 2^±`REST` a mantissa is brought back by `2^∓REST`.
const REST: i32 = 256;
/// 2^`REST`.
const LARGE: f64 = f64::from_bits((1023 + REST as u64) << 52);
/// 2^−`REST`.
const SMALL: f64 = f64::from_bits((1023 - REST as u64) << 52);

impl PartialOrd for Product {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.order(*other))
    }
}

impl Product {
    /// The product of no factor.
    pub const ONE: Self = Self { mantissa: 1.0, exponent: 0 };

    /// A number as a product of one factor; a negative one is read as 0.
    #[must_use]
    pub fn new(value: f64) -> Self {
        Self { mantissa: value.max(0.0), exponent: 0 }.rested()
    }

    /// One more factor; a negative one is read as 0.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { mantissa: self.mantissa * factor.max(0.0), exponent: self.exponent }.rested()
    }

    /// The product of both.
    #[must_use]
    pub fn by(self, other: Self) -> Self {
        let exponent = self.exponent.saturating_add(other.exponent);
        Self { mantissa: self.mantissa * other.mantissa, exponent }.rested()
    }

    /// The sum of two products.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let (high, low) = match (self.mantissa == 0.0, other.mantissa == 0.0) {
            (true, _) => return other,
            (_, true) => return self,
            _ if self.exponent >= other.exponent => (self, other),
            _ => (other, self),
        };
        let shift = high.exponent - low.exponent;
        // Further apart than two rests the smaller one cannot be seen beside the larger.
        let share = if shift > 4 * REST { 0.0 } else { libm::ldexp(low.mantissa, -shift) };
        Self { mantissa: high.mantissa + share, exponent: high.exponent }.rested()
    }

    /// Whether the product is at least `limit`.
    #[must_use]
    pub fn at_least(self, limit: f64) -> bool {
        self.compare(limit) != Ordering::Less
    }

    /// Whether the product is more than `limit`.
    #[must_use]
    pub fn exceeds(self, limit: f64) -> bool {
        self.compare(limit) == Ordering::Greater
    }

    fn compare(self, limit: f64) -> Ordering {
        self.order(Self::new(limit))
    }

    fn order(self, limit: Self) -> Ordering {
        if self.mantissa == 0.0 || limit.mantissa == 0.0 {
            return self.mantissa.total_cmp(&limit.mantissa);
        }
        let difference = self.exponent.saturating_sub(limit.exponent);
        if difference.abs() > 4 * REST {
            return difference.cmp(&0);
        }
        // Mantissas of neighbouring exponents overlap: compare at the same one.
        libm::ldexp(self.mantissa, difference).total_cmp(&limit.mantissa)
    }

    /// The natural logarithm, for display; negative infinity of 0.
    #[must_use]
    pub fn ln(self) -> f64 {
        libm::log(self.mantissa) + f64::from(self.exponent) * core::f64::consts::LN_2
    }

    /// The number itself; infinite or 0 where it does not fit.
    #[must_use]
    pub fn value(self) -> f64 {
        libm::ldexp(self.mantissa, self.exponent)
    }

    fn rested(mut self) -> Self {
        if self.mantissa == 0.0 {
            return Self { mantissa: 0.0, exponent: 0 };
        }
        while self.mantissa >= LARGE && self.mantissa.is_finite() {
            self.mantissa *= SMALL;
            self.exponent = self.exponent.saturating_add(REST);
        }
        while self.mantissa < SMALL {
            self.mantissa *= LARGE;
            self.exponent = self.exponent.saturating_sub(REST);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_product_neither_overflows_nor_vanishes() {
        let huge = (0..10_000).fold(Product::ONE, |product, _| product.times(1e3));
        assert!((huge.ln() / (10_000.0 * libm::log(1e3)) - 1.0).abs() < 1e-13);
        let back = (0..10_000).fold(huge, |product, _| product.by(Product::new(1e-3)));
        assert!((back.value() - 1.0).abs() < 1e-10);
        assert!(huge.at_least(1e300) && !back.at_least(1.1));
        assert_eq!(Product::ONE.times(0.0).ln(), f64::NEG_INFINITY);
        assert!(!Product::ONE.times(-1.0).at_least(1e-300));
        assert!(Product::new(0.0).at_least(0.0));
    }

    proptest! {
        #[test]
        fn sums_and_comparisons_are_those_of_numbers(a in 1e-200_f64..1e200, b in 1e-200_f64..1e200) {
            let (first, second) = (Product::new(a), Product::new(b));
            prop_assert_eq!(first.value(), a);
            prop_assert_eq!(first.plus(second).value(), a + b);
            prop_assert_eq!(first.at_least(b), a >= b);
            prop_assert_eq!(first.exceeds(b), a > b);
            prop_assert!(first.at_least(a) && !first.exceeds(a));
            prop_assert_eq!(first < second, a < b);
        }
    }
}
