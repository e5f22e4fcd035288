//! Deprecations are announced at least 90 days before the sunset, with both days.

use serde_json::Value;

use super::Lint;
use crate::diagnostic::Location;
use crate::document::{Date, Deprecation, Schema};

/// Days between the announcement and the day from which it may be gone.
pub(super) const NOTICE: i64 = 90;

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    for operation in &document.operations {
        one(
            lint,
            &format!("`{}`", operation.id),
            operation.deprecation.as_ref(),
            &operation.at,
            true,
        );
        for parameter in &operation.parameters {
            let what = format!("the {} parameter `{}`", parameter.location, parameter.name);
            one(
                lint,
                &what,
                parameter.deprecation.as_ref(),
                &parameter.at,
                false,
            );
        }
        for (name, header) in operation
            .responses
            .values()
            .flat_map(|response| &response.headers)
        {
            one(
                lint,
                &format!("the header `{name}`"),
                header.deprecation.as_ref(),
                &header.at,
                false,
            );
        }
    }
    let schemas: Vec<_> = lint
        .sites
        .iter()
        .map(|site| (site.schema, site.property.map(|(name, _)| name)))
        .collect();
    for (schema, property) in schemas {
        let what = property.map_or_else(
            || "the schema".to_owned(),
            |name| format!("the property `{name}`"),
        );
        one(lint, &what, schema.deprecation.as_ref(), &schema.at, false);
        values(lint, &what, schema);
    }
}

/// Checks deprecated single values of an enumeration: `x-deprecated-values`, by value.
fn values(lint: &mut Lint<'_>, what: &str, schema: &Schema) {
    let Some(written) = schema.extension("x-deprecated-values") else {
        return;
    };
    let closed = schema.enumeration.iter().flatten().map(text_of);
    let open = schema.extensible.iter().flatten().cloned();
    let known: Vec<String> = closed.chain(open).collect();
    let Some(entries) = written.as_object() else {
        let message = format!("`x-deprecated-values` of {what} is not a map of values");
        let mend = "write `{VALUE: {x-deprecated-at: \"YYYY-MM-DD\", x-sunset: \"YYYY-MM-DD\"}}`";
        lint.report("deprecation", &schema.at, message, mend);
        return;
    };
    for (value, entry) in entries {
        if !known.contains(value) {
            let message = format!("{what} has no value `{value}` that could be deprecated");
            let mend = "correct it; what is gone needs no notice any more";
            lint.report("deprecation", &schema.at, message, mend);
        }
        let date = |key: &str| entry.get(key).and_then(Value::as_str).and_then(Date::parse);
        let deprecation = Deprecation {
            deprecated_at: date("x-deprecated-at"),
            sunset: date("x-sunset"),
            ..Deprecation::default()
        };
        let what = format!("the value `{value}` of {what}");
        one(lint, &what, Some(&deprecation), &schema.at, false);
    }
}

/// A value as the key of a map.
fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn one(
    lint: &mut Lint<'_>,
    what: &str,
    deprecation: Option<&Deprecation>,
    at: &Location,
    operation: bool,
) {
    let Some(deprecation) = deprecation else {
        for key in ["x-deprecated-at", "x-sunset", "x-replacement"] {
            if lint.is_written(at, key) {
                let message = format!("{what} has `{key}` without being deprecated");
                lint.report(
                    "deprecation",
                    at,
                    message,
                    "add `deprecated: true`, or remove it",
                );
            }
        }
        return;
    };
    for (key, there) in [
        ("x-deprecated-at", deprecation.deprecated_at.is_some()),
        ("x-sunset", deprecation.sunset.is_some()),
    ] {
        if !there {
            let message =
                format!("{what} is deprecated without `{key}`, so nobody knows how long it stays");
            lint.report(
                "deprecation",
                at,
                message,
                format!("add `{key}: \"YYYY-MM-DD\"`"),
            );
        }
    }
    if operation && deprecation.replacement.is_none() {
        let message = format!("{what} is deprecated and does not say what to use instead");
        lint.report("deprecation", at, message, "add `x-replacement`");
    }
    if let (Some(announced), Some(sunset)) = (deprecation.deprecated_at, deprecation.sunset) {
        let days = sunset.days_since_epoch() - announced.days_since_epoch();
        if days < NOTICE {
            let message = format!(
                "{what} goes {days} days after it was announced; callers are promised {NOTICE}"
            );
            lint.report(
                "deprecation-notice",
                at,
                message,
                "move x-sunset to a later day",
            );
        }
    }
}
