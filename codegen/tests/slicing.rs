//! A consumer's slice is a complete contract: its operations, and the components that they use.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/support.rs"]
mod support;

use crm_codegen::document::Document;
use crm_codegen::slice::{UnknownConsumer, slice};
use support::{clean, findings, render};

fn document() -> Document {
    Document::read("clean.yaml", clean().as_bytes())
        .unwrap_or_else(|found| panic!("{}", render(&found)))
}

fn sliced(consumer: &str) -> Document {
    let node = slice(&document(), consumer).unwrap();
    Document::from_node("slice.json", node).unwrap_or_else(|found| panic!("{}", render(&found)))
}

fn ids(document: &Document) -> Vec<&str> {
    document
        .operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect()
}

#[test]
fn it_holds_the_consumer_s_operations_and_no_others() {
    assert_eq!(
        ids(&sliced("mobile")),
        [
            "auth_token",
            "notes_list",
            "notes_create",
            "notes_get",
            "notes_update"
        ]
    );
    assert_eq!(
        ids(&sliced("web")),
        ["auth_token", "notes_list", "notes_batch", "notes_get"]
    );
    assert_eq!(ids(&sliced("portal")), ["portal_notes"]);
}

#[test]
fn it_holds_what_they_reach_and_nothing_else() {
    let portal = sliced("portal");
    assert_eq!(portal.schemas.keys().collect::<Vec<_>>(), ["Problem"]);
    assert_eq!(
        portal.security_schemes.keys().collect::<Vec<_>>(),
        ["portal"]
    );
    assert_eq!(
        portal
            .tags
            .iter()
            .map(|tag| tag.name.as_str())
            .collect::<Vec<_>>(),
        ["portal"]
    );
    assert_eq!(
        portal.codes.keys().collect::<Vec<_>>(),
        ["INTERNAL", "UNAUTHENTICATED", "METHOD_NOT_ALLOWED", "GONE"]
    );
    assert!(portal.parameters.is_empty());
    assert!(
        sliced("web").schemas.contains_key("KeyGrant"),
        "a discriminator reaches its variants"
    );
}

/// Each operation is the same in the slice as in the whole.
#[test]
fn it_changes_no_operation() {
    let whole = document();
    for consumer in ["mobile", "web", "portal"] {
        for operation in &sliced(consumer).operations {
            let before = whole.operation(&operation.id).unwrap();
            let said = |operation: &crm_codegen::document::Operation| {
                format!(
                    "{:?}",
                    (
                        &operation.parameters,
                        &operation.body,
                        &operation.responses,
                        &operation.codes,
                        &operation.security
                    )
                )
                .replace("slice.json", "clean.yaml")
            };
            assert_eq!(said(operation), said(before), "{}", operation.id);
        }
    }
}

/// If a type parameter stands for the fields of any record type, the slice has all of them.
#[test]
fn record_types_follow_their_type_parameter() {
    assert!(!sliced("mobile").schemas.contains_key("VisitFields"));
    let generic = clean().replacen(
        "description: A note.\n",
        "description: A note.\n      x-type-parameter: text\n",
        1,
    );
    let whole = Document::read("clean.yaml", generic.as_bytes()).unwrap();
    let has_fields = |consumer| {
        slice(&whole, consumer)
            .unwrap()
            .at("/components/schemas/VisitFields")
            .is_some()
    };
    assert!(has_fields("mobile") && has_fields("web") && !has_fields("portal"));
}

/// A property may have the name of a keyword, and a value may look like a reference.
#[test]
fn names_are_no_keywords_and_values_no_references() {
    let property = "        token: {type: string}";
    let source = clean()
        .replacen(
            property,
            &format!("{property}\n        default: {{$ref: '#/components/schemas/Reached'}}"),
            1,
        )
        .replacen(
            property,
            "        token: {type: object, example: {$ref: '#/components/schemas/Unreached'}}",
            1,
        )
        .replacen(
            "    Token:\n",
            "    Reached: {type: string}\n    Unreached: {type: string}\n    Token:\n",
            1,
        );
    let whole = Document::read("clean.yaml", source.as_bytes())
        .unwrap_or_else(|found| panic!("{}", render(&found)));
    let node = slice(&whole, "web").unwrap();
    assert!(node.at("/components/schemas/Reached").is_some());
    assert!(node.at("/components/schemas/Unreached").is_none());
}

#[test]
fn it_keeps_the_conventions() {
    for consumer in ["mobile", "web"] {
        let text = slice(&document(), consumer).unwrap().to_string();
        let found = findings("slice.json", text.as_bytes());
        assert!(found.is_empty(), "{}", render(&found));
    }
}

#[test]
fn a_consumer_that_nobody_names_has_none() {
    let expected = UnknownConsumer {
        consumer: "mobil".to_owned(),
        known: ["mobile", "web", "portal"].map(str::to_owned).to_vec(),
    };
    assert_eq!(slice(&document(), "mobil"), Err(expected));
}
