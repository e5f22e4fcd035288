//! Tests of the judge: it finds each kind of fault in an otherwise correct exchange.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::*;
use crate::exchange::Sender;

/// A small contract with one of everything.
pub(crate) const SMALL: &str = include_str!("tests/small.yaml");

const ID: &str = "01a202b2-c500-7b8b-bb5e-ba456bf92d5d";

fn judge() -> Judge {
    Judge::new(Contract::parse(SMALL))
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

/// `POST /things`, answered 201, all as documented.
fn create() -> Exchange {
    Exchange {
        sender: Sender {
            consumer: "web",
            typed: true,
        },
        method: Method::POST,
        uri: "/things".parse().unwrap(),
        request_headers: headers(&[
            ("authorization", "Bearer x"),
            ("content-type", "application/json"),
            ("accept", "application/vnd.small.v1+json"),
        ]),
        request_body: Bytes::from(r#"{"name": "a", "size": 3}"#),
        status: StatusCode::CREATED,
        headers: headers(&[
            ("x-request-id", ID),
            ("etag", "\"1\""),
            ("content-type", "application/vnd.small.v1+json"),
        ]),
        body: Bytes::from(r#"{"id": "1", "name": "a", "colour": "red"}"#),
    }
}

/// `GET /things/1`, refused with 404.
fn missing() -> Exchange {
    Exchange {
        method: Method::GET,
        uri: "/things/1?limit=5&deep=true".parse().unwrap(),
        request_headers: headers(&[("authorization", "Bearer x")]),
        request_body: Bytes::new(),
        status: StatusCode::NOT_FOUND,
        headers: headers(&[("x-request-id", ID), ("content-type", "application/json")]),
        body: Bytes::from(format!(
            r#"{{"code": "NOT_FOUND", "message": "No.", "context": {{"request_id": "{ID}"}}}}"#
        )),
        ..create()
    }
}

fn problem(code: &str, errors: &str) -> Bytes {
    Bytes::from(format!(
        r#"{{"code": "{code}", "message": "No.", "context": {{"request_id": "{ID}"{errors}}}}}"#
    ))
}

#[track_caller]
fn finds(exchange: &Exchange, expected: &str) {
    let findings = judge().judge(exchange).findings;
    assert!(
        findings.iter().any(|finding| finding.contains(expected)),
        "{expected:?} is not among {findings:?}"
    );
}

#[track_caller]
fn finds_nothing(exchange: &Exchange) {
    let findings = judge().judge(exchange).findings;
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn what_is_documented_is_fine() {
    finds_nothing(&create());
    finds_nothing(&missing());
    let judgement = judge().judge(&missing());
    assert_eq!(judgement.operation.as_deref(), Some("things_get"));
    assert_eq!(judgement.code.as_deref(), Some("NOT_FOUND"));
}

#[test]
fn a_status_that_is_not_documented() {
    finds(
        &Exchange {
            status: StatusCode::OK,
            ..create()
        },
        "status 200",
    );
    let mut moved = missing();
    moved.status = StatusCode::FOUND;
    finds(&moved, "status 302");
}

#[test]
fn a_fault_of_the_server() {
    let mut exchange = missing();
    exchange.status = StatusCode::INTERNAL_SERVER_ERROR;
    exchange.body = problem("INTERNAL", "");
    finds(&exchange, "the server failed");
}

#[test]
fn a_header_that_is_missing_or_wrong() {
    let mut exchange = create();
    exchange.headers.remove("etag");
    finds(&exchange, "header etag is missing");
    let mut exchange = create();
    exchange
        .headers
        .insert("x-request-id", HeaderValue::from_static("7"));
    finds(&exchange, "header X-Request-Id");
    let mut exchange = missing();
    exchange.status = StatusCode::UNAUTHORIZED;
    exchange.body = problem("UNAUTHENTICATED", "");
    finds(&exchange, "WWW-Authenticate is missing");
}

#[test]
fn a_media_type_that_was_not_asked_for() {
    let mut exchange = create();
    exchange
        .headers
        .insert("content-type", HeaderValue::from_static("application/json"));
    finds(&exchange, "Content-Type");
    let mut exchange = missing();
    exchange.headers.insert(
        "content-type",
        HeaderValue::from_static("application/vnd.small.v1+json"),
    );
    finds(&exchange, "Content-Type");
    exchange
        .headers
        .insert("content-type", HeaderValue::from_static("text/html"));
    finds(&exchange, "Content-Type");
}

#[test]
fn a_body_against_its_schema() {
    let with = |body: &'static str| Exchange {
        body: Bytes::from(body),
        ..create()
    };
    finds(&with(r#"{"name": "a"}"#), "\"id\" is a required property");
    finds(
        &with(r#"{"id": 1, "name": "a"}"#),
        "is not of type \"string\"",
    );
    finds(&with(r#"{"id": "1", "id": "2", "name": "a"}"#), "twice");
    finds(
        &with(r#"{"id": "1", "name": "a", "secret": "x"}"#),
        "secret",
    );
    finds(
        &with(r#"{"id": "1", "name": "a", "colour": "mauve"}"#),
        "mauve",
    );
    finds(&with("<html>"), "no JSON");
    finds(&with(""), "no JSON");
}

#[test]
fn fields_of_a_typed_record() {
    let with = |size: &str| Exchange {
        body: Bytes::from(format!(
            r#"{{"id": "1", "name": "a", "record": {{"type": "thing", "created_by": 1, "fields": {{"size": {size}}}}}}}"#
        )),
        ..create()
    };
    finds_nothing(&with("3"));
    finds(&with("\"big\""), "the fields of a thing");
}

#[test]
fn a_body_where_none_is_documented() {
    let mut exchange = missing();
    exchange.uri = "/things/1".parse().unwrap();
    exchange.method = Method::DELETE;
    exchange.status = StatusCode::NO_CONTENT;
    finds(&exchange, "a body where none is documented");
    exchange.body = Bytes::new();
    finds_nothing(&exchange);
}

#[test]
fn error_codes_against_the_catalogue() {
    let with = |status: u16, body: Bytes| Exchange {
        status: StatusCode::from_u16(status).unwrap(),
        body,
        ..missing()
    };
    finds(
        &with(404, problem("NO_SUCH_THING", "")),
        "no code NO_SUCH_THING",
    );
    finds(
        &with(409, problem("NOT_FOUND", "")),
        "NOT_FOUND has the status 404",
    );
    finds(&with(409, problem("TAKEN", "")), "does not list TAKEN");
    finds(&with(404, Bytes::from("{}")), "an error without a code");
    let other = r#"{"code": "NOT_FOUND", "message": "No.", "context": {"request_id": "other"}}"#;
    finds(&with(404, Bytes::from(other)), "context.request_id");
    finds(
        &with(400, problem("VALIDATION_FAILED", "")),
        "lists no errors",
    );
}

#[test]
fn a_request_that_the_contract_forbids_is_not_accepted() {
    let with = |body: &'static str| Exchange {
        request_body: Bytes::from(body),
        ..create()
    };
    finds(
        &with(r#"{"name": "a", "size": 300}"#),
        "accepted although the body: 300",
    );
    finds(
        &with(r#"{"name": "a", "size": "3"}"#),
        "accepted although the body",
    );
    finds(
        &with(r#"{"name": "a", "extra": 1}"#),
        "accepted although the body",
    );
    finds(
        &with(r#"{"name": "a", "name": "b"}"#),
        "the name \"name\" twice",
    );
    finds(&with(""), "accepted although the body is missing");
    let mut exchange = create();
    exchange.uri = "/things?colour=red".parse().unwrap();
    finds(&exchange, "\"colour\" is unknown");
    let mut exchange = create();
    exchange
        .request_headers
        .insert("content-type", HeaderValue::from_static("text/plain"));
    finds(&exchange, "media type");
    let mut exchange = create();
    exchange.request_headers.remove("authorization");
    finds(&exchange, "without a token");
    let mut exchange = create();
    exchange
        .request_headers
        .insert("idempotency-key", HeaderValue::from_static("0123456789a"));
    finds(&exchange, "accepted although header");
}

#[test]
fn parameters_are_judged_in_their_own_type() {
    for (query, expected) in [
        ("limit=0", "query \"limit\""),
        ("limit=05", "query \"limit\""),
        ("limit=x", "query \"limit\""),
        ("limit=5&limit=6", "comes twice"),
        ("deep=1", "query \"deep\""),
        ("filter=%7B%22a%22%3A1%7D", "the JSON in query \"filter\""),
        ("filter=%7B", "is no JSON"),
    ] {
        let exchange = Exchange {
            uri: format!("/things/1?{query}").parse().unwrap(),
            status: StatusCode::OK,
            headers: create().headers,
            body: create().body,
            request_headers: create().request_headers,
            ..missing()
        };
        finds(&exchange, expected);
    }
}

#[test]
fn a_request_that_the_contract_allows_is_not_called_invalid() {
    let errors =
        r#", "errors": [{"pointer": "/query/limit", "rule": "maximum", "message": "No."}]"#;
    let mut exchange = missing();
    exchange.status = StatusCode::BAD_REQUEST;
    exchange.body = problem("VALIDATION_FAILED", errors);
    finds(&exchange, "refused for /query/limit");
    exchange.body = problem("VALIDATION_FAILED", &errors.replace("limit", "filter"));
    finds_nothing(&exchange);
}

#[test]
fn the_router_refuses_by_itself() {
    let mut exchange = missing();
    exchange.uri = "/nowhere".parse().unwrap();
    finds_nothing(&exchange);
    exchange.status = StatusCode::OK;
    finds(&exchange, "404 NOT_FOUND is expected");
    let mut exchange = missing();
    exchange.method = Method::PUT;
    finds(&exchange, "405 METHOD_NOT_ALLOWED is expected");
    exchange.status = StatusCode::METHOD_NOT_ALLOWED;
    exchange.body = problem("METHOD_NOT_ALLOWED", "");
    finds(&exchange, "Allow is missing");
    exchange
        .headers
        .insert("allow", HeaderValue::from_static("GET, HEAD"));
    finds_nothing(&exchange);
}

#[test]
fn head_is_get_without_a_body() {
    let mut exchange = create();
    exchange.method = Method::HEAD;
    exchange.uri = "/things/1".parse().unwrap();
    exchange.status = StatusCode::OK;
    finds(&exchange, "a body in answer to HEAD");
    exchange.body = Bytes::new();
    finds_nothing(&exchange);
}

#[test]
fn the_examples_of_the_contract_are_instances_of_their_schemas() {
    for version in [1, 2] {
        examples_are_true(&Judge::new(Contract::of_this_repository(version)));
    }
}

fn examples_are_true(judge: &Judge) {
    let mut wrong = Vec::new();
    for operation in &judge.contract.operations {
        for content in operation.body.iter().flat_map(|body| body.content.values()) {
            for (name, example) in &content.examples {
                for error in judge.schemas.request_errors(&content.schema, example) {
                    wrong.push(format!("{}: request {name}: {error}", operation.id));
                }
            }
        }
        for (status, response) in &operation.responses {
            for content in response.content.values() {
                for (name, example) in &content.examples {
                    for error in judge.schemas.answer_errors(&content.schema, example) {
                        wrong.push(format!("{}: {status} {name}: {error}", operation.id));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_context_holds_what_the_catalogue_names() {
    let mut exchange = missing();
    exchange.body = problem("NOT_FOUND", r#", "hint": "elsewhere""#);
    finds(&exchange, "NOT_FOUND's context.hint");
}

#[test]
fn a_text_with_a_control_character_may_be_refused_and_no_other() {
    let refused = |name: &str| Exchange {
        request_body: serde_json::json!({"name": name, "size": 3})
            .to_string()
            .into(),
        status: StatusCode::BAD_REQUEST,
        headers: headers(&[("x-request-id", ID), ("content-type", "application/json")]),
        body: Bytes::from(
            r#"{"code": "VALIDATION_FAILED", "message": "No.", "context": {"request_id": "01a202b2-c500-7b8b-bb5e-ba456bf92d5d", "errors": [{"pointer": "/body/name", "rule": "control_character", "message": "No."}]}}"#,
        ),
        ..create()
    };
    let allowed = |name: &str| {
        let judgement = judge().judge(&refused(name));
        !judgement
            .findings
            .iter()
            .any(|finding| finding.contains("which the contract allows"))
    };
    assert!(allowed("a\u{1}b") && !allowed("ab"));
}
