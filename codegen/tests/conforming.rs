//! The check of examples agrees with an independent validator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::Document;
use crm_codegen::conforms::Judge;
use proptest::prelude::*;
use serde_json::{Value, json};

/// None if the document is not well formed.
fn document(schema: &Value) -> Option<Document> {
    let source = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"X": schema, "Text": {"type": "string", "maxLength": 2}}},
    });
    Document::read("x.json", source.to_string().as_bytes()).ok()
}

/// Both verdicts on a value.
fn verdicts(schema: &Value, value: &Value) -> Option<(bool, bool)> {
    let document = document(schema)?;
    let ours = Judge::new(&document)
        .faults(&document.schemas["X"], value)
        .is_empty();
    let mut whole = schema.clone();
    if let Some(map) = whole.as_object_mut() {
        map.insert(
            "components".to_owned(),
            json!({"schemas": {"Text": {"type": "string", "maxLength": 2}}}),
        );
    }
    let theirs = jsonschema::draft202012::new(&whole)
        .unwrap()
        .is_valid(value);
    Some((ours, theirs))
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "boolean"})),
        Just(json!({"type": "null"})),
        Just(json!({"$ref": "#/components/schemas/Text"})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!({"const": 2})),
        (0..3u64, 2..4u64).prop_map(
            |(least, most)| json!({"type": "string", "minLength": least, "maxLength": most})
        ),
        Just(json!({"type": ["string", "null"], "pattern": "^a"})),
        (-2..2i64, 2..4i64).prop_map(
            |(least, most)| json!({"type": "integer", "minimum": least, "maximum": most})
        ),
        (-2..2i64).prop_map(
            |least| json!({"type": "number", "exclusiveMinimum": least, "multipleOf": 0.5})
        ),
        Just(json!({"type": ["integer", "string"], "maximum": 1, "maxLength": 1})),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0..2u64, any::<bool>()).prop_map(|(items, least, unique)| {
                json!({"type": "array", "items": items, "minItems": least, "maxItems": 2, "uniqueItems": unique})
            }),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(a, b, more)| {
                json!({"type": "object", "properties": {"a": a, "b": b}, "required": ["a"], "additionalProperties": more})
            }),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": values, "maxProperties": 1})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({"anyOf": any})),
            prop::collection::vec(inner, 1..3).prop_map(|one| json!({"oneOf": one})),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..5i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 2.0, -1.5, 0.3]).prop_map(Value::from),
        "[ab\u{e9}]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn as_an_independent_validator(schema in schema(), values in prop::collection::vec(value(), 1..8)) {
        for value in values {
            let Some((ours, theirs)) = verdicts(&schema, &value) else { return Err(TestCaseError::reject("not well formed")) };
            prop_assert_eq!(ours, theirs, "{} against {}", value, schema);
        }
    }
}

/// Requests are closed: additional properties that JSON Schema allows are mistakes in an example.
#[test]
fn a_property_that_is_not_named_is_a_fault() {
    let schema = json!({"type": "object", "properties": {"a": true}});
    assert_eq!(verdicts(&schema, &json!({"b": 1})), Some((false, true)));
    let open = json!({"type": "object", "properties": {"a": true}, "additionalProperties": true});
    assert_eq!(verdicts(&open, &json!({"b": 1})), Some((true, true)));
    let parts = json!({"allOf": [schema, {"type": "object", "properties": {"b": true}}]});
    assert_eq!(
        verdicts(&parts, &json!({"a": 1, "b": 1})),
        Some((true, true))
    );
}
