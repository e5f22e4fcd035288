//! Names of schemas and properties, and unsupported keywords.

use std::collections::HashMap;

use super::Lint;
use crate::document::Kind;
use crate::names::type_name;
use crate::text::is_snake;

/// Names that generated code uses otherwise: Rust's prelude, the clients' module `error`, and types of the runtime
/// library.
const TAKEN: &[&str] = &[
    "Box",
    "Clone",
    "Client",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Error",
    "Fn",
    "From",
    "Hash",
    "Into",
    "Iterator",
    "JsonObject",
    "None",
    "Ok",
    "Option",
    "Ord",
    "RawJson",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToString",
    "Value",
    "Vec",
];

pub(super) fn check(lint: &mut Lint<'_>) {
    schema_names(lint);
    for (keyword, at) in &lint.document.unsupported {
        unsupported(lint, keyword, at);
    }
    let document = lint.document;
    let sites: Vec<_> = lint
        .sites
        .iter()
        .map(|site| (site.schema, site.property.map(|(name, _)| name)))
        .collect();
    for (schema, property) in sites {
        for (keyword, at) in &schema.unsupported {
            unsupported(lint, keyword, at);
        }
        if let Some(name) = property
            && !is_snake(name)
            && document.source.at(&schema.at.pointer).is_some()
        {
            let message = format!("the property `{name}` is not in snake case");
            lint.report(
                "property-name",
                &schema.at,
                message,
                "write lower case words joined by underscores",
            );
        }
    }
}

fn unsupported(lint: &mut Lint<'_>, keyword: &str, at: &crate::diagnostic::Location) {
    let message = format!(
        "`{keyword}` is not understood by the tool chain; servers and clients would not heed it"
    );
    lint.report(
        "unsupported",
        at,
        message,
        "say it with other keywords, or remove it",
    );
}

fn schema_names(lint: &mut Lint<'_>) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for (name, schema) in &lint.document.schemas {
        let rust = type_name(name);
        let shaped = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if !shaped {
            let message = format!("the schema `{name}` is not named like a type");
            lint.report(
                "schema-name",
                &schema.at,
                message,
                format!("call it `{rust}`"),
            );
        }
        if TAKEN.contains(&rust.as_str()) {
            let message = format!(
                "the schema `{name}` becomes the type `{rust}`, a name that generated code needs for something else"
            );
            lint.report(
                "schema-name-taken",
                &schema.at,
                message,
                format!("call it more precisely, such as `{rust}Info`"),
            );
        }
        if let Some(other) = first.insert(rust.clone(), name) {
            let message =
                format!("the schemas `{other}` and `{name}` would both become the type `{rust}`");
            lint.report(
                "schema-name-taken",
                &schema.at,
                message,
                "rename one of them",
            );
        }
        if let Some(parameter) = schema.extension_text("x-type-parameter") {
            let there = matches!(&schema.kind, Kind::Object(rules) if rules.properties.contains_key(parameter));
            if !there {
                let message = format!(
                    "x-type-parameter names `{parameter}`, which is no property of `{name}`"
                );
                lint.report(
                    "type-parameter",
                    &schema.at,
                    message,
                    "name a property of this object",
                );
            }
        }
    }
}
