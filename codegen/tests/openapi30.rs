//! The 3.0 form of a document means the same as the 3.1 form: both are read into the same model. The test compares the
//! lowered documents of both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::document::Document;
use crm_codegen::lower::lower;
use crm_codegen::openapi30::openapi30;
use crm_codegen::source::Written;
use crm_codegen::{Node, slice};
use serde_json::{Value, json};

fn read(file: &str) -> Document {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    Document::of(Written::load(path.as_ref()).unwrap().unwrap()).unwrap()
}

fn contracts() -> Vec<Document> {
    let whole = read("../spec/openapi.yaml");
    let mut all: Vec<Document> = slice::consumers(&whole)
        .iter()
        .map(|consumer| {
            Document::from_node("slice", slice::slice(&whole, consumer).unwrap()).unwrap()
        })
        .collect();
    all.extend([
        whole,
        read("tests/documents/small.yaml"),
        read("tests/documents/clean.yaml"),
    ]);
    all
}

fn in_3_0(document: &Document) -> Node {
    openapi30(&document.source, &document.at).unwrap()
}

#[test]
fn it_says_the_same() {
    for document in contracts() {
        let node = in_3_0(&document);
        assert_eq!(node.get("openapi").and_then(Node::as_str), Some("3.0.3"));
        let again = Document::from_node("3.0", node).unwrap();
        let before = lower(&without_constants(&document)).unwrap();
        let after = lower(&again).unwrap();
        for part in ["paths", "components"] {
            let (mut before, mut after) = (before.json[part].clone(), after.json[part].clone());
            scopes_aside(&mut before);
            scopes_aside(&mut after);
            assert_eq!(difference(&before, &after, part), None);
        }
    }
}

/// The document with enumerations of one value for constants: both mean the same, and only the former get names.
fn without_constants(document: &Document) -> Document {
    fn walk(value: &mut Value, named: bool) {
        match value {
            Value::Object(map) => {
                if !named && let Some(constant) = map.remove("const") {
                    map.insert("enum".to_owned(), json!([constant]));
                }
                for (key, value) in map {
                    walk(value, !named && key == "properties");
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| walk(value, false)),
            _ => {}
        }
    }
    let mut json = document.to_json();
    walk(&mut json, false);
    Document::from_node("3.1", Node::from_json(&json)).unwrap()
}

/// The first difference of two documents.
fn difference(before: &Value, after: &Value, at: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            let keys: std::collections::BTreeSet<&String> = b.keys().chain(a.keys()).collect();
            let none = Value::from("nothing");
            keys.into_iter().find_map(|key| {
                let (b, a) = (b.get(key).unwrap_or(&none), a.get(key).unwrap_or(&none));
                difference(b, a, &format!("{at}/{key}"))
            })
        }
        (Value::Array(b), Value::Array(a)) if b.len() == a.len() => {
            let pairs = b.iter().zip(a).enumerate();
            pairs
                .into_iter()
                .find_map(|(index, (b, a))| difference(b, a, &format!("{at}/{index}")))
        }
        _ => (before != after).then(|| format!("{at}: {before} became {after}")),
    }
}

/// In 3.0, scopes of other schemes than OAuth are beside the requirements, and constants are enumerations of one value.
fn scopes_aside(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("x-required-scopes");
            if let Some(Value::Array(security)) = map.get_mut("security") {
                for requirement in security.iter_mut().filter_map(Value::as_object_mut) {
                    for scopes in requirement.values_mut() {
                        *scopes = json!([]);
                    }
                }
            }
            // Its order is that of the properties, which `without_constants` does not keep.
            if let Some(Value::Array(required)) = map.get_mut("required") {
                required.sort_by_key(Value::to_string);
            }
            map.values_mut().for_each(scopes_aside);
        }
        Value::Array(list) => list.iter_mut().for_each(scopes_aside),
        _ => {}
    }
}

#[test]
fn it_is_openapi_3_0() {
    for document in contracts() {
        let json = in_3_0(&document).to_json();
        serde_json::from_value::<openapiv3::OpenAPI>(json.clone()).unwrap();
        nothing_of_3_1(&json, "");
    }
}

/// Checks that a 3.0 schema has no list of types, no constant, no null type and no keywords beside a reference.
fn nothing_of_3_1(value: &Value, at: &str) {
    match value {
        Value::Object(map) => {
            let is_name_map = at.ends_with("/properties") || at.ends_with("/mapping");
            if !is_name_map && !at.contains("/example") {
                assert!(!map.contains_key("const"), "{at}");
                assert!(!matches!(map.get("type"), Some(Value::Array(_))), "{at}");
                assert_ne!(map.get("type"), Some(&json!("null")), "{at}");
                assert!(!map.contains_key("$ref") || map.len() == 1, "{at}");
            }
            for (key, value) in map.iter().filter(|(key, _)| !key.starts_with("x-")) {
                nothing_of_3_1(value, &format!("{at}/{key}"));
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                nothing_of_3_1(value, &format!("{at}/{index}"));
            }
        }
        _ => {}
    }
}

fn schema(text: &str) -> Value {
    let source = format!(
        "openapi: 3.1.0\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n    Other: {{type: string}}\n    It: {text}\n"
    );
    let document = Document::read("it.yaml", source.as_bytes()).unwrap();
    in_3_0(&document).to_json()["components"]["schemas"]["It"].clone()
}

#[test]
fn each_shape_has_its_form() {
    for (written, expected) in [
        (
            "{type: [integer, 'null'], minimum: 1}",
            json!({"type": "integer", "nullable": true, "minimum": 1}),
        ),
        (
            "{type: string, const: a}",
            json!({"type": "string", "enum": ["a"]}),
        ),
        (
            "{type: integer, exclusiveMinimum: 3}",
            json!({"type": "integer", "minimum": 3, "exclusiveMinimum": true}),
        ),
        (
            "{type: integer, minimum: 5, exclusiveMinimum: 3}",
            json!({"type": "integer", "minimum": 5}),
        ),
        (
            "{type: integer, maximum: 5, exclusiveMaximum: 5}",
            json!({"type": "integer", "maximum": 5, "exclusiveMaximum": true}),
        ),
        (
            "{type: string, examples: [a, b]}",
            json!({"type": "string", "example": "a"}),
        ),
        (
            "{description: It., $ref: '#/components/schemas/Other'}",
            json!({"description": "It.", "allOf": [{"$ref": "#/components/schemas/Other"}]}),
        ),
        (
            "{$ref: '#/components/schemas/Other'}",
            json!({"$ref": "#/components/schemas/Other"}),
        ),
        (
            "{oneOf: [{$ref: '#/components/schemas/Other'}, {type: 'null'}]}",
            json!({"allOf": [{"$ref": "#/components/schemas/Other"}], "nullable": true}),
        ),
        (
            "{anyOf: [{type: integer}, {type: boolean}, {type: 'null'}]}",
            json!({"anyOf": [{"type": "integer"}, {"type": "boolean"}], "nullable": true}),
        ),
        (
            "{type: [string, integer]}",
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ),
        ("{type: array}", json!({"type": "array", "items": {}})),
        (
            "{type: string, contentMediaType: application/json}",
            json!({"type": "string", "x-content-media-type": "application/json"}),
        ),
        (
            "{type: object, properties: {const: {type: string}, x-a: {type: [string, 'null']}}}",
            json!({"type": "object", "properties": {"const": {"type": "string"}, "x-a": {"type": "string", "nullable": true}}}),
        ),
    ] {
        assert_eq!(schema(written), expected, "{written}");
    }
}

#[test]
fn what_3_0_cannot_say_is_a_finding_with_its_place() {
    let source = "openapi: 3.1.0\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n    It:\n      type: object\n      patternProperties: {a: {type: string}}\n";
    let document = crm_codegen::document::read("it.yaml", source.as_bytes())
        .document
        .unwrap();
    let found = openapi30(&document.source, &document.at).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .to_string()
            .starts_with("it.yaml:8:26 /components/schemas/It/patternProperties: [openapi30] "),
        "{}",
        found[0]
    );
}
