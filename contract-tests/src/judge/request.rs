//! Checks a request against the contract: its path, query and header parameters, and its body.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Judge, strict};
use crate::{
    contract::{Operation, Parameter, RequestBody},
    exchange::Exchange,
};

impl Judge {
    /// All violations in the request; empty if the contract allows it.
    pub(super) fn violations(
        &self,
        exchange: &Exchange,
        operation: &Operation,
        path: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut violations = Vec::new();
        let query = exchange.query();
        for (at, (name, _)) in query.iter().enumerate() {
            if !operation
                .parameters
                .iter()
                .any(|it| it.place == "query" && it.name == *name)
            {
                violations.push(format!("the query parameter {name:?} is unknown"));
            }
            if query[..at].iter().any(|(earlier, _)| earlier == name) {
                violations.push(format!("the query parameter {name:?} comes twice"));
            }
        }
        for parameter in &operation.parameters {
            let value = match parameter.place.as_str() {
                "path" => path.get(&parameter.name).cloned(),
                "query" => query
                    .iter()
                    .find(|(name, _)| *name == parameter.name)
                    .map(|(_, value)| value.clone()),
                // Bytes that are not text are invalid in a form as well.
                _ => exchange
                    .request_headers
                    .get(&parameter.name)
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            };
            match value {
                Some(value) => self.parameter(parameter, &value, &mut violations),
                None if parameter.required => {
                    violations.push(format!(
                        "{} {:?} is missing",
                        parameter.place, parameter.name
                    ));
                }
                None => {}
            }
        }
        if let Some(body) = &operation.body {
            self.body(exchange, body, &mut violations);
        }
        violations
    }

    fn parameter(&self, parameter: &Parameter, text: &str, violations: &mut Vec<String>) {
        let name = format!("{} {:?}", parameter.place, parameter.name);
        let schema = self.contract.resolve(&parameter.schema);
        for error in self
            .schemas
            .request_errors(&parameter.schema, &coerced(schema, text))
        {
            violations.push(format!("{name}: {error}"));
        }
        let content = &schema["contentSchema"];
        if content.is_object() {
            match strict::parse(text.as_bytes()) {
                Ok(value) => {
                    for error in self.schemas.request_errors(content, &value) {
                        violations.push(format!("the JSON in {name}: {error}"));
                    }
                }
                Err(reason) => violations.push(format!("{name} is no JSON: {reason}")),
            }
        }
    }

    fn body(&self, exchange: &Exchange, body: &RequestBody, violations: &mut Vec<String>) {
        if exchange.request_body.is_empty() {
            if body.required {
                violations.push("the body is missing".to_owned());
            }
            return;
        }
        let media = exchange.request_header("content-type").unwrap_or_default();
        let media = media
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let vendor = format!("application/{}.", self.contract.vendor);
        let plain = match media.starts_with(&vendor) && media.ends_with("+json") {
            true => "application/json",
            false => media.as_str(),
        };
        let Some(content) = body.content.get(plain) else {
            violations.push(format!("the body's media type is {media:?}"));
            return;
        };
        match strict::parse(&exchange.request_body) {
            Ok(value) => {
                for error in self.schemas.request_errors(&content.schema, &value) {
                    violations.push(format!("the body: {error}"));
                }
            }
            Err(reason) => violations.push(format!("the body is no JSON: {reason}")),
        }
    }
}

/// The text of a parameter as JSON of the type in its schema.
pub(super) fn coerced(schema: &Value, text: &str) -> Value {
    match schema["type"].as_str() {
        Some("integer") if plain_integer(text) => text
            .parse::<i64>()
            .map_or_else(|_| Value::from(text), Value::from),
        Some("boolean") if text == "true" || text == "false" => Value::Bool(text == "true"),
        _ => Value::from(text),
    }
}

/// Digits with an optional minus, no leading zeros.
fn plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}
