//! Integers must be exact in JavaScript, JSON and every database: within ±(2^53 - 1), with bounds that say so.

use serde_json::{Number, Value};

use super::Lint;
use crate::document::{Kind, NumberRules, Schema};

/// 2^53 - 1, up to which a double represents every integer exactly.
pub(super) const SAFE: i64 = 9_007_199_254_740_991;

/// Formats that imply bounds within the safe ones.
const IMPLYING: [&str; 7] = [
    "int8", "uint8", "int16", "uint16", "int32", "uint32", "int53",
];
const FORMATS: [&str; 10] = [
    "int8", "uint8", "int16", "uint16", "int32", "uint32", "int53", "int64", "float", "double",
];

pub(super) fn check(lint: &mut Lint<'_>) {
    let schemas: Vec<&Schema> = lint.sites.iter().map(|site| site.schema).collect();
    for schema in schemas {
        match &schema.kind {
            Kind::Integer(rules) => {
                format(lint, schema, rules.format.as_deref());
                if !is_listed(schema) {
                    bounds(lint, schema, rules);
                }
            }
            Kind::Number(rules) => format(lint, schema, rules.format.as_deref()),
            _ => {}
        }
    }
}

fn format(lint: &mut Lint<'_>, schema: &Schema, format: Option<&str>) {
    if let Some(format) = format.filter(|format| !FORMATS.contains(format)) {
        let message = format!("no format of a number is called `{format}`, so it would be ignored");
        lint.report(
            "format-unknown",
            &schema.at,
            message,
            format!("one of: {}", FORMATS.join(", ")),
        );
    }
}

/// Whether the document lists all values.
fn is_listed(schema: &Schema) -> bool {
    let safe = |value: &Value| {
        value
            .as_i64()
            .is_some_and(|n| n.unsigned_abs() <= SAFE.unsigned_abs())
    };
    let listed = schema
        .constant
        .iter()
        .chain(schema.enumeration.iter().flatten());
    (schema.constant.is_some() || schema.enumeration.is_some()) && listed.clone().all(safe)
}

fn bounds(lint: &mut Lint<'_>, schema: &Schema, rules: &NumberRules) {
    if rules
        .format
        .as_deref()
        .is_some_and(|format| IMPLYING.contains(&format))
    {
        return;
    }
    for (side, bound) in [
        (
            "minimum",
            rules.minimum.as_ref().or(rules.exclusive_minimum.as_ref()),
        ),
        (
            "maximum",
            rules.maximum.as_ref().or(rules.exclusive_maximum.as_ref()),
        ),
    ] {
        let sign = if side == "minimum" { "-" } else { "" };
        match bound {
            None => {
                let message = format!(
                    "an integer without `{side}` may lie beyond ±(2^53 - 1), where JavaScript rounds it"
                );
                lint.report(
                    "integer-bounds",
                    &schema.at,
                    message,
                    format!("add `{side}: {sign}{SAFE}` or a closer bound"),
                );
            }
            Some(bound) if !is_safe(bound) => {
                let message =
                    format!("`{side}: {bound}` lies beyond ±(2^53 - 1), where JavaScript rounds");
                lint.report(
                    "integer-bounds",
                    &schema.at,
                    message,
                    format!("use {sign}{SAFE} or a closer bound"),
                );
            }
            Some(_) => {}
        }
    }
}

fn is_safe(bound: &Number) -> bool {
    match (bound.as_i64(), bound.as_f64()) {
        (Some(value), _) => value.unsigned_abs() <= SAFE.unsigned_abs(),
        (None, Some(value)) => value.abs() <= SAFE as f64,
        (None, None) => false,
    }
}
