//! Any value that is valid under only one of two contracts is found: in a request as breaking, in a response at least
//! as a warning. An independent validator decides what is valid.

use crm_codegen::diff::Level;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{brief, compare, with_schema};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"type": "boolean"})),
        Just(json!({"type": "null"})),
        Just(json!({"$ref": "#/components/schemas/Text"})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!({"type": "string", "enum": ["a", "b"]})),
        Just(json!({"const": 2})),
        Just(json!(true)),
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
        (1..4i64).prop_map(|factor| json!({"type": "integer", "multipleOf": factor})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 14, 3, |inner| {
        let rest = prop_oneof![Just(json!(true)), Just(json!(false)), inner.clone()];
        prop_oneof![
            (inner.clone(), 0..2u64, any::<bool>()).prop_map(|(items, least, unique)| {
                json!({"type": "array", "items": items, "minItems": least, "maxItems": 2, "uniqueItems": unique})
            }),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| {
                json!({"type": "array", "prefixItems": [a], "items": b, "contains": c})
            }),
            (inner.clone(), inner.clone(), rest.clone(), any::<bool>()).prop_map(|(a, b, more, both)| {
                let required = if both { json!(["a", "b"]) } else { json!(["a"]) };
                json!({"type": "object", "properties": {"a": a, "b": b}, "required": required, "additionalProperties": more})
            }),
            (inner.clone(), inner.clone(), rest).prop_map(|(a, x, more)| {
                json!({"type": "object", "properties": {"a": a}, "patternProperties": {"^[bc]": x}, "additionalProperties": more})
            }),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": values, "maxProperties": 1})),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": true, "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": values}})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|any| json!({"anyOf": any})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|one| json!({"oneOf": one})),
            inner.clone().prop_map(|not| json!({"type": ["string", "integer", "object"], "not": not})),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| json!({"type": ["string", "integer", "array"], "if": a, "then": b, "else": c})),
            (inner.clone(), inner).prop_map(|(a, b)| json!({"type": ["object", "string"], "properties": {"a": a}, "additionalProperties": true, "anyOf": [b, {"type": "string"}]})),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..5i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 2.0, -1.5, 0.3]).prop_map(Value::from),
        "[ab]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// One small change somewhere in a schema.
#[derive(Debug, Clone)]
struct Edit {
    place: prop::sample::Index,
    what: usize,
    with: Value,
}

fn edit() -> impl Strategy<Value = Edit> {
    (any::<prop::sample::Index>(), 0..9usize, leaf()).prop_map(|(place, what, with)| Edit {
        place,
        what,
        with,
    })
}

/// The pointers of all schemas inside a schema, itself included.
fn places(schema: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    for (key, value) in schema.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(map)) => {
                for (name, inner) in map {
                    places(inner, &format!("{at}/{key}/{name}"), all);
                }
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(list)) => {
                for (index, inner) in list.iter().enumerate() {
                    places(inner, &format!("{at}/{key}/{index}"), all);
                }
            }
            (
                "items"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else"
                | "additionalProperties"
                | "propertyNames",
                _,
            ) => {
                places(value, &format!("{at}/{key}"), all);
            }
            _ => {}
        }
    }
}

impl Edit {
    fn apply(&self, schema: &mut Value) {
        let mut all = Vec::new();
        places(schema, "", &mut all);
        let at = self.place.get(&all);
        let Some(target) = schema.pointer_mut(at) else {
            return;
        };
        let Some(map) = target.as_object_mut() else {
            *target = self.with.clone();
            return;
        };
        match self.what {
            0 => *target = self.with.clone(),
            1 => {
                let keys: Vec<String> = map.keys().filter(|key| *key != "type").cloned().collect();
                if let Some(key) = keys.first() {
                    map.remove(key);
                }
            }
            2 => {
                for key in [
                    "minLength",
                    "maxLength",
                    "minimum",
                    "maximum",
                    "minItems",
                    "maxItems",
                    "maxProperties",
                ] {
                    if let Some(count) = map.get(key).and_then(Value::as_i64) {
                        map.insert(key.to_owned(), json!(count + 1));
                    }
                }
            }
            3 => {
                if let Some(Value::Object(properties)) = map.get_mut("properties") {
                    properties.insert("c".to_owned(), self.with.clone());
                }
            }
            4 => {
                map.insert("required".to_owned(), json!(["b"]));
            }
            5 => {
                for key in ["anyOf", "oneOf", "allOf"] {
                    if let Some(Value::Array(list)) = map.get_mut(key) {
                        list.push(self.with.clone());
                    }
                }
            }
            6 => {
                for key in ["anyOf", "oneOf", "allOf", "enum"] {
                    if let Some(Value::Array(list)) = map.get_mut(key)
                        && list.len() > 1
                    {
                        list.remove(0);
                    }
                }
            }
            7 => {
                if let Some(variants) = map.remove("oneOf") {
                    map.insert("anyOf".to_owned(), variants);
                } else if let Some(variants) = map.remove("anyOf") {
                    map.insert("oneOf".to_owned(), variants);
                }
            }
            _ => {
                if map.contains_key("additionalProperties") {
                    map.insert("additionalProperties".to_owned(), json!(false));
                } else {
                    let whole = Value::Object(std::mem::take(map));
                    *target = json!({"allOf": [whole, self.with]});
                }
            }
        }
    }
}

fn contract(schema: &Value, request: bool) -> Value {
    let mut document = with_schema(schema, request);
    document["components"]["schemas"]["Text"] = json!({"type": "string", "maxLength": 2});
    document
}

fn validator(schema: &Value) -> jsonschema::Validator {
    let mut whole = match schema {
        Value::Object(map) => map.clone(),
        other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
    };
    whole.insert(
        "components".to_owned(),
        json!({"schemas": {"Text": {"type": "string", "maxLength": 2}}}),
    );
    jsonschema::draft202012::new(&Value::Object(whole)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_is_new_in_itself(schema in schema()) {
        for request in [true, false] {
            let document = contract(&schema, request);
            prop_assert!(compare(&document, &document).findings.is_empty(), "{}", schema);
        }
    }

    #[test]
    fn whatever_is_no_longer_valid_is_found(
        old in prop_oneof![2 => leaf(), 3 => schema()],
        edits in prop::collection::vec(edit(), 1..3),
        other in proptest::option::weighted(0.1, schema()),
        values in prop::collection::vec(value(), 24),
    ) {
        let mut new = other.unwrap_or_else(|| old.clone());
        for edit in &edits {
            edit.apply(&mut new);
        }
        let (before, after) = (validator(&old), validator(&new));
        for value in &values {
            let (was, is) = (before.is_valid(value), after.is_valid(value));
            if was && !is {
                let diff = compare(&contract(&old, true), &contract(&new, true));
                // Naming a formerly unnamed property is a warning, by decision.
                let named = diff.findings.iter().any(|finding| finding.rule.id == "open-property-named");
                prop_assert!(
                    diff.level() == Some(Level::Breaking) || named,
                    "{} is refused: {} -> {}: {:?}", value, old, new, brief(&diff)
                );
            }
            if is && !was {
                let diff = compare(&contract(&old, false), &contract(&new, false));
                prop_assert!(
                    diff.level() >= Some(Level::Warning),
                    "{} is answered: {} -> {}: {:?}", value, old, new, brief(&diff)
                );
            }
        }
    }

    /// Renames a component, and inlines a schema in place of a reference.
    #[test]
    fn names_of_components_are_no_matter(schema in schema(), request in any::<bool>()) {
        let place = |document: &mut Value, name: &str| {
            document["components"]["schemas"][name] = schema.clone();
            let at = if request { "/paths/~1it/post/requestBody/content/application~1json/schema" }
                else { "/paths/~1it/post/responses/200/content/application~1json/schema" };
            *document.pointer_mut(at).unwrap() = json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}});
        };
        let mut old = contract(&json!({}), request);
        let mut new = old.clone();
        place(&mut old, "First");
        place(&mut new, "Second");
        prop_assert!(compare(&old, &new).findings.is_empty(), "{}: {:?}", schema, brief(&compare(&old, &new)));
    }
}
