//! How long an endpoint asks to be left alone.

use std::time::Duration;

use gatewright_core::time::Millis;
use reqwest::header::HeaderMap;

/// The longest pause that is kept; a longer one ends the try instead.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(120);

/// What the headers of an answer ask for: `retry-after-ms` before `Retry-After` (seconds or an HTTP date, RFC 9110,
/// 10.2.3) before a rate limit with nothing remaining. `now` is the wall clock's.
pub(super) fn of_headers(headers: &HeaderMap, now: Millis) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let explicit = text("retry-after-ms")
        .and_then(|ms| seconds(ms).map(|ms| ms / 1000))
        .or_else(|| text("retry-after").and_then(|value| seconds(value).or_else(|| until_date(value, now))));
    explicit.or_else(|| of_limits(headers, now))
}

/// Until a rate limit of which nothing remains is whole again.
pub(super) fn of_limits(headers: &HeaderMap, now: Millis) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let exhausted = |what: &&str| text(&format!("x-ratelimit-remaining-{what}")) == Some("0");
    let resets = ["requests", "tokens"].into_iter().filter(exhausted);
    resets.filter_map(|what| reset(text(&format!("x-ratelimit-reset-{what}"))?, now)).max()
}

/// A plain number of seconds, fractions allowed.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn until_date(text: &str, now: Millis) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(until(date.timestamp().as_millisecond(), now))
}

fn until(moment_ms: i64, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(moment_ms.saturating_sub(now.0)).unwrap_or(0))
}

/// When a rate limit is whole again: a length as in Go (`6m0s`, `12ms`), seconds, seconds since 1970, RFC 3339.
fn reset(text: &str, now: Millis) -> Option<Duration> {
    /// Seconds beyond which a number is a moment and not a length: some day in 2001.
    const EPOCH_SECONDS_MIN: f64 = 1e9;
    if let Ok(number) = text.parse::<f64>() {
        let moment = number >= EPOCH_SECONDS_MIN;
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer it can")]
        return if moment { Some(until((number * 1000.0) as i64, now)) } else { seconds(text) };
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(until(moment.as_millisecond(), now));
    }
    go_duration(text)
}

fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let split = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(split);
        let end = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit_seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * unit_seconds;
        rest = after;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_785_000_000_000);

    fn pause(headers: &[(&'static str, &str)]) -> Option<u128> {
        let headers = headers.iter().map(|&(name, value)| {
            (reqwest::header::HeaderName::from_static(name), value.parse().expect("a header"))
        });
        of_headers(&headers.collect(), NOW).map(|pause| pause.as_millis())
    }

    #[test]
    fn every_form_of_retry_after_is_read() {
        assert_eq!(pause(&[("retry-after", "2")]), Some(2000));
        assert_eq!(pause(&[("retry-after", "0.5")]), Some(500));
        assert_eq!(pause(&[("retry-after", "3600")]), Some(3_600_000));
        assert_eq!(pause(&[("retry-after-ms", "250"), ("retry-after", "1")]), Some(250));
        assert_eq!(pause(&[("retry-after", "Sat, 25 Jul 2026 17:20:03 GMT")]), Some(3000));
        assert_eq!(pause(&[("retry-after", "Sat, 25 Jul 2020 17:20:03 GMT")]), Some(0));
        for nonsense in ["-1", "soon", "", "NaN", "1e300"] {
            assert_eq!(pause(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_rate_limit_with_nothing_remaining_is_a_pause_in_every_format() {
        for (reset, expected) in [
            ("1m2.5s", Some(62_500)),
            ("12ms", Some(12)),
            ("7", Some(7000)),
            ("1785000004", Some(4000)),
            ("2026-07-25T17:20:05Z", Some(5000)),
            ("-1", None),
            ("later", None),
        ] {
            let spent = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", reset)];
            assert_eq!(pause(&spent), expected, "{reset}");
        }
        assert_eq!(
            pause(&[("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "6m0s")]),
            None
        );
    }
}
