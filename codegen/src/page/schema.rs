//! Schemas: their kind in a few words, their rules, their properties.

use maud::{Markup, html};
use serde_json::Value;

use super::markdown::Words;
use super::operation::deprecated;
use crate::document::{Additional, Document, Kind, NumberRules, ObjectRules, Schema};

/// The depth to which properties of unnamed schemas are shown.
const DEEPEST: usize = 6;

/// The entries of all named schemas.
pub(super) fn schemas(document: &Document, words: &Words<'_>) -> Markup {
    html! {
        section #schemas {
            h2 { a href="#schemas" { "Schemas" } }
            @for (name, schema) in &document.schemas {
                section.schema id={ "schema-" (name) } data-find="schema" data-title=(name) {
                    h3 { a href={ "#schema-" (name) } { (name) } }
                    @if let Some(deprecation) = &schema.deprecation { (deprecated(deprecation)) }
                    @if let Some(description) = &schema.description { (words.text(description)) }
                    p.holds { (kind(schema)) }
                    (rules(schema))
                    @if let Some(of) = schema.extension_text("x-record-type") {
                        p.rule { "the fields of the record type " code { (of) } }
                    }
                    @if let Some(parameter) = schema.extension_text("x-type-parameter") { (parameters(document, parameter)) }
                    @if let Kind::OneOf { variants, discriminator: Some(by) } | Kind::AnyOf { variants, discriminator: Some(by) } = &schema.kind {
                        p.rule { "told apart by " code { (by.property) } ":" }
                        ul {
                            @for (value, target) in &by.mapping { li { code { (value) } " " (link(target)) } }
                            @if by.mapping.is_empty() { @for variant in variants { li { (kind(variant)) } } }
                        }
                    }
                    @if let Some(properties) = own_properties(schema, words, 0) { (properties) }
                }
            }
        }
    }
}

/// For a schema whose property holds the fields of a record type: the possible field schemas.
fn parameters(document: &Document, property: &str) -> Markup {
    let types: Vec<(&str, &str, &Schema)> = document.record_types().collect();
    html! {
        @if !types.is_empty() {
            p.rule {
                code { (property) } " by record type: "
                @for (index, (_, name, _)) in types.iter().enumerate() { @if index > 0 { ", " } (link(name)) }
            }
        }
    }
}

fn link(name: &str) -> Markup {
    html! { a.kind href={ "#schema-" (name) } { (name) } }
}

/// The kind of a schema: `text`, `list of Record`, `Id or null`.
pub(super) fn kind(schema: &Schema) -> Markup {
    html! { span.kind { (words_of(schema, 0)) @if schema.nullable { " or null" } } }
}

fn words_of(schema: &Schema, depth: usize) -> Markup {
    if depth > DEEPEST {
        return html! { "..." };
    }
    let alternatives = |parts: &[Schema], between: &str| {
        html! { @for (index, part) in parts.iter().enumerate() { @if index > 0 { (between) } (words_of(part, depth + 1)) } }
    };
    match &schema.kind {
        Kind::Any => html! { "anything" },
        Kind::Never => html! { "nothing" },
        Kind::Null => html! { "null" },
        Kind::Boolean => html! { "boolean" },
        Kind::String(rules) => {
            html! { "string" @if let Some(format) = &rules.format { " " small { (format) } } }
        }
        Kind::Integer(_) => html! { "integer" },
        Kind::Number(_) => html! { "number" },
        Kind::Array(rules) => html! { "array of " (words_of(&rules.items, depth + 1)) },
        Kind::Object(_) => html! { "object" },
        Kind::Ref(name) => link(name),
        Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
            alternatives(variants, " or ")
        }
        Kind::AllOf(parts) => alternatives(parts, " and "),
    }
}

/// Bounds, values and defaults, one line each.
pub(super) fn rules(schema: &Schema) -> Markup {
    let mut lines: Vec<Markup> = Vec::new();
    if let Some(value) = &schema.constant {
        lines.push(html! { "always " code { (value) } });
    }
    if let Some(values) = &schema.enumeration {
        lines.push(html! { "one of " (listed(values)) });
    }
    if let Some(values) = &schema.extensible {
        let values: Vec<Value> = values
            .iter()
            .map(|value| Value::from(value.as_str()))
            .collect();
        lines.push(html! { "one of " (listed(&values)) "; more may come" });
    }
    match &schema.kind {
        Kind::String(text) => {
            lines.extend(between(text.min_length, text.max_length, "characters"));
            if let Some(pattern) = &text.pattern {
                lines.push(html! { "matches " code { (pattern) } });
            }
        }
        Kind::Integer(number) | Kind::Number(number) => lines.extend(range(number)),
        Kind::Array(list) => {
            lines.extend(between(list.min_items, list.max_items, "items"));
            if list.unique_items {
                lines.push(html! { "no item twice" });
            }
        }
        Kind::Object(map) => {
            lines.extend(between(
                map.min_properties,
                map.max_properties,
                "properties",
            ));
            match &map.additional {
                Additional::Allowed => lines.push(html! { "other properties are allowed" }),
                Additional::Schema(values) => {
                    lines.push(html! { "any property, each " (kind(values)) })
                }
                Additional::Unsaid | Additional::Refused => {}
            }
        }
        _ => {}
    }
    if let Some(default) = &schema.default {
        lines.push(html! { "default " code { (default) } });
    }
    if schema.read_only {
        lines.push(html! { "read only" });
    }
    if schema.write_only {
        lines.push(html! { "write only" });
    }
    html! { @if !lines.is_empty() { p.rule { @for (index, line) in lines.iter().enumerate() { @if index > 0 { " · " } (line) } } } }
}

fn listed(values: &[Value]) -> Markup {
    html! {
        @for (index, value) in values.iter().enumerate() {
            @if index > 0 { ", " }
            code { @if let Some(text) = value.as_str() { (text) } @else { (value) } }
        }
    }
}

fn between(least: Option<u64>, most: Option<u64>, what: &str) -> Option<Markup> {
    Some(match (least.filter(|least| *least > 0), most) {
        (Some(least), Some(most)) if least == most => html! { (least) " " (what) },
        (Some(least), Some(most)) => html! { (least) " to " (most) " " (what) },
        (Some(least), None) => html! { "at least " (least) " " (what) },
        (None, Some(most)) => html! { "at most " (most) " " (what) },
        (None, None) => return None,
    })
}

fn range(rules: &NumberRules) -> Option<Markup> {
    // Bounds that every integer has are not shown.
    let plain = |number: &serde_json::Number| {
        number
            .as_i64()
            .is_none_or(|value| value.abs() < (1 << 53) - 1)
    };
    let least = rules.minimum.as_ref().filter(|number| plain(number));
    let most = rules.maximum.as_ref().filter(|number| plain(number));
    Some(match (least, most) {
        (Some(least), Some(most)) => html! { (least) " to " (most) },
        (Some(least), None) => html! { "at least " (least) },
        (None, Some(most)) => html! { "at most " (most) },
        (None, None) => return None,
    })
}

/// The properties of a schema, or of the one that it refers to.
pub(super) fn properties(
    document: &Document,
    schema: &Schema,
    words: &Words<'_>,
) -> Option<Markup> {
    own_properties(document.resolve(schema)?, words, 0)
}

fn own_properties(schema: &Schema, words: &Words<'_>, depth: usize) -> Option<Markup> {
    let rules = object(schema)?;
    if rules.properties.is_empty() || depth > DEEPEST {
        return None;
    }
    Some(html! {
        dl.properties {
            @for (name, property) in &rules.properties {
                dt {
                    code { (name) } " " (kind(&property.schema))
                    @if property.required { " " span.must { "required" } }
                }
                dd {
                    @if let Some(deprecation) = &property.schema.deprecation { (deprecated(deprecation)) }
                    @if let Some(description) = &property.schema.description { (words.text(description)) }
                    (self::rules(&property.schema))
                    (definition(&property.schema))
                    @if let Some(inner) = own_properties(&property.schema, words, depth + 1) { (inner) }
                }
            }
        }
    })
}

/// The properties of the schema itself or of its items.
fn object(schema: &Schema) -> Option<&ObjectRules> {
    match &schema.kind {
        Kind::Object(rules) => Some(rules),
        Kind::Array(rules) => object(&rules.items),
        _ => None,
    }
}

/// The simple facts of a field definition beside its type.
fn definition(schema: &Schema) -> Markup {
    let said = schema.extension("x-field").and_then(Value::as_object);
    let marks: Vec<&String> = said
        .into_iter()
        .flatten()
        .filter(|(_, value)| **value == Value::Bool(true))
        .map(|(name, _)| name)
        .collect();
    html! { @if !marks.is_empty() { p.marks { @for mark in marks { span { (mark.replace('_', " ")) } " " } } } }
}
