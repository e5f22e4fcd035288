//! Pure conversions of a column's text to a field's value, one function per form, with error messages for people.

use jiff::{civil, tz::TimeZone};
use serde_json::{Value, json};

use super::mapping::{Form, Rule};

/// Converts `text` to the rule's form.
pub fn value(text: &str, rule: &Rule) -> Result<Value, String> {
    let text = text.trim();
    match rule.form {
        Form::Text => Ok(text.into()),
        Form::Json => {
            serde_json::from_str(text).map_err(|error| format!("{text:?} is not JSON: {error}"))
        }
        Form::Integer => decimal(text, 0).map(Value::from),
        Form::Decimal => decimal(text, rule.scale.unwrap_or(2)).map(Value::from),
        Form::Thousandths => decimal(text, 3).map(Value::from),
        Form::Money => {
            let currency = rule
                .currency
                .as_deref()
                .ok_or("the mapping has to name the currency of money")?;
            Ok(json!({"amount": decimal(text, rule.scale.unwrap_or(2))?, "currency": currency}))
        }
        Form::Phone => phone(text, rule.country_code.as_deref()).map(Value::from),
        Form::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Ok(true.into()),
            "false" | "no" | "n" | "0" => Ok(false.into()),
            _ => Err(format!("{text:?} is neither true nor false")),
        },
        Form::Date => {
            let format = rule.format.as_deref().unwrap_or("%Y-%m-%d");
            let date = civil::Date::strptime(format, text)
                .map_err(|error| format!("{text:?} is not a date of the form {format}: {error}"))?;
            Ok(days(date).into())
        }
        Form::Datetime => {
            let format = rule.format.as_deref().unwrap_or("%Y-%m-%d %H:%M:%S");
            let time = civil::DateTime::strptime(format, text)
                .map_err(|error| format!("{text:?} is not a time of the form {format}: {error}"))?;
            let zone = TimeZone::get(rule.zone.as_deref().unwrap_or("UTC"))
                .map_err(|error| error.to_string())?;
            let time = zone.to_zoned(time).map_err(|error| error.to_string())?;
            Ok(time.timestamp().as_millisecond().into())
        }
    }
}

/// Days since 1970-01-01.
fn days(date: civil::Date) -> i64 {
    let epoch = civil::date(1970, 1, 1);
    date.duration_since(epoch).as_hours() / 24
}

/// An exact decimal number in units of 10^-`scale`: further decimal places are an error unless they are zeros.
fn decimal(text: &str, scale: u32) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a number with up to {scale} decimal places");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !all_digits(whole) || !all_digits(part) {
        return Err(wrong());
    }
    let scale = scale as usize;
    let (kept, rest) = part.split_at(part.len().min(scale));
    if rest.bytes().any(|byte| byte != b'0') {
        return Err(wrong());
    }
    let number: i64 = format!("{whole}{kept:0<scale$}")
        .trim_start_matches('0')
        .parse()
        .or_else(|error| {
            let zero = format!("{whole}{kept}").bytes().all(|byte| byte == b'0');
            if zero { Ok(0) } else { Err(error) }
        })
        .map_err(|_: std::num::ParseIntError| format!("{text:?} is out of range"))?;
    if number > (1 << 53) - 1 {
        return Err(format!("{text:?} is out of range"));
    }
    Ok(if negative { -number } else { number })
}

/// E.164: plus, then up to 15 digits. A number without a plus belongs to the country that the mapping names; without a
/// named country it is an error, as its country is unknown.
fn phone(text: &str, country_code: Option<&str>) -> Result<String, String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let odd = text
        .chars()
        .any(|c| !(c.is_ascii_digit() || c.is_whitespace() || "+()-./".contains(c)));
    let international = match country_code {
        _ if text.starts_with('+') => digits,
        Some(code) if digits.starts_with(code) => digits,
        Some(code) => format!("{code}{}", digits.trim_start_matches('0')),
        None => String::new(),
    };
    if odd || international.starts_with('0') || !(7..=15).contains(&international.len()) {
        return Err(format!(
            "{text:?} is not a telephone number with a country code, such as +44 1632 960147; for numbers without one, set country_code in the mapping"
        ));
    }
    Ok(format!("+{international}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn convert(text: &str, form: Form) -> Result<Value, String> {
        value(
            text,
            &Rule {
                form,
                currency: Some("USD".into()),
                ..Rule::default()
            },
        )
    }

    #[test]
    fn forms() {
        assert_eq!(
            convert("0.99", Form::Money).unwrap(),
            json!({"amount": 99, "currency": "USD"})
        );
        assert_eq!(convert("1.9800", Form::Money).unwrap()["amount"], 198);
        assert_eq!(convert("-.5", Form::Decimal).unwrap(), -50);
        assert_eq!(convert("0", Form::Integer).unwrap(), 0);
        assert_eq!(convert("2", Form::Thousandths).unwrap(), 2000);
        assert_eq!(
            convert("+55 (12) 3923-5555", Form::Phone).unwrap(),
            "+551239235555"
        );
        assert_eq!(convert("1970-01-02", Form::Date).unwrap(), 1);
        assert_eq!(
            convert("2021-01-01 00:00:00", Form::Datetime).unwrap(),
            1_609_459_200_000_i64
        );
        assert_eq!(convert("Yes", Form::Boolean).unwrap(), true);
    }

    #[test]
    fn a_number_without_plus_is_of_the_country_that_the_mapping_names() {
        let rule = Rule {
            form: Form::Phone,
            country_code: Some("1".into()),
            ..Rule::default()
        };
        assert_eq!(value("1 (780) 836-9987", &rule).unwrap(), "+17808369987");
        assert_eq!(value("(780) 836-9987", &rule).unwrap(), "+17808369987");
        assert_eq!(value("+44 1632 960147", &rule).unwrap(), "+441632960147");
        assert!(convert("1 (780) 836-9987", Form::Phone).is_err());
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        for (text, form) in [
            ("1.234", Form::Money),
            ("1,5", Form::Decimal),
            ("", Form::Integer),
            ("1e3", Form::Integer),
            ("9007199254740992", Form::Integer),
            ("0711 28", Form::Phone),
            ("+49 ask Bob", Form::Phone),
            ("2021-02-30", Form::Date),
            ("maybe", Form::Boolean),
        ] {
            assert!(convert(text, form).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn cents_survive(cents in -1_000_000_000_000_i64..1_000_000_000_000) {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(decimal(&text, 2), Ok(cents));
        }

        #[test]
        fn any_text_is_converted_or_refused(text in ".*") {
            for form in [Form::Integer, Form::Money, Form::Phone, Form::Date, Form::Datetime, Form::Json] {
                let _ = convert(&text, form);
            }
        }
    }
}
