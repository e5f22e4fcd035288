//! Schemas of record types: `x-record-type` and the field definitions in `x-field`.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Lint;
use crate::diagnostic::Location;
use crate::document::{Additional, Document, Kind, Schema};
use crate::text::{distance, is_snake};

const TYPES: &[&str] = &[
    "text",
    "long_text",
    "integer",
    "decimal",
    "boolean",
    "select",
    "multi_select",
    "date",
    "datetime",
    "duration",
    "money",
    "email",
    "phone",
    "url",
    "address",
    "geo",
    "relation",
    "relation_list",
    "user",
    "team",
    "file_list",
    "lines",
    "rating",
    "auto_number",
];
const MERGES: &[&str] = &["last", "review", "set", "counter", "text"];

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    let mut first: HashMap<&str, &str> = HashMap::new();
    let reserved = path_words(document);
    for (record_type, name, schema) in document.record_types() {
        if let Some(other) = first.insert(record_type, name) {
            let message =
                format!("`{name}` and `{other}` describe the same record type `{record_type}`");
            lint.report(
                "record-type",
                &schema.at,
                message,
                "rename one of the types",
            );
        }
        if !is_snake(record_type) {
            let message = format!("the record type `{record_type}` is not in snake case");
            lint.report(
                "record-type",
                &schema.at,
                message,
                "write lower case words joined by underscores",
            );
        }
        if let Some(path) = reserved.get(record_type) {
            let message = format!(
                "`{record_type}` is a word of the path `{path}`, so records of that type could not be addressed"
            );
            lint.report(
                "record-type-reserved",
                &schema.at,
                message,
                "call the type something else",
            );
        }
        shape(lint, name, schema);
    }
    let types: Vec<&str> = document
        .record_types()
        .map(|(record_type, _, _)| record_type)
        .collect();
    for (_, _, schema) in document.record_types() {
        if let Kind::Object(rules) = &schema.kind {
            for (name, property) in &rules.properties {
                field(lint, name, &property.schema, &types);
            }
        }
    }
}

/// Fixed segments at places where another path has a parameter, with their paths.
fn path_words(document: &Document) -> HashMap<&str, &str> {
    let mut parameters: HashSet<&str> = HashSet::new();
    for operation in &document.operations {
        parameters.extend(
            segments(&operation.path)
                .filter(|(_, word)| word.starts_with('{'))
                .map(|(before, _)| before),
        );
    }
    let mut words = HashMap::new();
    for operation in &document.operations {
        let literal = segments(&operation.path)
            .filter(|(_, word)| !word.is_empty() && !word.starts_with('{'));
        for (_, word) in literal.filter(|(before, _)| parameters.contains(before)) {
            words.insert(word, operation.path.as_str());
        }
    }
    words
}

/// The segments of a path, each with the part before it.
fn segments(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut offset = 0;
    path.split('/').map(move |word| {
        let before = path.get(..offset).unwrap_or_default();
        offset += word.len() + 1;
        (before, word)
    })
}

fn shape(lint: &mut Lint<'_>, name: &str, schema: &Schema) {
    let Kind::Object(rules) = &schema.kind else {
        let message = format!("`{name}` describes a record type and is no object");
        lint.report(
            "record-type",
            &schema.at,
            message,
            "make it an object with a property for each field",
        );
        return;
    };
    let required = rules
        .properties
        .iter()
        .find(|(_, property)| property.required);
    if let Some((property, _)) = required {
        let message = format!(
            "`{property}` of `{name}` is required; an update carries only what changes, and callers see only what they may"
        );
        lint.report(
            "record-type",
            &schema.at,
            message,
            "take it from `required` and say `required: true` in its x-field",
        );
    }
    if !matches!(rules.additional, Additional::Allowed) {
        let message =
            format!("`{name}` is closed, and the tenant's own fields have no place in it");
        lint.report(
            "record-type",
            &schema.at,
            message,
            "add `additionalProperties: true`",
        );
    }
}

fn field(lint: &mut Lint<'_>, name: &str, schema: &Schema, types: &[&str]) {
    let at: &Location = &schema.at;
    let Some(definition) = schema.extension("x-field").and_then(Value::as_object) else {
        let message = format!("the field `{name}` has no definition");
        lint.report(
            "record-field",
            at,
            message,
            "add `x-field: {type, label, ...}`",
        );
        return;
    };
    let text = |key: &str| definition.get(key).and_then(Value::as_str);
    match text("type") {
        Some(kind) if TYPES.contains(&kind) => {}
        Some(kind) => {
            let near = TYPES
                .iter()
                .find(|known| distance(known, kind, 2).is_some());
            let near = near
                .map(|near| format!(" (there is `{near}`)"))
                .unwrap_or_default();
            let message =
                format!("the field `{name}` is of a type that does not exist: `{kind}`{near}");
            lint.report(
                "record-field",
                at,
                message,
                format!("one of: {}", TYPES.join(", ")),
            );
        }
        None => lint.report(
            "record-field",
            at,
            format!("the field `{name}` has no type"),
            "add `type` to its x-field",
        ),
    }
    if text("label").is_none_or(str::is_empty) {
        lint.report(
            "record-field",
            at,
            format!("the field `{name}` has no label"),
            "add `label` to its x-field",
        );
    }
    if let Some(merge) = text("merge").filter(|merge| !MERGES.contains(merge)) {
        let message = format!("the field `{name}` merges by a rule that does not exist: `{merge}`");
        lint.report(
            "record-field",
            at,
            message,
            format!("one of: {}", MERGES.join(", ")),
        );
    }
    let relation = matches!(text("type"), Some("relation" | "relation_list"));
    match text("target") {
        None if relation => {
            let message = format!("the field `{name}` is a relation and does not say to what");
            lint.report("record-field", at, message, "add `target` to its x-field");
        }
        Some(target) if !types.contains(&target) => {
            let message = format!(
                "the field `{name}` refers to `{target}`, and there is no such record type"
            );
            lint.report(
                "record-field",
                at,
                message,
                format!("one of: {}", types.join(", ")),
            );
        }
        _ => {}
    }
}
