//! Overlays: the effects of actions, and the findings for those that cannot be applied.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::overlay::{Applied, Overlay};
use crm_codegen::{Diagnostic, Document, Node};
use proptest::prelude::*;
use serde_json::{Value, json};

fn overlay(actions: &Value) -> Result<Overlay, Vec<Diagnostic>> {
    let text =
        json!({"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": actions});
    Overlay::read("o.json", text.to_string().as_bytes())
}

fn apply(document: &Value, actions: Value) -> Result<Applied, Vec<Diagnostic>> {
    overlay(&actions).unwrap().apply(&Node::from_json(document))
}

fn applied(document: Value, actions: Value) -> Value {
    apply(&document, actions).unwrap().document.to_json()
}

fn rules(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|diagnostic| diagnostic.rule).collect()
}

#[test]
fn maps_are_merged_and_lists_grow() {
    let document = json!({"info": {"title": "Old", "contact": {"name": "A"}}, "tags": [{"name": "a"}], "x": [1]});
    let actions = json!([
        {"target": "$", "update": {"info": {"title": "New", "contact": {"url": "b"}}, "x": [2], "y": {}}},
        {"target": "$.tags", "update": {"name": "b"}},
        {"target": "$.tags", "update": [{"name": "c"}, {"name": "d"}]},
    ]);
    assert_eq!(
        applied(document, actions),
        json!({
            "info": {"title": "New", "contact": {"name": "A", "url": "b"}},
            "tags": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}],
            "x": [1, 2],
            "y": {},
        })
    );
}

#[test]
fn what_is_selected_goes() {
    let document = json!({"paths": {"/a": {"get": {"x-internal": true}, "put": {}}, "/b": {"get": {}}}, "tags": [1, 2, 3, 4]});
    let actions = json!([
        {"target": "$.paths.*[?@['x-internal'] == true]", "remove": true},
        {"target": "$.tags[0,2,3]", "remove": true},
        {"target": "$.paths['/b'].get", "remove": true, "update": {"ignored": 1}},
    ]);
    assert_eq!(
        applied(document, actions),
        json!({"paths": {"/a": {"put": {}}, "/b": {}}, "tags": [2]})
    );
}

/// Each action sees the result of the ones before.
#[test]
fn actions_follow_one_another() {
    let actions = json!([
        {"target": "$.paths", "update": {"/new": {"get": {}}}},
        {"target": "$.paths.*.get", "update": {"tags": ["all"]}},
        {"target": "$.paths['/old']", "remove": true},
    ]);
    assert_eq!(
        applied(json!({"paths": {"/old": {"get": {}}}}), actions),
        json!({"paths": {"/new": {"get": {"tags": ["all"]}}}})
    );
}

#[test]
fn a_target_within_a_target_is_removed_once() {
    let document = json!({"a": {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}, "c": 1});
    assert_eq!(
        applied(document, json!([{"target": "$..a", "remove": true}])),
        json!({"c": 1})
    );
}

#[test]
fn an_action_that_selects_nothing_is_told() {
    let result = apply(&json!({"a": 1}), json!([{"target": "$.b", "remove": true}])).unwrap();
    assert_eq!(result.document.to_json(), json!({"a": 1}));
    assert_eq!(rules(&result.idle), ["overlay-target"]);
    assert_eq!(result.idle[0].at.pointer, "/actions/0");
}

#[test]
fn what_cannot_be_merged_is_refused() {
    for (target, update) in [
        ("$.info", json!("text")),
        ("$.info.title", json!({"a": 1})),
        ("$", json!({"info": "text"})),
        ("$", json!({"tags": {"name": "a"}})),
    ] {
        let document = json!({"info": {"title": "t"}, "tags": []});
        let found = apply(&document, json!([{"target": target, "update": update}])).unwrap_err();
        assert_eq!(rules(&found), ["overlay-update"], "{target}");
    }
    let found = apply(&json!({}), json!([{"target": "$", "remove": true}])).unwrap_err();
    assert_eq!(rules(&found), ["overlay-remove"]);
}

#[test]
fn what_is_no_overlay_is_refused() {
    for (text, rule) in [
        (
            "overlay: 2.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $, update: {}}]",
            "overlay-version",
        ),
        (
            "overlay: 1.0.0\nactions: [{target: $, update: {}}]",
            "missing",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: []",
            "too-much",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: paths, update: {}}]",
            "overlay-target",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $}]",
            "overlay-action",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $, updte: {}, remove: true}]",
            "unknown-field",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $, remove: maybe}]",
            "kind",
        ),
        (
            "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $..a..b..c..d, remove: true}]",
            "too-much",
        ),
        ("- 1", "kind"),
    ] {
        let found = Overlay::read("o.yaml", text.as_bytes()).unwrap_err();
        assert!(rules(&found).contains(&rule), "{text}: {found:?}");
    }
}

/// A document cannot be made to grow by a billion.
#[test]
fn growth_is_bounded() {
    let document = json!({"a": vec![json!([]); 1_000]});
    let update: Vec<u32> = (0..1_000).collect();
    let actions = json!([
        {"target": "$.a[*]", "update": [update]},
        {"target": "$..*", "update": [update]},
    ]);
    let found = apply(&document, actions).unwrap_err();
    assert_eq!(rules(&found), ["too-much"]);
}

/// The result is read like any contract, and keeps the places of the document.
#[test]
fn the_result_is_a_contract() {
    let bytes = include_bytes!("documents/clean.yaml");
    let document = crm_codegen::diff::Contract::read("clean.yaml", bytes).unwrap();
    let actions = json!([{"target": "$.info", "update": {"version": "2.0.0"}}]);
    let after = overlay(&actions).unwrap().apply(&document.root).unwrap();
    let before = Document::read("clean.yaml", bytes).unwrap();
    let after = Document::from_node("clean.yaml", after.document).unwrap();
    assert_eq!((before.major, after.major), (1, 2));
    assert_eq!(before.operations[0].at, after.operations[0].at);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// No overlay and no target causes a panic.
    #[test]
    fn any_target_ends(target in "\\$[.\\[\\]'*?@a-c0-2,:=<> ]{0,16}", update in prop::option::of(0..3i64)) {
        let document = json!({"a": [{"b": 1}, {"c": [1, 2]}], "b": {"a": {"a": 1}}, "c": "text"});
        let update = match update { Some(0) => json!({"a": 1}), Some(_) => json!([1]), None => json!(null) };
        for action in [json!({"target": target, "update": update}), json!({"target": target, "remove": true})] {
            if let Ok(overlay) = overlay(&json!([action])) {
                let _ = overlay.apply(&Node::from_json(&document));
            }
        }
    }
}
