//! Lowering loses nothing: the lowered document, read again, has every operation, parameter, body,
//! answer, property and constraint of the contract that it was made of.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::Node;
use crm_codegen::document::{Additional, Document, Kind, NumberRules, Schema, Status};
use crm_codegen::lower::{Lowered, lower};
use crm_codegen::source::Written;
use serde_json::{Value, json};

fn contract() -> Document {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.yaml");
    Document::of(Written::load(path.as_ref()).unwrap().unwrap()).unwrap()
}

fn small() -> Document {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents/small.yaml");
    Document::read("small.yaml", &std::fs::read(path).unwrap()).unwrap()
}

fn again(lowered: &Lowered) -> Document {
    Document::from_node("lowered.json", Node::from_json(&lowered.json)).unwrap()
}

/// The whole content of a schema, without its place.
fn said(schema: &Schema) -> Value {
    let schema = &beside(schema);
    let mut values = schema.enumeration.clone();
    if let Some(value) = &schema.constant {
        values = Some(vec![value.clone()]);
    }
    json!({
        "kind": kind(schema),
        "nullable": schema.nullable,
        "values": values,
        "open": schema.extensible,
        "title": schema.title,
        "description": schema.description,
        "default": schema.default,
        "only": [schema.read_only, schema.write_only],
        "deprecated": schema.deprecation.is_some(),
        "extensions": extensions(schema),
    })
}

/// OpenAPI 3.0 expresses keywords beside a reference by `allOf` with one part.
fn beside(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    if let Kind::AllOf(parts) = &schema.kind {
        let telling: Vec<Schema> = parts
            .iter()
            .filter(|part| !matches!(part.kind, Kind::Any))
            .cloned()
            .collect();
        if let [only] = telling.as_slice()
            && only.as_ref_name().is_some()
        {
            schema.kind = only.kind.clone();
        }
    }
    schema
}

fn extensions(schema: &Schema) -> Value {
    schema
        .extensions
        .iter()
        .filter(|(name, _)| !name.starts_with("x-content-"))
        .map(|(k, v)| json!([k, v]))
        .collect()
}

fn kind(schema: &Schema) -> Value {
    match &schema.kind {
        Kind::Any => json!("any"),
        Kind::Never => json!("never"),
        Kind::Null => json!("null"),
        Kind::Boolean => json!("boolean"),
        Kind::String(rules) => {
            let content = rules
                .content_media_type
                .as_ref()
                .map(|media_type| json!(media_type));
            let content = content.or_else(|| schema.extension("x-content-media-type").cloned());
            json!({
                "text": [json!(rules.min_length), json!(rules.max_length), json!(rules.pattern), json!(rules.format)],
                "content": content,
            })
        }
        Kind::Integer(rules) => json!({ "integer": bounds(rules) }),
        Kind::Number(rules) => json!({ "number": bounds(rules) }),
        Kind::Array(rules) => {
            json!({ "items": said(&rules.items), "rules": [json!(rules.min_items), json!(rules.max_items), json!(rules.unique_items)] })
        }
        Kind::Object(rules) => {
            // Order does not matter.
            let properties: serde_json::Map<String, Value> = rules
                .properties
                .iter()
                .map(|(name, property)| {
                    (
                        name.clone(),
                        json!([property.required, said(&property.schema)]),
                    )
                })
                .collect();
            let additional = match &rules.additional {
                Additional::Unsaid => json!(null),
                Additional::Allowed => json!(true),
                Additional::Refused => json!(false),
                Additional::Schema(schema) => said(schema),
            };
            json!({
                "properties": properties,
                "additional": additional,
                "rules": [json!(rules.min_properties), json!(rules.max_properties), json!(rules.required_elsewhere)],
            })
        }
        Kind::Ref(name) => json!({ "ref": name }),
        Kind::OneOf {
            variants,
            discriminator,
        }
        | Kind::AnyOf {
            variants,
            discriminator,
        } => {
            let by = discriminator
                .as_ref()
                .map(|by| json!([by.property, by.mapping]));
            json!({ "variants": variants.iter().map(said).collect::<Vec<_>>(), "by": by })
        }
        Kind::AllOf(parts) => json!({ "all": parts.iter().map(said).collect::<Vec<_>>() }),
    }
}

fn bounds(rules: &NumberRules) -> Value {
    json!([
        rules.minimum.as_ref().map(|n| n.as_f64()),
        rules.maximum.as_ref().map(|n| n.as_f64()),
        rules.exclusive_minimum.as_ref().map(|n| n.as_f64()),
        rules.exclusive_maximum.as_ref().map(|n| n.as_f64()),
        rules.multiple_of.as_ref().map(|n| n.as_f64()),
        rules.format,
    ])
}

/// A schema of the lowered document, with a part resolved.
fn opened(lowered: &Lowered, document: &Document, schema: &Schema) -> Value {
    let schema = match schema.as_ref_name() {
        Some(name) if lowered.parts.contains_key(name) => &document.schemas[name],
        _ => schema,
    };
    match &schema.kind {
        Kind::AllOf(parts) if parts.len() == 1 => said(&parts[0]),
        _ => said(schema),
    }
}

fn nothing_is_lost(document: &Document) {
    let lowered = lower(document).unwrap_or_else(|found| {
        panic!(
            "{}",
            found.iter().map(|d| format!("{d}\n")).collect::<String>()
        )
    });
    let (before, after) = (&lowered.hoisted, &again(&lowered));
    for (name, schema) in &before.schemas {
        let read = after
            .schemas
            .get(name)
            .unwrap_or_else(|| panic!("schema {name} is lost"));
        assert_eq!(said(schema), said(read), "schema {name}");
    }
    assert_eq!(before.operations.len(), after.operations.len());
    for operation in &before.operations {
        let read = after
            .operation(&operation.id)
            .unwrap_or_else(|| panic!("operation {} is lost", operation.id));
        assert_eq!(
            (operation.method, &operation.path),
            (read.method, &read.path)
        );
        assert_eq!(operation.tag, read.tag);
        assert_eq!(operation.own_codes, read.own_codes);
        assert_eq!(operation.consumers, read.consumers);
        assert_eq!(operation.security.len(), read.security.len());
        assert_eq!(
            operation.parameters.len(),
            read.parameters.len(),
            "{}",
            operation.id
        );
        for parameter in &operation.parameters {
            let read = read
                .parameter(parameter.location, &parameter.name)
                .unwrap_or_else(|| {
                    panic!("{}: parameter {} is lost", operation.id, parameter.name)
                });
            assert_eq!(parameter.required, read.required);
            assert_eq!(
                said(&parameter.schema),
                opened(&lowered, after, &read.schema),
                "{} {}",
                operation.id,
                parameter.name
            );
        }
        assert_eq!(operation.body.is_some(), read.body.is_some());
        if let (Some(body), Some(read)) = (&operation.body, &read.body) {
            assert_eq!(body.required, read.required);
            let json = body
                .content
                .iter()
                .find(|(media_type, _)| media_type.ends_with("json"));
            if let (Some((_, media)), false) = (json, operation.raw_body) {
                let schema = media.schema.as_ref().unwrap();
                let read = read.content["application/json"].schema.as_ref().unwrap();
                assert_eq!(
                    kind(schema),
                    opened(&lowered, after, read)["kind"],
                    "{}",
                    operation.id
                );
            }
        }
        for (status, response) in &operation.responses {
            let statuses = match status {
                Status::Default => vec![Status::Range(4), Status::Range(5)],
                status => vec![*status],
            };
            for status in statuses {
                let read = read
                    .responses
                    .get(&status)
                    .unwrap_or_else(|| panic!("{} {status} is lost", operation.id));
                let json = response
                    .content
                    .iter()
                    .find(|(media_type, _)| media_type.ends_with("json"));
                if let Some((_, media)) = json {
                    let read = read.content["application/json"].schema.as_ref().unwrap();
                    assert_eq!(
                        said(media.schema.as_ref().unwrap()),
                        opened(&lowered, after, read)
                    );
                }
            }
        }
    }
}

#[test]
fn the_contract_loses_nothing() {
    nothing_is_lost(&contract());
}

#[test]
fn every_shape_of_the_small_contract_loses_nothing() {
    nothing_is_lost(&small());
}

#[test]
fn what_is_lowered_is_openapi_3_0() {
    for document in [contract(), small()] {
        let lowered = lower(&document).unwrap();
        serde_json::from_value::<openapiv3::OpenAPI>(lowered.json).unwrap();
    }
}
