//! Checks an answer against the contract: status, headers, media type, body, and for errors the code, its status and
//! its context.

use http::{Method, StatusCode};
use serde_json::Value;

use super::{Judge, Judgement, request::coerced, strict};
use crate::{
    contract::{Operation, Response, members},
    exchange::Exchange,
};

impl Judge {
    pub(super) fn answer(
        &self,
        exchange: &Exchange,
        operation: &Operation,
        judgement: &mut Judgement,
    ) {
        let status = exchange.status.as_u16();
        let Some(response) = operation.response(status) else {
            judgement
                .findings
                .push(format!("the status {status} is not documented"));
            return;
        };
        let exact = operation.responses.contains_key(&status.to_string());
        self.headers(exchange, response, exact, judgement);
        self.content(exchange, response, judgement);
        if status >= 400 {
            self.problem(exchange, Some(operation), judgement);
        }
    }

    /// Checks the router's answer to a request without an operation: `code`, or a code that any request may get.
    pub(super) fn router_answer(
        &self,
        exchange: &Exchange,
        status: StatusCode,
        code: &str,
        judgement: &mut Judgement,
    ) {
        let every = judgement
            .code
            .as_ref()
            .and_then(|code| self.contract.codes.get(code))
            .is_some_and(|known| known.applies == "every");
        if !every && (exchange.status != status || judgement.code.as_deref() != Some(code)) {
            if exchange.method != Method::HEAD || exchange.status != status {
                judgement.findings.push(format!(
                    "{} {code} is expected of the router",
                    status.as_u16()
                ));
            }
            return;
        }
        let response = &self.contract.document["components"]["responses"]["Problem"];
        if response.is_object() {
            let media = match self.contract.problems {
                Some(_) => "application/problem+json",
                None => "application/json",
            };
            if !self.media_type_fits(exchange, media) {
                let given = exchange.header("content-type");
                judgement
                    .findings
                    .push(format!("the Content-Type {given:?}"));
            }
            let schema = &response["content"][media]["schema"];
            self.problem_headers(exchange, response, judgement);
            self.json(exchange, schema, judgement);
        }
        self.problem(exchange, None, judgement);
    }

    fn problem_headers(&self, exchange: &Exchange, response: &Value, judgement: &mut Judgement) {
        for (name, header) in members(&response["headers"]) {
            // A refusal by the router does not count for the rate limit.
            if name.starts_with("RateLimit") && exchange.header(name).is_none() {
                continue;
            }
            let schema = &self.contract.resolve(header)["schema"];
            self.header(exchange, name, schema, false, judgement);
        }
    }

    fn headers(
        &self,
        exchange: &Exchange,
        response: &Response,
        exact: bool,
        judgement: &mut Judgement,
    ) {
        for (name, schema) in &response.headers {
            self.header(exchange, name, schema, exact, judgement);
        }
    }

    fn header(
        &self,
        exchange: &Exchange,
        name: &str,
        schema: &Value,
        exact: bool,
        judgement: &mut Judgement,
    ) {
        match exchange.header(name) {
            Some(text) => {
                let value = coerced(self.contract.resolve(schema), text);
                for error in self.schemas.answer_errors(schema, &value) {
                    judgement
                        .findings
                        .push(format!("the header {name}: {error}"));
                }
                if exchange.headers.get_all(name).iter().count() > 1 {
                    judgement
                        .findings
                        .push(format!("the header {name} comes twice"));
                }
            }
            None if expected(name, exchange.status, exact) => {
                judgement
                    .findings
                    .push(format!("the header {name} is missing"));
            }
            None => {}
        }
    }

    fn content(&self, exchange: &Exchange, response: &Response, judgement: &mut Judgement) {
        if response.content.is_empty() {
            if !exchange.body.is_empty() {
                judgement
                    .findings
                    .push("a body where none is documented".to_owned());
            }
            return;
        }
        let found = response
            .content
            .iter()
            .find(|(media, _)| self.media_type_fits(exchange, media));
        let Some((media, content)) = found else {
            judgement.findings.push(format!(
                "the Content-Type {:?} to the Accept {:?}",
                exchange.header("content-type"),
                exchange.request_header("accept"),
            ));
            return;
        };
        if media.ends_with("json") {
            self.json(exchange, &content.schema, judgement);
        } else if exchange.method != Method::HEAD {
            let text = Value::from(String::from_utf8_lossy(&exchange.body).into_owned());
            for error in self.schemas.answer_errors(&content.schema, &text) {
                judgement.findings.push(format!("the body: {error}"));
            }
        }
    }

    /// JSON answers have the vendor media type if the request asked for it by name, else the plain one; so does the
    /// refusal of an unsupported version. Problem details always have their own media type.
    fn media_type_fits(&self, exchange: &Exchange, documented: &str) -> bool {
        let given = exchange.header("content-type").unwrap_or_default();
        let given = given.split(';').next().unwrap_or_default().trim();
        if documented != "application/json" {
            return given == documented;
        }
        let vendor = format!(
            "application/{}.v{}+",
            self.contract.vendor, self.contract.version
        );
        let accept = exchange
            .request_header("accept")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let ranges: Vec<&str> = accept.split(',').map(str::trim).collect();
        let by_name = ranges
            .iter()
            .filter(|range| range.starts_with(&vendor))
            .count();
        let is_vendor = given.starts_with(&vendor) && given.ends_with("+json");
        if exchange.status == StatusCode::NOT_ACCEPTABLE || by_name == 0 {
            given == documented
        } else if by_name == ranges.len() {
            is_vendor
        } else {
            is_vendor || given == documented
        }
    }

    fn json(&self, exchange: &Exchange, schema: &Value, judgement: &mut Judgement) {
        if exchange.method == Method::HEAD {
            if !exchange.body.is_empty() {
                judgement
                    .findings
                    .push("a body in answer to HEAD".to_owned());
            }
            return;
        }
        match strict::parse(&exchange.body) {
            Ok(body) => {
                for error in self.schemas.answer_errors(schema, &body) {
                    judgement.findings.push(format!("the body: {error}"));
                }
                self.typed_fields(&body, 0, judgement);
            }
            Err(reason) => judgement
                .findings
                .push(format!("the body is no JSON: {reason}")),
        }
    }

    /// Checks the fields of built-in types in records against their schemas.
    fn typed_fields(&self, value: &Value, depth: usize, judgement: &mut Judgement) {
        if depth > 6 {
            return;
        }
        if let (Some(kind), Some(fields), true) = (
            value["type"].as_str(),
            value.get("fields"),
            value.get("created_by").is_some(),
        ) {
            for (name, schema) in members(&self.contract.document["components"]["schemas"]) {
                if schema["x-record-type"].as_str() == Some(kind) {
                    for error in self.component_errors(name, fields) {
                        judgement
                            .findings
                            .push(format!("the fields of a {kind}: {error}"));
                    }
                }
            }
        }
        match value {
            Value::Array(elements) => elements
                .iter()
                .for_each(|element| self.typed_fields(element, depth + 1, judgement)),
            Value::Object(object) => object
                .values()
                .for_each(|member| self.typed_fields(member, depth + 1, judgement)),
            _ => {}
        }
    }

    fn problem(
        &self,
        exchange: &Exchange,
        operation: Option<&Operation>,
        judgement: &mut Judgement,
    ) {
        if exchange.method == Method::HEAD {
            return;
        }
        let Some(code) = judgement.code.clone() else {
            judgement
                .findings
                .push("an error without a code".to_owned());
            return;
        };
        let Some(known) = self.contract.codes.get(&code) else {
            judgement
                .findings
                .push(format!("the catalogue has no code {code}"));
            return;
        };
        if known.status != exchange.status.as_u16() {
            judgement.findings.push(format!(
                "{code} has the status {} in the catalogue",
                known.status
            ));
        }
        if operation.is_some_and(|operation| !operation.allows(&code)) {
            judgement
                .findings
                .push(format!("the operation does not list {code}"));
        }
        let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let context = &body["context"];
        if let Some(types) = &self.contract.problems {
            let id = context["request_id"].as_str().unwrap_or_default();
            for (member, expected) in [
                ("type", format!("{types}{code}").into()),
                ("status", exchange.status.as_u16().into()),
                ("instance", format!("urn:uuid:{id}").into()),
            ] {
                let expected: Value = expected;
                if body[member] != expected {
                    judgement
                        .findings
                        .push(format!("{member} is {} and not {expected}", body[member]));
                }
            }
        }
        if context["request_id"].as_str() != exchange.header("x-request-id") {
            judgement
                .findings
                .push("context.request_id is not X-Request-Id".to_owned());
        }
        for (name, _) in members(context) {
            if name != "request_id" && !known.context.iter().any(|it| it == name) {
                judgement.findings.push(format!(
                    "the catalogue does not know {code}'s context.{name}"
                ));
            }
        }
        if known.context.iter().any(|name| name == "errors")
            && context["errors"].as_array().is_none_or(Vec::is_empty)
        {
            judgement.findings.push(format!("{code} lists no errors"));
        }
    }
}

/// Whether a documented header is required. Some belong to one status, some to one situation.
fn expected(name: &str, status: StatusCode, exact: bool) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "idempotent-replayed" | "deprecation" | "sunset" | "link" => false,
        "www-authenticate" => exact || status == StatusCode::UNAUTHORIZED,
        "allow" => exact || status == StatusCode::METHOD_NOT_ALLOWED,
        "retry-after" => {
            exact
                || status == StatusCode::TOO_MANY_REQUESTS
                || status == StatusCode::SERVICE_UNAVAILABLE
        }
        _ => true,
    }
}
