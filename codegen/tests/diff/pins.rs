//! Findings name the pins that they touch, and removing something pinned is breaking.

use crm_codegen::consumers::Consumer;
use crm_codegen::diff::{Finding, Options, diff};
use crm_codegen::document::Date;
use serde_json::{Value, json};

use crate::{base, compare, contract, with_schema};

fn consumers() -> Vec<Consumer> {
    let portal = "consumer: portal
v1:
  notes_get:
    parameters: [path id]
    reads: {'200': [/id, /text, /old_text]}
  notes_list:
    parameters: [query limit]
    reads: {'200': [/items, /items/*/text]}
    codes: [NOT_FOUND]
";
    let web = "consumer: web
v1:
  notes_create: {sends: [/text], reads: {'201': [/id]}}
";
    [("portal.yaml", portal), ("web.yaml", web)]
        .map(|(file, text)| Consumer::read(file, text.as_bytes()).unwrap())
        .to_vec()
}

fn findings(new: &Value) -> Vec<Finding> {
    let options = Options {
        today: Date::parse("2026-11-22"),
        consumers: &consumers(),
        announced: &[],
    };
    let old = contract("releases/2026-01-01/v1.yaml", &base());
    diff(&old, &contract("new.yaml", new), &options).findings
}

/// `rule level: who: what, ...` of each finding that is more than information or touches a pin.
fn touched(new: &Value) -> Vec<String> {
    findings(new)
        .iter()
        .map(|finding| {
            let pins: Vec<String> = finding
                .pins
                .iter()
                .map(|pin| format!("{} {pin}", pin.consumer))
                .collect();
            format!("{} {}: {}", finding.rule.id, finding.level, pins.join(", "))
        })
        .collect()
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut new = base();
    *new.pointer_mut(pointer).unwrap() = value;
    new
}

fn without(owner: &str, key: &str) -> Value {
    let mut new = base();
    let owner = new.pointer_mut(owner).unwrap().as_object_mut().unwrap();
    owner.remove(key).unwrap();
    new
}

#[test]
fn a_finding_names_the_consumer_and_the_pin() {
    let new = without("/components/schemas/Note/properties", "text");
    assert_eq!(
        touched(&new),
        [
            "property-removed breaking: portal notes_get reads /text of 200, portal notes_list reads /items/*/text of 200"
        ]
    );
    let new = changed(
        "/components/schemas/NoteCreate/properties/text/maxLength",
        json!(10),
    );
    assert_eq!(
        touched(&new),
        ["max-length-tightened breaking: web notes_create sends /text"]
    );
    let new = changed("/paths/~1notes/get/parameters/0/schema/maximum", json!(10));
    assert_eq!(
        touched(&new),
        ["maximum-tightened breaking: portal notes_list sends the parameter query limit"]
    );
}

#[test]
fn what_nobody_uses_touches_nobody() {
    let new = without("/components/schemas/Note/properties", "kind");
    assert_eq!(touched(&new), ["property-removed breaking: "]);
    let new = without("/components/schemas/NoteCreate/properties", "colour");
    assert_eq!(touched(&new), ["property-removed breaking: "]);
    let new = without("/paths", "/notes/{id}");
    let found = touched(&new);
    assert!(
        found.contains(&"operation-removed breaking: ".to_owned()),
        "{found:?}"
    );
}

#[test]
fn who_calls_an_operation_is_concerned_by_its_body_as_a_whole() {
    let mut new = base();
    new["components"]["schemas"]["NoteCreate"]["required"] = json!(["text", "colour"]);
    new["components"]["schemas"]["NoteCreate"]["properties"]["author"] = json!({"type": "string"});
    let found = touched(&new);
    assert_eq!(
        found,
        [
            "property-became-required breaking: ",
            "property-added info: web notes_create is called",
        ]
    );
    new["components"]["schemas"]["NoteCreate"]["required"] = json!(["text", "author"]);
    assert_eq!(
        touched(&new),
        ["required-property-added breaking: web notes_create is called"]
    );
}

#[test]
fn additions_touch_nobody() {
    let mut new = base();
    new["components"]["schemas"]["Note"]["properties"]["more"] = json!({"type": "string"});
    let found = findings(&new);
    assert!(
        found
            .iter()
            .all(|finding| finding.level < crm_codegen::diff::Level::Breaking)
    );
}

/// Its sunset has passed and it was announced in time, so the contract may remove it; but the portal still relies on
/// it.
#[test]
fn what_somebody_relies_on_stays_after_its_sunset() {
    let new = without("/components/schemas/Note/properties", "old_text");
    let found = findings(&new);
    assert_eq!(
        touched(&new),
        [
            "pinned-gone breaking: portal notes_get reads /old_text of 200",
            "property-retired info: portal notes_get reads /old_text of 200",
        ]
    );
    assert_eq!(found[0].consumers, ["portal"]);
    assert_eq!(
        found[0].message,
        "`Note.old_text` is gone, and portal still relies on it"
    );
    assert_eq!(found[0].operations[0].to_string(), "GET /notes/{id}");
}

#[test]
fn what_is_called_otherwise_or_moved_is_not_gone() {
    let mut new = base();
    new["paths"]["/notes/{id}"]["get"]["operationId"] = json!("notes_read");
    let paths = new["paths"].as_object_mut().unwrap();
    let item = paths.remove("/notes/{id}").unwrap();
    paths.insert("/notes/{note}".to_owned(), item);
    for method in ["get", "put"] {
        new["paths"]["/notes/{note}"][method]["parameters"][0]["name"] = json!("note");
    }
    let responses = new["paths"]["/notes/{note}"]["get"]["responses"]
        .as_object_mut()
        .unwrap();
    let fine = responses["200"].clone();
    responses.insert("2XX".to_owned(), fine);
    let rules: Vec<&str> = findings(&new).iter().map(|f| f.rule.id).collect();
    assert!(!rules.contains(&"pinned-gone"), "{rules:?}");
}

#[test]
fn an_error_code_somebody_knows_stays() {
    let mut new = base();
    new["paths"]["/notes"]["get"]["x-error-codes"] = json!([]);
    assert_eq!(
        touched(&new),
        [
            "pinned-gone breaking: portal notes_list knows the code NOT_FOUND",
            "error-code-removed warning: portal notes_list knows the code NOT_FOUND",
        ]
    );
}

#[test]
fn of_a_preview_nothing_is_promised() {
    let mut old = base();
    old["info"]["x-preview"] = json!(true);
    let mut new = without("/components/schemas/Note/properties", "old_text");
    new["info"]["x-preview"] = json!(true);
    let options = Options {
        consumers: &consumers(),
        ..Options::default()
    };
    let found = diff(
        &contract("old.yaml", &old),
        &contract("new.yaml", &new),
        &options,
    )
    .findings;
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|finding| finding.level == crm_codegen::diff::Level::Info)
    );
}

/// The name is data, not a part of the message that is looked for again.
#[test]
fn a_consumer_that_lost_an_operation_is_named_whole() {
    let with = |consumers: &[&str]| {
        let mut contract = with_schema(&json!({"type": "string"}), false);
        contract["paths"]["/it"]["post"]["x-consumers"] = json!(consumers);
        contract
    };
    let found = compare(&with(&["a`b", "web"]), &with(&["web"])).findings;
    assert_eq!(found[0].rule.id, "consumer-removed");
    assert_eq!(found[0].consumers, ["a`b"]);
}
