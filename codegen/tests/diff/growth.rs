//! The work grows linearly with the documents.

use serde_json::{Map, Value, json};

use crate::compare;

/// A contract of `operations` operations, each with its own schemas and some shared ones.
fn large(operations: usize) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Shared".to_owned(), json!({"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Shared"}, "kind": {"$ref": "#/components/schemas/Kind"}}}));
    schemas.insert(
        "Kind".to_owned(),
        json!({"oneOf": [{"type": "string", "maxLength": 40}, {"type": "integer"}]}),
    );
    for n in 0..operations {
        let name = format!("Thing{n}");
        let mut properties = Map::new();
        for p in 0..10 {
            properties.insert(
                format!("p{p}"),
                json!({"type": "string", "maxLength": 100, "description": "Some words."}),
            );
        }
        properties.insert(
            "shared".to_owned(),
            json!({"$ref": "#/components/schemas/Shared"}),
        );
        properties.insert(
            "other".to_owned(),
            json!({"$ref": format!("#/components/schemas/Thing{}", (n * 7 + 1) % operations)}),
        );
        schemas.insert(
            name.clone(),
            json!({"type": "object", "properties": properties}),
        );
        let content = json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}});
        paths.insert(
            format!("/things{n}"),
            json!({"post": {
                "requestBody": {"content": content.clone()},
                "responses": {"200": {"description": "Fine", "content": content}},
            }}),
        );
    }
    json!({"openapi": "3.1.0", "info": {"title": "Large", "version": "1"}, "paths": paths, "components": {"schemas": schemas}})
}

/// One edit in ten operations, and one in what all of them share.
fn edited(mut document: Value, operations: usize) -> Value {
    for n in (0..operations).step_by(10) {
        document["components"]["schemas"][format!("Thing{n}")]["properties"]["p3"]["maxLength"] =
            json!(50);
    }
    document["components"]["schemas"]["Kind"]["oneOf"][0]["maxLength"] = json!(20);
    document
}

#[test]
fn four_times_the_document_is_four_times_the_work() {
    for change in [false, true] {
        let work = |operations: usize| {
            let old = large(operations);
            let new = if change {
                edited(old.clone(), operations)
            } else {
                old.clone()
            };
            let diff = compare(&old, &new);
            let expected = if change {
                operations.div_ceil(10) + 1
            } else {
                0
            };
            assert_eq!(diff.findings.len(), expected);
            diff.work
        };
        let (small, large) = (work(50), work(200));
        assert!(
            large < 5 * small,
            "{small} steps became {large}, changed {change}"
        );
    }
}
