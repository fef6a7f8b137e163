//! What a plain word means: the core schema of YAML 1.2 (section 10.3.2), so `no` is text and `012` is twelve.

use super::tree::Value;
use crate::id::SAFE_INTEGER_MAX;

/// Why a scalar has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("the integer {0} is beyond 2^53 and would be rounded")]
    IntegerTooLarge(String),
    #[error("{0} is not a number that JSON knows")]
    NotFinite(String),
    #[error("`{text}` is not what its tag `!!{tag}` says")]
    NotOfItsTag { tag: String, text: String },
    #[error("the tag `{0}` means nothing here")]
    UnknownTag(String),
}

impl Problem {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::IntegerTooLarge(_) | Self::NotFinite(_) => "number-range",
            Self::NotOfItsTag { .. } | Self::UnknownTag(_) => "tag",
        }
    }

    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::IntegerTooLarge(_) | Self::NotFinite(_) => "put it in quotes if it is text",
            Self::NotOfItsTag { .. } | Self::UnknownTag(_) => "leave the tag out",
        }
    }
}

/// The value of a scalar without quotes and tag.
pub(super) fn plain(text: &str) -> Result<Value, Problem> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(Problem::NotFinite(text.to_owned())),
        _ => {}
    }
    if matches!(text.trim_start_matches(['-', '+']), ".inf" | ".Inf" | ".INF") {
        return Err(Problem::NotFinite(text.to_owned()));
    }
    match integer(text) {
        Some(Some(value)) if value.unsigned_abs() <= SAFE_INTEGER_MAX.unsigned_abs() => {
            return Ok(Value::Integer(value));
        }
        Some(_) => return Err(Problem::IntegerTooLarge(shortened(text))),
        None => {}
    }
    match float(text) {
        Some(value) if value.is_finite() => Ok(Value::Float(value)),
        Some(_) => Err(Problem::NotFinite(shortened(text))),
        None => Ok(Value::Text(text.to_owned())),
    }
}

/// The value of a scalar with a tag of the core schema.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Value, Problem> {
    let value = match tag {
        "str" => return Ok(Value::Text(text.to_owned())),
        "null" | "bool" | "int" | "float" => plain(text)?,
        _ => return Err(Problem::UnknownTag(format!("!!{tag}"))),
    };
    match (tag, value) {
        ("null", Value::Null) => Ok(Value::Null),
        ("bool", Value::Bool(value)) => Ok(Value::Bool(value)),
        ("int", Value::Integer(value)) => Ok(Value::Integer(value)),
        ("float", Value::Float(value)) => Ok(Value::Float(value)),
        ("float", Value::Integer(value)) => Ok(Value::Integer(value)),
        _ => Err(Problem::NotOfItsTag { tag: tag.to_owned(), text: shortened(text) }),
    }
}

/// The integer, if the text is one; inside, none when it fits no machine word.
fn integer(text: &str) -> Option<Option<i64>> {
    let radix = |digits: &str, radix: u32| {
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        valid.then(|| i64::from_str_radix(digits, radix).ok())
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok())
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_holds = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_holds = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if mantissa_holds && exponent_holds { text.parse().ok() } else { None }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 30 {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(29).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_yaml_1_2_says() {
        for word in
            ["no", "yes", "on", "off", "1_000", "1e", ".", "-", "+", "e5", "0x", "12:30", "2026-11-23", "0b1"]
        {
            assert_eq!(plain(word), Ok(Value::Text(word.to_owned())), "{word}");
        }
        for (word, value) in [("0", 0), ("012", 12), ("-7", -7), ("+7", 7), ("0x1F", 31), ("0o17", 15)] {
            assert_eq!(plain(word), Ok(Value::Integer(value)), "{word}");
        }
        for (word, value) in [("1.", 1.0), (".5", 0.5), ("-1.5e3", -1500.0), ("1E2", 100.0)] {
            assert_eq!(plain(word), Ok(Value::Float(value)), "{word}");
        }
        assert_eq!(plain("~"), Ok(Value::Null));
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        assert_eq!(plain("9007199254740991"), Ok(Value::Integer(9_007_199_254_740_991)));
        for word in
            ["9007199254740992", "-9007199254740992", "99999999999999999999999", "0xFFFFFFFFFFFFFFFFFF"]
        {
            assert!(matches!(plain(word), Err(Problem::IntegerTooLarge(_))), "{word}");
        }
        for word in [".inf", "-.INF", ".nan", "1e999"] {
            assert!(matches!(plain(word), Err(Problem::NotFinite(_))), "{word}");
        }
    }

    #[test]
    fn a_tag_must_fit() {
        assert_eq!(tagged("str", "42"), Ok(Value::Text("42".to_owned())));
        assert!(tagged("int", "x").is_err());
        assert!(tagged("binary", "x").is_err());
    }
}
