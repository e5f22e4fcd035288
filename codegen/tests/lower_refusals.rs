//! Parts that the client generator cannot express are refused with their place, and nothing makes it panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::lower::lower;
use crm_codegen::{Document, generate};

/// A document with one operation whose parts are given.
fn one(id: &str, parameters: &str, body: &str, responses: &str, schemas: &str) -> Document {
    let source = format!(
        "openapi: 3.1.0
info: {{title: One, version: 1.0.0, x-media-type: vnd.one}}
paths:
  /a/{{a}}:
    post:
      operationId: {id}
      tags: [a]
      x-consumers: [web]
      security: []
      parameters:
        - {{name: a, in: path, required: true, schema: {{type: string}}}}
        {parameters}
      {body}
      responses: {{{responses}}}
components:
  schemas: {{{schemas}}}
"
    );
    Document::read("one.yaml", source.as_bytes())
        .unwrap_or_else(|found| panic!("{source}\n{found:#?}"))
}

const OK: &str = "'204': {description: Done.}";
const TEXT: &str = "{schema: {type: string}}";

/// The rules and lines of the lowering's findings. The clients must have no other faults.
fn refused(document: &Document) -> Vec<(&'static str, u32)> {
    let (_, found) = generate::clients(std::slice::from_ref(document), |_| true);
    let found = found.into_sorted();
    match lower(document) {
        Ok(_) => assert!(found.is_empty(), "{found:#?}"),
        Err(findings) => assert!(!findings.is_empty()),
    }
    found
        .iter()
        .map(|finding| (finding.rule, finding.at.line))
        .collect()
}

type Case<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a [(&'a str, u32)],
);

#[test]
fn each_thing_that_cannot_be_lowered_is_told_with_its_line() {
    let json = |schema: &str| format!("content: {{application/json: {{schema: {schema}}}}}");
    let two_successes = format!(
        "'200': {{description: A., {}}}, '201': {{description: B., {}}}",
        json("{type: string}"),
        json("{type: integer}")
    );
    let two_errors = format!(
        "{OK}, '404': {{description: A., {}}}, 4XX: {{description: B.}}",
        json("{type: string}")
    );
    let mixed = format!(
        "'200': {{description: A., content: {{application/json: {TEXT}, text/plain: {TEXT}}}}}"
    );
    let form =
        "requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: string}}}}";
    let bodies = format!("requestBody: {{content: {{text/a: {TEXT}, text/b: {TEXT}}}}}");
    let cases: &[Case] = &[
        ("a_b", "", "", OK, "", &[]),
        (
            "a_b",
            "- {name: c, in: cookie, schema: {type: string}}",
            "",
            OK,
            "",
            &[("lower-cookie", 12)],
        ),
        (
            "a_b",
            "- {name: 'c d', in: header, schema: {type: string}}",
            "",
            OK,
            "",
            &[("lower-header-name", 12)],
        ),
        (
            "a_b",
            "- {name: c, in: query, style: deepObject, schema: {type: object}}",
            "",
            OK,
            "",
            &[("lower-style", 12), ("lower-parameter-schema", 12)],
        ),
        (
            "a_b",
            "- {name: c, in: query, schema: {type: array, items: {type: array, items: {type: string}}}}",
            "",
            OK,
            "",
            &[("lower-parameter-schema", 12)],
        ),
        (
            "a_b",
            "- {name: c, in: query, content: {text/plain: {schema: {type: string}}}}",
            "",
            OK,
            "",
            &[("lower-parameter-content", 12)],
        ),
        (
            "a_b",
            "- {name: send, in: query, schema: {type: string}}",
            "",
            OK,
            "",
            &[("lower-parameter-name", 12)],
        ),
        (
            "a_b",
            "- {name: A, in: query, schema: {type: string}}",
            "",
            OK,
            "",
            &[("lower-parameter-name", 12)],
        ),
        ("new", "", "", OK, "", &[("lower-operation-name", 6)]),
        ("a_b", "", form, OK, "", &[("lower-form", 13)]),
        ("a_b", "", &bodies, OK, "", &[("lower-media-types", 13)]),
        ("a_b", "", "", &two_successes, "", &[("lower-answers", 14)]),
        ("a_b", "", "", &two_errors, "", &[("lower-answers", 14)]),
        ("a_b", "", "", &mixed, "", &[("lower-media-types", 14)]),
        (
            "a_b",
            "",
            "",
            "4XX: {description: No.}",
            "",
            &[("lower-no-success", 6)],
        ),
        (
            "a_b",
            "",
            "",
            OK,
            "A: {type: object, patternProperties: {'^a': {type: string}}}",
            &[("lower-keyword", 16)],
        ),
        (
            "a_b",
            "",
            "",
            OK,
            "A: {if: {type: string}}",
            &[("lower-keyword", 16)],
        ),
    ];
    for (id, parameters, body, responses, schemas, expected) in cases {
        // A slice has only the schemas that it uses.
        let schema = if schemas.is_empty() {
            ""
        } else {
            "{$ref: '#/components/schemas/A'}"
        };
        let responses = match schema {
            "" => (*responses).to_owned(),
            schema => format!("'200': {{description: It., {}}}", json(schema)),
        };
        let document = one(id, parameters, body, &responses, schemas);
        let mut found = refused(&document);
        found.sort_by_key(|(rule, _)| expected.iter().position(|(expected, _)| expected == rule));
        assert_eq!(
            found, *expected,
            "{parameters} {body} {responses} {schemas}"
        );
    }
}

#[test]
fn two_schemas_that_would_get_one_name_are_told() {
    let schemas = "A: {type: object, properties: {b: {type: object, properties: {c: {type: string}}}}}, AB: {type: string}";
    let responses = "'200': {description: It., content: {application/json: {schema: {type: object, properties: {a: {$ref: '#/components/schemas/A'}, b: {$ref: '#/components/schemas/AB'}}}}}}";
    let found = refused(&one("x_y", "", "", responses, schemas));
    assert!(
        !found.is_empty()
            && found
                .iter()
                .all(|finding| *finding == ("schema-name-taken", 16)),
        "{found:?}"
    );
}

#[test]
fn vendor_json_and_ranges_and_default_are_lowered() {
    let problem = "{description: No., content: {application/problem+json: {schema: {$ref: '#/components/schemas/P'}}}}";
    let responses = format!(
        "2XX: {{description: It., content: {{application/vnd.one.v1+json: {{schema: {{type: integer}}}}}}}}, default: {problem}"
    );
    let document = one(
        "a_b",
        "",
        "",
        &responses,
        "P: {type: object, required: [code], properties: {code: {type: string}}}",
    );
    let lowered = lower(&document).unwrap();
    let answers = &lowered.json["paths"]["/a/{a}"]["post"]["responses"];
    assert!(
        answers["2XX"]["content"]["application/json"].is_object(),
        "{answers}"
    );
    for range in ["4XX", "5XX"] {
        assert_eq!(
            answers[range]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/P"
        );
    }
    assert!(answers.get("default").is_none());
    assert_eq!(refused(&document), []);
}
