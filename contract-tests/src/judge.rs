//! Checks every exchange against the contract: whether the contract allows the request, and whether it promises the
//! answer. It uses the document only, with the `jsonschema` crate.

mod answer;
mod asked;
mod request;
mod schemas;
pub mod strict;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::{
    contract::{Contract, Operation},
    exchange::Exchange,
};
pub use asked::asked;
use schemas::Schemas;

pub struct Judge {
    pub contract: Contract,
    schemas: Schemas,
}

/// The judgement of one exchange.
#[derive(Debug, Default)]
pub struct Judgement {
    /// The operation of the request; None if the router had to refuse it.
    pub operation: Option<String>,
    /// The error's code, if the answer is an error.
    pub code: Option<String>,
    /// The violations of the contract; empty if there are none.
    pub findings: Vec<String>,
}

/// The target of a request.
enum Target<'a> {
    Operation {
        operation: &'a Operation,
        path: BTreeMap<String, String>,
    },
    /// The path exists and does not have this method.
    NoMethod,
    /// No such path.
    NoPath,
    /// A preflight request of a browser (OPTIONS), which names no operation.
    Preflight,
}

impl Judge {
    pub fn new(contract: Contract) -> Judge {
        let schemas = Schemas::new(&contract.document);
        Judge { contract, schemas }
    }

    pub fn judge(&self, exchange: &Exchange) -> Judgement {
        let mut judgement = Judgement::default();
        if exchange.status.is_client_error() || exchange.status.is_server_error() {
            judgement.code = serde_json::from_slice::<Value>(&exchange.body)
                .ok()
                .and_then(|body| body["code"].as_str().map(str::to_owned));
        }
        // The contract documents INTERNAL everywhere, for unforeseen errors, including a handler that refuses with an
        // undocumented code. No test provokes it, so it is always a finding.
        if judgement.code.as_deref() == Some("INTERNAL") {
            judgement
                .findings
                .push("the server failed: its log has the cause".to_owned());
        }
        match self.target(exchange) {
            Target::Preflight => {
                if exchange.status.is_server_error() {
                    judgement
                        .findings
                        .push("a preflight request failed".to_owned());
                }
            }
            Target::NoPath => {
                self.router_answer(exchange, StatusCode::NOT_FOUND, "NOT_FOUND", &mut judgement);
            }
            Target::NoMethod => self.router_answer(
                exchange,
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                &mut judgement,
            ),
            Target::Operation { operation, path } => {
                judgement.operation = Some(operation.id.clone());
                self.request_and_answer(exchange, operation, &path, &mut judgement);
            }
        }
        judgement
    }

    /// Why `body` is not an instance of the component `name` in an answer; empty if it is.
    pub fn component_errors(&self, name: &str, body: &Value) -> Vec<String> {
        let reference = serde_json::json!({"$ref": format!("#/components/schemas/{name}")});
        self.schemas.answer_errors(&reference, body)
    }

    fn target(&self, exchange: &Exchange) -> Target<'_> {
        if exchange.method == Method::OPTIONS {
            return Target::Preflight;
        }
        let Some((template, path)) = self.contract.template(exchange.uri.path()) else {
            return Target::NoPath;
        };
        let method = match exchange.method {
            Method::HEAD => "GET",
            ref other => other.as_str(),
        };
        self.contract
            .operations
            .iter()
            .find(|operation| operation.path == template && operation.method == method)
            .map_or(Target::NoMethod, |operation| Target::Operation {
                operation,
                path,
            })
    }

    fn request_and_answer(
        &self,
        exchange: &Exchange,
        operation: &Operation,
        path: &BTreeMap<String, String>,
        judgement: &mut Judgement,
    ) {
        let violations = self.violations(exchange, operation, path);
        let accepted = exchange.status.as_u16() < 400;
        if accepted {
            for violation in &violations {
                judgement
                    .findings
                    .push(format!("accepted although {violation}"));
            }
            if operation.secured && exchange.request_header("authorization").is_none() {
                judgement
                    .findings
                    .push("accepted without a token".to_owned());
            }
        }
        if judgement.code.as_deref() == Some("VALIDATION_FAILED") && violations.is_empty() {
            self.refusal_is_about_meaning(exchange, judgement);
        }
        self.answer(exchange, operation, judgement);
    }

    /// A valid request may still be refused for names that only the tenant's own schema defines, in `filter`, `sort`,
    /// `fields` and `types`.
    fn refusal_is_about_meaning(&self, exchange: &Exchange, judgement: &mut Judgement) {
        const ABOUT_NAMES: [&str; 4] = [
            "/query/filter",
            "/query/sort",
            "/query/fields",
            "/query/types",
        ];
        let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        for error in crate::contract::elements(&body["context"]["errors"]) {
            let pointer = error["pointer"].as_str().unwrap_or_default();
            let about_names = ABOUT_NAMES
                .iter()
                .any(|allowed| pointer.starts_with(allowed));
            let unprintable =
                error["rule"] == "control_character" && holds_control_character(exchange, pointer);
            if !about_names && !unprintable {
                judgement.findings.push(format!(
                    "refused for {pointer} ({}), which the contract allows",
                    error["rule"]
                ));
            }
        }
    }
}

/// Whether the text of the request's body at `/body/...` holds a control character. No text of a request may hold one.
/// The contract has no pattern for that, since a pattern at every text would hide the meaning of the text.
fn holds_control_character(exchange: &Exchange, pointer: &str) -> bool {
    let sent: Value = serde_json::from_slice(&exchange.request_body).unwrap_or_default();
    let text = pointer
        .strip_prefix("/body")
        .and_then(|inside| sent.pointer(inside)?.as_str());
    text.is_some_and(|text| text.contains(char::is_control))
}

#[cfg(test)]
pub(crate) mod tests;
