//! A well-formed contract, and its model.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::document::{Additional, Document, Kind, ParameterLocation, Status};

fn small() -> Document {
    let source = include_bytes!("documents/small.yaml");
    Document::read("small.yaml", source).unwrap_or_else(|found| panic!("{found:#?}"))
}

#[test]
fn an_operation_holds_everything_that_is_said_about_it() {
    let document = small();
    let create = document.operation("notes_create").unwrap();
    assert_eq!(
        (
            create.tag.as_str(),
            create.name.as_str(),
            create.path.as_str()
        ),
        ("notes", "create", "/notes")
    );
    assert_eq!(
        create.codes,
        [
            "INTERNAL",
            "UNAUTHENTICATED",
            "IDEMPOTENCY_KEY_REUSED",
            "MALFORMED_JSON"
        ]
    );
    assert_eq!(create.security[0].scheme, "user");
    assert!(create.takes_idempotency_key());
    assert!(create.body.as_ref().unwrap().required);
    let created = &create.responses[&Status::Code(201)];
    assert!(created.headers["ETag"].required);
    assert_eq!(
        created.content["application/json"]
            .schema
            .as_ref()
            .unwrap()
            .as_ref_name(),
        Some("Note")
    );
    assert_eq!(
        create.responses[&Status::Range(4)].component.as_deref(),
        Some("Problem")
    );

    let get = document.operation("notes_get").unwrap();
    assert_eq!(get.codes, ["NOT_FOUND", "INTERNAL", "UNAUTHENTICATED"]);
    let id = get.parameter(ParameterLocation::Path, "id").unwrap();
    assert!(id.required);
    assert_eq!((id.at.line, id.at.column), (48, 9));
    assert_eq!(id.at.pointer, "/paths/~1notes~1{id}/parameters/0");
}

#[test]
fn null_beside_a_reference_becomes_a_flag() {
    let document = small();
    let note = document.schemas["Note"].as_object().unwrap();
    let parent = &note.properties["parent"];
    assert_eq!(parent.schema.as_ref_name(), Some("Note"));
    assert!(parent.schema.nullable && !parent.required);
    assert!(note.properties["id"].required);
    assert!(matches!(note.additional, Additional::Unsaid));
}

#[test]
fn versions_and_media_types() {
    let document = small();
    assert_eq!(document.major, 1);
    assert_eq!(
        document.versioned_media_type().as_deref(),
        Some("application/vnd.small.v1+json")
    );
}

/// A schema has the same model in both dialects.
#[test]
fn both_dialects_say_the_same() {
    let read = |openapi: &str, schema: &str| {
        let text = format!(
            "{{\"openapi\": \"{openapi}\", \"info\": {{\"title\": \"t\", \"version\": \"1\"}}, \"paths\": {{}}, \
             \"components\": {{\"schemas\": {{\"X\": {schema}, \"Y\": {{\"type\": \"object\"}}}}}}}}"
        );
        let document = Document::read("x.json", text.as_bytes())
            .unwrap_or_else(|found| panic!("{schema}: {found:#?}"));
        let schema = &document.schemas["X"];
        (
            format!("{:?}", schema.kind),
            schema.nullable,
            schema.enumeration.clone(),
        )
    };
    for (old, new) in [
        (
            r#"{"type": "string", "nullable": true}"#,
            r#"{"type": ["string", "null"]}"#,
        ),
        (
            r#"{"type": "integer", "minimum": 1, "exclusiveMinimum": true}"#,
            r#"{"type": "integer", "exclusiveMinimum": 1}"#,
        ),
        (
            r#"{"type": "string", "nullable": true, "enum": ["a", null]}"#,
            r#"{"type": ["string", "null"], "enum": ["a", null]}"#,
        ),
    ] {
        assert_eq!(read("3.0.3", old), read("3.1.0", new));
    }
    let (old, nullable, _) = read(
        "3.0.3",
        r##"{"nullable": true, "allOf": [{"$ref": "#/components/schemas/Y"}]}"##,
    );
    assert_eq!((old.as_str(), nullable), ("Ref(\"Y\")", true));
    let (new, nullable, _) = read(
        "3.1.0",
        r##"{"anyOf": [{"$ref": "#/components/schemas/Y"}, {"type": "null"}]}"##,
    );
    assert_eq!((new.as_str(), nullable), ("Ref(\"Y\")", true));
}

#[test]
fn kinds_are_inferred_where_the_type_is_left_out() {
    let kind = |schema: &str| {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n    X: {schema}\n"
        );
        let document = Document::read("x.yaml", text.as_bytes())
            .unwrap_or_else(|found| panic!("{schema}: {found:#?}"));
        document.schemas["X"].kind.clone()
    };
    assert!(matches!(kind("{properties: {a: true}}"), Kind::Object(_)));
    assert!(matches!(kind("{items: {}}"), Kind::Array(_)));
    assert!(matches!(kind("{const: 3}"), Kind::Integer(_)));
    assert!(matches!(kind("{enum: [a, b]}"), Kind::String(_)));
    assert!(matches!(kind("{x-extensible-enum: [a]}"), Kind::String(_)));
    assert!(matches!(
        kind("{type: [string, integer]}"),
        Kind::AnyOf { .. }
    ));
    assert!(matches!(kind("{}"), Kind::Any));
    assert!(matches!(kind("false"), Kind::Never));
    assert!(matches!(kind("{type: 'null'}"), Kind::Null));
}
