//! Pairs that differ in form only: nothing is found.

use crm_codegen::source::Written;
use serde_json::{Value, json};

use crate::{base, brief, compare, with_schema};

fn same(old: &Value, new: &Value) {
    for (a, b) in [(old, new), (new, old)] {
        let found = brief(&compare(a, b));
        assert!(found.is_empty(), "{:#?}", compare(a, b).findings);
    }
}

fn same_schemas(old: Value, new: Value) {
    for request in [true, false] {
        same(&with_schema(&old, request), &with_schema(&new, request));
    }
}

#[test]
fn a_contract_is_itself() {
    same(&base(), &base());
    for file in ["../../../spec/openapi.yaml", "../documents/clean.yaml"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/diff")
            .join(file);
        let value = Written::load(&path).unwrap().unwrap().root.to_json();
        same(&value, &value);
    }
}

/// Renames every component of this project's contract, and the references to it.
#[test]
fn names_of_components_are_no_matter() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.yaml");
    let old = Written::load(path.as_ref())
        .unwrap()
        .unwrap()
        .root
        .to_json();
    let mut new = old.clone();
    rename(&mut new, false);
    for section in [
        "schemas",
        "parameters",
        "headers",
        "responses",
        "requestBodies",
        "examples",
    ] {
        if let Some(Value::Object(map)) = new.pointer_mut(&format!("/components/{section}")) {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(name, value)| (format!("Renamed{name}"), value))
                .collect();
        }
    }
    // A discriminator without a mapping uses the names of its schemas, so they are written as a mapping.
    let mut old = old;
    map_discriminators(&mut old, "");
    map_discriminators(&mut new, "Renamed");
    assert_ne!(old, new);
    same(&old, &new);
}

fn rename(value: &mut Value, mapping: bool) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "$ref" || mapping => {
                        if let Some((head, name)) = text.rsplit_once('/')
                            && !head.ends_with("securitySchemes")
                        {
                            *text = format!("{head}/Renamed{name}");
                        }
                    }
                    _ => rename(value, key == "mapping"),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| rename(value, false)),
        _ => {}
    }
}

fn map_discriminators(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(map) => {
            let variants: Vec<String> = map
                .get("oneOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|variant| Some(variant.get("$ref")?.as_str()?.to_owned()))
                .collect();
            if let Some(Value::Object(discriminator)) = map.get_mut("discriminator")
                && !discriminator.contains_key("mapping")
            {
                let mapping: serde_json::Map<String, Value> = variants
                    .into_iter()
                    .map(|target| {
                        let name = target.rsplit('/').next().unwrap();
                        let name = name.strip_prefix(prefix).unwrap();
                        (name.to_owned(), Value::from(target))
                    })
                    .collect();
                discriminator.insert("mapping".to_owned(), Value::Object(mapping));
            }
            map.values_mut()
                .for_each(|value| map_discriminators(value, prefix));
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| map_discriminators(value, prefix)),
        _ => {}
    }
}

/// The order of members, and of lists whose order has no meaning.
#[test]
fn order_is_no_matter() {
    let mut new = base();
    reverse(&mut new);
    same(&base(), &new);
}

fn reverse(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
            members.reverse();
            for (key, mut value) in members {
                reverse(&mut value);
                if let (
                    "required" | "parameters" | "enum" | "security" | "servers" | "x-consumers",
                    Value::Array(list),
                ) = (key.as_str(), &mut value)
                {
                    list.reverse();
                }
                map.insert(key, value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(reverse),
        _ => {}
    }
}

#[test]
fn references_may_move() {
    same_schemas(
        json!({"$ref": "#/components/schemas/Cat"}),
        with_schema(&json!(0), true)["components"]["schemas"]["Cat"].clone(),
    );
    same_schemas(
        json!({"allOf": [{"$ref": "#/components/schemas/Cat"}]}),
        json!({"$ref": "#/components/schemas/Cat"}),
    );
    same_schemas(
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Dog"}}),
        json!({"type": "array", "items": {"anyOf": [{"$ref": "#/components/schemas/Dog"}]}}),
    );
}

#[test]
fn what_is_written_otherwise_is_the_same() {
    for (a, b) in [
        (
            json!({"type": ["string", "null"], "maxLength": 3}),
            json!({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}),
        ),
        (
            json!({"type": ["string", "null"], "enum": ["a", null]}),
            json!({"oneOf": [{"const": "a"}, {"type": "null"}]}),
        ),
        (
            json!({"type": ["integer", "string"], "minimum": 1, "maxLength": 2}),
            json!({"oneOf": [{"type": "string", "maxLength": 2}, {"type": "integer", "exclusiveMinimum": 0}]}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
            json!({"properties": {"a": {"type": "string"}}, "allOf": [{"required": ["a"]}]}),
        ),
        (
            json!({"type": "object", "required": ["k"], "oneOf": [{"properties": {"k": {"const": "a"}}}, {"properties": {"k": {"const": "b"}}}]}),
            json!({"oneOf": [{"type": "object", "required": ["k"], "properties": {"k": {"enum": ["b"]}}}, {"type": "object", "properties": {"k": {"enum": ["a"]}}, "required": ["k"]}]}),
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}], "items": {"type": "string"}}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            json!({"type": "boolean"}),
            json!({"type": "boolean", "maxLength": 7, "minimum": 3}),
        ),
        (json!(true), json!({})),
    ] {
        same_schemas(a, b);
    }
}

/// The same contract in both forms of OpenAPI.
#[test]
fn a_contract_of_3_0_and_one_of_3_1() {
    let mut old = with_schema(
        &json!({"type": "object", "properties": {
            "a": {"type": "string", "nullable": true},
            "b": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
            "c": {"$ref": "#/components/schemas/Cat", "description": "ignored in 3.0"},
            "d": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/Dog"}]},
            "e": {"type": "string", "nullable": true, "enum": ["x", "y"]},
        }}),
        true,
    );
    old["openapi"] = json!("3.0.3");
    let new = with_schema(
        &json!({"type": "object", "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "integer", "exclusiveMinimum": 0},
            "c": {"$ref": "#/components/schemas/Cat"},
            "d": {"oneOf": [{"$ref": "#/components/schemas/Dog"}, {"type": "null"}]},
            "e": {"enum": ["x", "y", null]},
        }}),
        true,
    );
    same(&old, &new);
}
