//! Operations: their parameters, body and answers. All successes share one type, and all errors another.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::body::Content;
use super::schema::put;
use super::{Lowering, Shape, check, security};
use crate::document::{Kind, Operation, Response, Schema, Status};
use crate::names;

impl Lowering<'_> {
    pub(super) fn operation(&mut self, operation: &Operation) -> Value {
        let prefix = names::type_name(&operation.id);
        check::parameters(operation, &mut self.found);
        let parameters: Vec<Value> = operation
            .parameters
            .iter()
            .map(|parameter| self.parameter(&prefix, parameter))
            .collect();
        let body = self.request_body(operation, &prefix);
        let responses = self.responses(operation, &prefix);
        let mut out = Map::new();
        out.insert("operationId".to_owned(), json!(operation.id));
        out.insert("tags".to_owned(), json!([operation.tag]));
        put(&mut out, "summary", operation.summary.as_ref());
        put(&mut out, "description", operation.description.as_ref());
        out.insert("security".to_owned(), security(&operation.security));
        if operation.deprecation.is_some() {
            out.insert("deprecated".to_owned(), json!(true));
        }
        out.insert("parameters".to_owned(), Value::Array(parameters));
        put(&mut out, "requestBody", body);
        out.insert("responses".to_owned(), Value::Object(responses));
        for (name, value) in &operation.extensions {
            out.insert(name.clone(), value.clone());
        }
        Value::Object(out)
    }

    fn responses(&mut self, operation: &Operation, prefix: &str) -> Map<String, Value> {
        let mut out = Map::new();
        let (mut success, mut error) = (None, None);
        let typed_failures = operation.typed_failures().is_some();
        for (status, response) in ranged(operation) {
            if typed_failures && status.is_failure() {
                continue;
            }
            let (class, kind) = match status {
                Status::Code(200..=299) | Status::Range(2) => (Some(&mut success), "success"),
                Status::Code(400..=599) | Status::Range(4 | 5) => (Some(&mut error), "error"),
                _ => (None, ""),
            };
            let content = self.content(&response.content, &response.at);
            let is_typed = class.is_some();
            if let Some(seen) = class {
                let key = match &content {
                    Content::None => "nothing".to_owned(),
                    Content::Bytes => "bytes".to_owned(),
                    Content::Json(schema) => check::key(schema),
                };
                if seen.get_or_insert_with(|| key.clone()) != &key {
                    self.refuse(
                        "lower-answers",
                        &response.at,
                        format!("the {kind} answers of `{}` hold different things, and a client reads one", operation.id),
                        "give all of them the same schema, or make an operation of each",
                    );
                }
            }
            let mut lowered = Map::new();
            lowered.insert("description".to_owned(), json!(response.description));
            match content {
                // An answer that is neither success nor error, such as 304, is identified by its status.
                Content::Json(schema) if is_typed => {
                    let name = match &response.component {
                        Some(component) => names::nested(component, "Body"),
                        None => format!("{prefix}Answer"),
                    };
                    let schema = self.named(&schema, Shape::Plain, &name);
                    lowered.insert(
                        "content".to_owned(),
                        json!({ "application/json": { "schema": schema } }),
                    );
                }
                Content::Bytes if is_typed => {
                    let content: Map<String, Value> = response
                        .content
                        .keys()
                        .map(|media_type| {
                            (
                                media_type.clone(),
                                json!({ "schema": { "type": "string", "format": "binary" } }),
                            )
                        })
                        .collect();
                    lowered.insert("content".to_owned(), Value::Object(content));
                }
                _ => {}
            }
            out.insert(status.to_string(), Value::Object(lowered));
        }
        if typed_failures {
            let name = format!("{prefix}Failure");
            let schema = Schema::of(Kind::Ref(name.clone()), operation.at.clone());
            let schema = self.named(&schema, Shape::Failure, &format!("{name}Answer"));
            for range in ["4XX", "5XX"] {
                let content = json!({ "application/json": { "schema": schema } });
                let response = json!({ "description": "It failed.", "content": content });
                out.insert(range.to_owned(), response);
            }
        }
        if success.is_none() {
            self.refuse(
                "lower-no-success",
                &operation.at,
                format!("`{}` documents no success", operation.id),
                "add the answer with its 2xx status",
            );
        }
        out
    }
}

/// The answers by status. `default` covers the errors that are not documented otherwise.
fn ranged(operation: &Operation) -> BTreeMap<Status, &Response> {
    let mut out = BTreeMap::new();
    for (status, response) in &operation.responses {
        if *status != Status::Default {
            out.insert(*status, response);
        }
    }
    if let Some(default) = operation.responses.get(&Status::Default) {
        for range in [Status::Range(4), Status::Range(5)] {
            out.entry(range).or_insert(default);
        }
    }
    out
}
