//! Enumerations: an open one is an `x-extensible-enum`; a closed one in an answer states that it is closed, and why.

use serde_json::Value;

use super::Lint;
use crate::document::Kind;

pub(super) fn check(lint: &mut Lint<'_>) {
    let mut found = Vec::new();
    for site in &lint.sites {
        let schema = site.schema;
        if schema.extensible.is_some() {
            if schema.enumeration.is_some() {
                let message = "`enum` and `x-extensible-enum` contradict each other: the one is closed, the other open";
                found.push((
                    "enum-extensible",
                    &schema.at,
                    message.to_owned(),
                    "leave one of them",
                ));
            }
            if !matches!(schema.kind, Kind::String(_)) {
                let message =
                    "an open enumeration of other values than texts cannot hold an unknown value";
                found.push((
                    "enum-extensible",
                    &schema.at,
                    message.to_owned(),
                    "add `type: string`",
                ));
            }
            if schema.extensible.as_ref().is_some_and(Vec::is_empty) {
                let message = "an open enumeration without values has no meaning";
                found.push((
                    "enum-extensible",
                    &schema.at,
                    message.to_owned(),
                    "list its values, or remove it",
                ));
            }
        }
        let closed = schema.extension("x-closed") == Some(&Value::Bool(true));
        let values = schema.enumeration.as_ref().map_or(0, Vec::len);
        if site.answered && values > 1 && !closed {
            let message = "a closed enumeration in an answer: a new value would break every client that is out there";
            found.push((
                "enum-closed",
                &schema.at,
                message.to_owned(),
                "use `x-extensible-enum`; or `x-closed: true` with the reason in the description",
            ));
        }
        let described = schema
            .description
            .as_deref()
            .is_some_and(|text| !text.trim().is_empty());
        if schema.extension("x-closed").is_some() && (values == 0 || !closed || !described) {
            let message =
                "`x-closed: true` stands beside `enum` and comes with a reason in the description";
            found.push((
                "enum-closed",
                &schema.at,
                message.to_owned(),
                "add what is missing, or remove it",
            ));
        }
        if let Some(node) = lint.document.source.at(&schema.at.pointer) {
            let holds_null = |key: &str| {
                let list = node.get(key).and_then(|list| list.as_list());
                list.map(|list| {
                    list.iter().any(|item| {
                        item.kind() == "null" || (key == "type" && item.as_str() == Some("null"))
                    })
                })
            };
            if holds_null("type") == Some(true) && holds_null("enum") == Some(false) {
                let message =
                    "the type allows null and the enumeration does not, so null is refused";
                found.push((
                    "enum-null",
                    &schema.at,
                    message.to_owned(),
                    "add null to the enumeration, or take it from the type",
                ));
            }
        }
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|(rule, at, message, mend)| (rule, at.clone(), message, mend))
        .collect();
    for (rule, at, message, mend) in found {
        lint.report(rule, &at, message, mend);
    }
}
