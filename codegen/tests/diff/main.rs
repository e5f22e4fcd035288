//! The comparison of contracts: every rule by example, all keywords, properties checked with an independent validator,
//! differences of form only, growth of the work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod cases;
mod command;
mod documentation;
mod forms;
mod growth;
mod keywords;
mod patch;
mod pins;
mod properties;

use crm_codegen::Node;
use crm_codegen::diff::{Contract, Diff, Options, diff};
use serde_json::Value;

pub fn contract(file: &str, value: &Value) -> Contract {
    Contract {
        file: file.to_owned(),
        root: Node::from_json(value),
    }
}

pub fn compare(old: &Value, new: &Value) -> Diff {
    let (old, new) = (contract("old.json", old), contract("new.json", new));
    diff(&old, &new, &Options::default())
}

/// `rule level direction`, sorted.
pub fn brief(diff: &Diff) -> Vec<String> {
    let mut all: Vec<String> = diff
        .findings
        .iter()
        .map(|finding| {
            format!(
                "{} {} {}",
                finding.rule.id, finding.level, finding.direction
            )
        })
        .collect();
    all.sort();
    all
}

pub fn base() -> Value {
    serde_norway::from_str(include_str!("base.yaml")).unwrap()
}

/// A contract with a schema in requests only, or in responses only.
pub fn with_schema(schema: &Value, request: bool) -> Value {
    let content = serde_json::json!({"application/json": {"schema": schema}});
    let mut operation =
        serde_json::json!({"operationId": "it", "responses": {"200": {"description": "Fine"}}});
    if request {
        operation["requestBody"] = serde_json::json!({"content": content});
    } else {
        operation["responses"]["200"]["content"] = content;
    }
    serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/it": {"post": operation}},
        "components": {"schemas": {
            "Cat": {"type": "object", "required": ["kind", "name"], "properties": {"kind": {"type": "string"}, "name": {"type": "string"}, "mice": {"type": "integer"}}},
            "Dog": {"type": "object", "required": ["kind", "name"], "properties": {"kind": {"type": "string"}, "name": {"type": "string"}, "bones": {"type": "integer"}}},
        }},
    })
}
