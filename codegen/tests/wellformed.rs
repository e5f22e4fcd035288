//! Faults of form, independent of the conventions: for each rule of the reader a document that breaks it. The findings
//! are snapshots.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/support.rs"]
mod support;

use crm_codegen::document;
use support::{Case, clean, render, uncovered};

/// Changes of the clean contract.
const CASES: &[Case] = &[
    ("openapi-version", "openapi: 3.1.0", "openapi: 2.0.0"),
    ("missing", "openapi: 3.1.0\n", ""),
    ("missing", "  title: Notes\n", ""),
    ("version", "version: \"1.0.0\"", "version: next"),
    ("kind", "version: \"1.0.0\"", "version: 1.0"),
    ("kind", "tags:\n", "security: {user: []}\ntags:\n"),
    (
        "unknown-field",
        "      summary: List notes\n",
        "      sumary: List notes\n",
    ),
    ("duplicate-tag", "tags:\n", "tags:\n  - name: notes\n"),
    (
        "gone-entry",
        "{method: get, path: /memos, operation",
        "{method: fetch, path: memos, since: always, operation",
    ),
    (
        "component-name",
        "    NoteUpdate:\n",
        "    Note Update:\n      type: object\n    NoteUpdate:\n",
    ),
    (
        "security-combination",
        "        - user: []\n        - key: [\"notes:read\"]",
        "        - {user: [], key: []}\n        - {}",
    ),
    (
        "security-unknown",
        "        - portal: []\n",
        "        - portals: []\n",
    ),
    (
        "duplicate-item",
        "x-consumers: [portal]",
        "x-consumers: [portal, portal]",
    ),
    (
        "duplicate-item",
        "enum: [open, done]",
        "enum: [open, done, open]",
    ),
    (
        "reference-missing",
        "schema: {$ref: '#/components/schemas/NotePage'}",
        "schema: {$ref: '#/components/schemas/NotePages'}",
    ),
    (
        "reference-missing",
        "schema: {$ref: '#/components/schemas/NotePage'}",
        "schema: {$ref: '#/definitions/NotePage'}",
    ),
    (
        "reference-external",
        "schema: {$ref: '#/components/schemas/NotePage'}",
        "schema: {$ref: 'other.yaml#/NotePage'}",
    ),
    (
        "reference-kind",
        "schema: {$ref: '#/components/schemas/NotePage'}",
        "schema: {$ref: '#/components/parameters/Limit'}",
    ),
    (
        "reference-kind",
        "schema: {$ref: '#/components/schemas/NotePage'}",
        "schema: {$ref: '#/components/schemas/Note/properties/id'}",
    ),
    (
        "reference-cycle",
        "    Limit:\n",
        "    A: {$ref: '#/components/parameters/B'}\n    B: {$ref: '#/components/parameters/A'}\n    Limit:\n",
    ),
    (
        "reference-cycle",
        "    NoteUpdate:\n",
        "    A: {allOf: [{$ref: '#/components/schemas/B'}]}\n    B: {oneOf: [{$ref: '#/components/schemas/A'}, {type: string}]}\n    NoteUpdate:\n",
    ),
    (
        "error-code-form",
        "  VERSION_MISMATCH:",
        "  odd_code: {status: 400, description: Odd.}\n  VERSION_MISMATCH:",
    ),
    ("error-code-status", "status: 412", "status: 200"),
    (
        "error-code-applies",
        "status: 412, applies: own",
        "status: 412, applies: some",
    ),
    (
        "error-code-unknown",
        "x-error-codes: [NOT_FOUND]",
        "x-error-codes: [NOT_FOUNT]",
    ),
    (
        "error-code-implied",
        "x-error-codes: [NOT_FOUND]",
        "x-error-codes: [NOT_FOUND, INTERNAL]",
    ),
    (
        "duplicate-parameter",
        "        - name: If-None-Match\n",
        "        - {name: if-none-match, in: header, schema: {type: string}}\n        - name: If-None-Match\n",
    ),
    (
        "path-parameter-required",
        "        in: path\n        required: true\n",
        "        in: path\n",
    ),
    (
        "path-parameter-missing",
        "  /notes/{id}:",
        "  /notes/{note}:",
    ),
    (
        "path-parameter-unused",
        "  /notes/{id}:",
        "  /notes/{note}:",
    ),
    (
        "parameter-location",
        "          in: query\n          description: Only",
        "          in: body\n          description: Only",
    ),
    (
        "parameter-style",
        "          in: query\n          description: Only",
        "          in: query\n          style: simple\n          description: Only",
    ),
    (
        "parameter-style",
        "          in: query\n          description: Only",
        "          in: query\n          style: bold\n          description: Only",
    ),
    (
        "parameter-content",
        "          x-sunset: \"2027-03-01\"\n          schema: {type: string}",
        "          x-sunset: \"2027-03-01\"\n          content: {}",
    ),
    (
        "parameter-schema",
        "          x-sunset: \"2027-03-01\"\n          schema: {type: string}",
        "          x-sunset: \"2027-03-01\"",
    ),
    (
        "examples-twice",
        "            examples:\n              short: {value: {text: Bye}}",
        "            example: {text: Bye}\n            examples:\n              short: {value: {text: Bye}}",
    ),
    (
        "date",
        "x-sunset: \"2027-03-01\"\n          schema",
        "x-sunset: \"2027-02-29\"\n          schema",
    ),
    (
        "body-content",
        "          application/json:\n            schema: {$ref: '#/components/schemas/NoteUpdate'}\n            examples:\n              short: {value: {text: Bye}}\n",
        "          {}\n",
    ),
    (
        "responses",
        "      x-consumers: [portal]\n      x-error-codes: []\n      responses:\n",
        "      x-consumers: [portal]\n      x-error-codes: []\n      responses: {}\n      x-responses:\n",
    ),
    ("status", "        \"204\":", "        \"2O4\":"),
    (
        "header-name",
        "            ETag: {",
        "            \"E Tag\": {",
    ),
    (
        "duplicate-header",
        "            ETag: {",
        "            ratelimit: {$ref: '#/components/headers/Text'}\n            ETag: {",
    ),
    (
        "media-type",
        "            application/json:\n              schema:\n                type: object\n                required: [count]",
        "            json:\n              schema:\n                type: object\n                required: [count]",
    ),
    ("path", "  /portal/notes:", "  portal/notes:"),
    ("path", "  /notes/{id}:", "  /notes/{id:"),
    ("path", "  /notes/{id}:", "  /notes/{id}/{id}:"),
    (
        "duplicate-operation-id",
        "operationId: notes_update",
        "operationId: notes_get",
    ),
    ("path-collision", "  /portal/notes:", "  /notes/{other}:"),
    (
        "pattern",
        "pattern: '^[A-Z]{3}$'",
        "pattern: '^(?=A)[A-Z]{3}$'",
    ),
    (
        "pattern",
        "pattern: '^[A-Z]{3}$'",
        "pattern: '(\\w{100}){100}'",
    ),
    (
        "bounds",
        "minLength: 1, maxLength: 1000",
        "minLength: 10, maxLength: 1",
    ),
    (
        "bounds",
        "minimum: 1, maximum: 200",
        "exclusiveMinimum: 200, maximum: 200",
    ),
    (
        "bounds",
        "minimum: 1, maximum: 200",
        "minimum: 1, maximum: 200, multipleOf: 0",
    ),
    (
        "type",
        "        token: {type: string}",
        "        token: {type: text}",
    ),
    ("type", "openapi: 3.1.0", "openapi: 3.0.3"),
    (
        "nullable",
        "        token: {type: string}",
        "        token: {type: string, nullable: true}",
    ),
    ("enum", "enum: [open, done]", "enum: []"),
    (
        "keyword-without-effect",
        "        token: {type: string}",
        "        token: {type: string, minimum: 1, properties: {a: true}}",
    ),
    (
        "composition",
        "        token: {type: string}",
        "        token: {oneOf: []}",
    ),
    (
        "composition",
        "            - {type: 'null'}\n",
        "            - {type: 'null'}\n            - {type: [string, 'null']}\n",
    ),
    (
        "discriminator-mapping",
        "          key: KeyGrant",
        "          key: KeyGrants",
    ),
    (
        "discriminator-variant",
        "        - {$ref: '#/components/schemas/KeyGrant'}\n",
        "        - {$ref: '#/components/schemas/KeyGrant'}\n        - {type: string}\n",
    ),
    (
        "duplicate-key",
        "        token: {type: string}",
        "        token: {type: string}\n        token: {type: integer}",
    ),
    (
        "key-kind",
        "        token: {type: string}",
        "        ? [token]\n        : {type: string}",
    ),
    (
        "alias-cycle",
        "        token: {type: string}",
        "        token: &t {type: string, x-self: *t}",
    ),
    (
        "syntax",
        "        token: {type: string}",
        "        token: {type: string",
    ),
    (
        "several-documents",
        "x-permissions:\n",
        "---\nx-permissions:\n",
    ),
    (
        "merge-key",
        "        token: {type: string}",
        "        <<: {}\n        token: {type: string}",
    ),
    (
        "number",
        "        token: {type: string}",
        "        token: {type: string, example: .inf}",
    ),
    (
        "yaml-tag",
        "        token: {type: string}",
        "        token: {type: string, example: !date 2026-11-22}",
    ),
    ("control-character", "Sign in", "Sign \u{7} in"),
    (
        "too-much",
        "x-permissions:\n",
        "x-a: &a [1,1,1,1,1,1,1,1,1,1]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nx-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\nx-e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nx-f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\nx-permissions:\n",
    ),
];

/// Sources that cannot be made by a change of the clean contract.
fn others() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        ("empty-document", "empty.yaml", b"# nothing\n".to_vec()),
        ("kind", "text.yaml", b"just some words".to_vec()),
        (
            "not-utf8",
            "latin.yaml",
            b"openapi: 3.1.0\ninfo: {title: Caf\xe9}".to_vec(),
        ),
        (
            "syntax",
            "a.json",
            b"{\"openapi\": \"3.1.0\",\n  \"info\": {\"title\": }}".to_vec(),
        ),
        ("syntax", "b.json", b"{\"openapi\": \"\\ud800\"}".to_vec()),
        ("syntax", "c.json", b"{\"a\": 1} x".to_vec()),
        (
            "duplicate-key",
            "d.json",
            b"{\"openapi\": \"3.1.0\",\n \"openapi\": \"3.1.0\"}".to_vec(),
        ),
        ("too-deep", "deep.yaml", "[".repeat(10_000).into_bytes()),
        (
            "too-deep",
            "deep.json",
            "{\"a\":".repeat(10_000).into_bytes(),
        ),
        ("too-large", "large.yaml", vec![b'a'; 17 * 1024 * 1024]),
        ("reference-chain", "chain.yaml", chain()),
        ("key-kind", "key.yaml", b"? {a: b}\n: c".to_vec()),
    ]
}

/// Forty references, each to the next.
fn chain() -> Vec<u8> {
    let links: String = (0..40)
        .map(|n| format!("    S{n}: {{$ref: '#/components/schemas/S{}'}}\n", n + 1))
        .collect();
    let head =
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n";
    format!("{head}{links}    S40: {{type: string}}\n").into_bytes()
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let mut golden = String::new();
    let mut judge = |rule: &str, file: &str, bytes: &[u8]| {
        let found = document::read(file, bytes).diagnostics;
        assert!(
            found.iter().any(|diagnostic| diagnostic.rule == rule),
            "{rule} is not found:\n{}",
            render(&found)
        );
        golden.push_str(&format!("## {rule}\n{}\n", render(&found)));
    };
    for (rule, find, replace) in CASES {
        let source = clean();
        assert!(
            source.contains(find),
            "{rule}: the clean contract does not hold {find:?}"
        );
        judge(
            rule,
            "clean.yaml",
            source.replacen(find, replace, 1).as_bytes(),
        );
    }
    for (rule, file, bytes) in others() {
        judge(rule, file, &bytes);
    }
    insta::assert_snapshot!("wellformed", golden);
}

#[test]
fn no_rule_is_without_a_case() {
    let others = others();
    let covered = || {
        CASES
            .iter()
            .map(|(rule, _, _)| *rule)
            .chain(others.iter().map(|(rule, _, _)| *rule))
    };
    let mut missing = uncovered("src/document", covered());
    missing.extend(uncovered("src/source", covered()));
    // The rules of a contract in several files have their cases in families.rs.
    let families = include_str!("families.rs");
    missing.retain(|rule| !families.contains(&format!("[{rule}]")));
    assert!(missing.is_empty(), "{missing:?}");
}
