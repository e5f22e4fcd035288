//! Numbers, counts, and equality of values.

use serde_json::{Number, Value};

use super::{Faults, Step};
use crate::document::NumberRules;

pub(super) fn count(
    what: &str,
    n: usize,
    least: Option<u64>,
    most: Option<u64>,
    path: &[Step<'_>],
    faults: &mut Faults,
) {
    let n = n as u64;
    if let Some(least) = least.filter(|least| n < *least) {
        faults.add(path, format!("has {n} {what}; at least {least} are needed"));
    }
    if let Some(most) = most.filter(|most| n > *most) {
        faults.add(path, format!("has {n} {what}; at most {most} are allowed"));
    }
}

pub(super) fn numbers(
    rules: &NumberRules,
    number: &Number,
    path: &[Step<'_>],
    faults: &mut Faults,
) {
    let Some(value) = number.as_f64() else { return };
    let bound = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
    if let Some(least) = bound(&rules.minimum).filter(|least| value < *least) {
        faults.add(path, format!("is {number}; the least is {least}"));
    }
    if let Some(most) = bound(&rules.maximum).filter(|most| value > *most) {
        faults.add(path, format!("is {number}; the most is {most}"));
    }
    if let Some(least) = bound(&rules.exclusive_minimum).filter(|least| value <= *least) {
        faults.add(path, format!("is {number}; it has to be above {least}"));
    }
    if let Some(most) = bound(&rules.exclusive_maximum).filter(|most| value >= *most) {
        faults.add(path, format!("is {number}; it has to be below {most}"));
    }
    if let Some(factor) = bound(&rules.multiple_of).filter(|factor| *factor > 0.0) {
        let times = value / factor;
        if (times - times.round()).abs() > 1e-9 {
            faults.add(path, format!("is {number} and no multiple of {factor}"));
        }
    }
    let integer = number.as_i64();
    let fits = match rules.format.as_deref() {
        Some("int32") => integer.is_some_and(|n| i32::try_from(n).is_ok()),
        Some("int53") => integer.is_some_and(|n| n.unsigned_abs() < 1 << 53),
        _ => true,
    };
    if !fits {
        faults.add(
            path,
            format!(
                "is {number}, which does not fit {}",
                rules.format.as_deref().unwrap_or_default()
            ),
        );
    }
}

pub(super) fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}

/// Equality as in JSON Schema: 1 and 1.0 are equal.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// The canonical form of a value: whole numbers are integers.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => Value::from(whole as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), canonical(member)))
                .collect(),
        ),
        other => other.clone(),
    }
}
