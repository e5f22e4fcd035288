//! Snapshots of the code that is generated from a contract with every shape; parts that cannot be generated are
//! findings with their place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::{Document, generate};

fn document(source: &str) -> Document {
    Document::read("contract.yaml", source.as_bytes()).unwrap()
}

#[test]
fn the_code_of_every_shape_is_as_reviewed() {
    let (modules, found) =
        generate::contract(&[document(include_str!("../exercise/contract.yaml"))]);
    assert!(found.is_empty(), "{:#?}", found.into_sorted());
    assert_eq!(modules.len(), 4);
    for module in modules {
        insta::assert_snapshot!(module.file, module.code);
    }
}

#[test]
fn the_clients_of_every_shape_are_as_reviewed() {
    let document = document(include_str!("../exercise/contract.yaml"));
    let (modules, found) = generate::clients(&[document], |_| true);
    assert!(found.is_empty(), "{:#?}", found.into_sorted());
    let files: Vec<&str> = modules.iter().map(|module| module.file.as_str()).collect();
    assert_eq!(files, ["v1_problems.rs", "v1_web.rs", "v1_mobile.rs"]);
    for module in modules {
        insta::assert_snapshot!(module.file, module.code);
    }
}

#[test]
fn generating_twice_gives_the_same_code() {
    let document = document(include_str!("../exercise/contract.yaml"));
    let (once, _) = generate::contract(std::slice::from_ref(&document));
    let (twice, _) = generate::contract(&[document]);
    assert_eq!(once, twice);
}

/// A document with one operation whose parts are given, and all codes that a server needs.
fn one(parameters: &str, responses: &str, schemas: &str) -> String {
    format!(
        "openapi: 3.1.0
info: {{title: One, version: 1.0.0, x-media-type: vnd.one}}
x-error-codes:
  INTERNAL: {{status: 500, applies: every, description: Failed.}}
  VALIDATION_FAILED: {{status: 400, applies: every, description: Wrong.}}
  MALFORMED_JSON: {{status: 400, applies: body, description: Wrong.}}
  PAYLOAD_TOO_LARGE: {{status: 413, applies: body, description: Wrong.}}
  UNSUPPORTED_MEDIA_TYPE: {{status: 415, applies: body, description: Wrong.}}
paths:
  /a:
    get:
      operationId: a_b
      tags: [a]
      security: []
      parameters: [{parameters}]
      responses: {{{responses}}}
components:
  schemas: {{{schemas}}}
"
    )
}

/// The rules and lines of the findings.
fn findings(source: &str) -> Vec<(&'static str, u32)> {
    let (_, found) = generate::contract(&[document(source)]);
    found
        .into_sorted()
        .iter()
        .map(|finding| (finding.rule, finding.at.line))
        .collect()
}

const OK: &str = "'204': {description: Done.}";

#[test]
fn what_cannot_be_generated_is_a_finding_with_its_place() {
    for (parameters, responses, schemas, expected) in [
        ("", OK, "", &[][..]),
        (
            "",
            "4XX: {description: No.}",
            "",
            &[("response-missing", 12)],
        ),
        (
            "{name: a, in: cookie, schema: {type: string}}",
            OK,
            "",
            &[("parameter-cookie", 15)],
        ),
        (
            "{name: a, in: query, schema: {type: object, properties: {b: {type: string}}}}",
            OK,
            "",
            &[("parameter-shape", 15)],
        ),
        (
            "{name: a, in: query, style: pipeDelimited, schema: {type: array, items: {type: string}}}",
            OK,
            "",
            &[("parameter-shape", 15)],
        ),
        (
            "{name: a, in: query, schema: {type: string, format: phone}}",
            OK,
            "",
            &[("format", 15)],
        ),
        (
            "",
            "'200': {description: Two., content: {text/a: {schema: {type: string}}, text/b: {schema: {type: string}}}}",
            "",
            &[("response-media-types", 16)],
        ),
        (
            "",
            OK,
            "A: {allOf: [{type: object, properties: {a: {type: string}}}, {type: string}]}",
            &[("all-of-not-object", 18)],
        ),
    ] {
        let source = one(parameters, responses, schemas);
        assert_eq!(findings(&source), expected, "{source}");
    }
}

#[test]
fn codes_that_servers_answer_with_have_to_be_listed() {
    let source = one("", OK, "").replace("status: 413", "status: 400");
    assert_eq!(findings(&source), [("code-missing", 1)]);
}

/// A page is chosen from by the properties of its items, another answer by its own.
#[test]
fn what_fields_chooses_from_is_a_constant_of_the_type() {
    let of = |parameters: &str, schema: &str| {
        let responses = format!(
            "'200': {{description: Fine., content: {{application/json: {{schema: {{$ref: '#/components/schemas/{schema}'}}}}}}}}"
        );
        let schemas = "Page: {type: object, required: [items], properties: {items: {type: array, items: {$ref: '#/components/schemas/Thing'}}, next: {type: string}}}, Thing: {type: object, properties: {id: {type: string}, label: {type: string}}}";
        let document = document(&one(parameters, &responses, schemas));
        let (modules, found) = generate::contract(&[document]);
        assert!(found.is_empty(), "{:#?}", found.into_sorted());
        let server = modules.iter().find(|module| module.file == "v1_server.rs");
        let code = server
            .unwrap()
            .code
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let constant = "pub const PROPERTIES: &'static [&'static str] = &[\"id\", \"label\"];";
        (
            code.contains("impl types::Thing {") && code.contains(constant),
            code.contains("PROPERTIES"),
        )
    };
    let fields = "{name: fields, in: query, schema: {type: string}}";
    for schema in ["Page", "Thing"] {
        assert_eq!(of(fields, schema), (true, true), "{schema}");
        assert_eq!(of("", schema), (false, false), "{schema}");
    }
}

/// The code of `v1_server.rs` of an operation whose parameters are these in version 1, and those in version 2.
fn older(first: &str, second: &str) -> String {
    let newer = one(second, OK, "").replace("version: 1.0.0", "version: 2.0.0");
    let (modules, found) = generate::contract(&[document(&one(first, OK, "")), document(&newer)]);
    assert!(found.is_empty(), "{:#?}", found.into_sorted());
    let server = modules.iter().find(|module| module.file == "v1_server.rs");
    let words: Vec<&str> = server.unwrap().code.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn an_older_request_becomes_the_newer_one_where_defaults_answer_the_rest() {
    let limit = "{name: limit, in: query, schema: {type: integer, default: 5}}";
    let more = "{name: total, in: query, schema: {type: boolean, default: false}}, {name: near, in: query, schema: {type: string}}";
    let code = older(limit, &format!("{more}, {limit}"));
    let way = "impl From<BRequest> for crate::v2::server::a::BRequest { #[allow(unused_variables)] fn from(request: BRequest) -> Self { Self { total: false, near: None, limit: request.limit, } } }";
    assert!(code.contains(way), "{code}");
}

#[test]
fn an_older_request_that_lacks_something_is_translated_by_hand() {
    let limit = "{name: limit, in: query, schema: {type: integer, default: 5}}";
    let needed = "{name: near, in: query, required: true, schema: {type: string}}";
    let text = "{name: limit, in: query, schema: {type: string}}";
    let header = "{name: limit, in: header, schema: {type: integer, default: 5}}";
    for newer in [&format!("{limit}, {needed}"), text, header, ""] {
        let code = older(limit, newer);
        assert!(!code.contains("impl From<BRequest>"), "{newer}: {code}");
    }
}
