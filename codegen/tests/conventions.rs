//! A contract that keeps every convention, and for each rule a change that breaks it. The findings are snapshots
//! (`snapshots/`): people read them, so their wording is reviewed too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/support.rs"]
mod support;

use support::{Case, clean, findings, render, uncovered};

const CASES: &[Case] = &[
    (
        "operation-id",
        "operationId: notes_list",
        "operationId: listNotes",
    ),
    (
        "operation-id",
        "operationId: notes_list",
        "operationId: note_list",
    ),
    ("operation-id", "      operationId: notes_list\n", ""),
    (
        "operation-tag",
        "operationId: notes_list\n      tags: [notes]",
        "operationId: notes_list\n      tags: [notes, auth]",
    ),
    ("operation-tag", "      tags: [auth]\n", "      tags: []\n"),
    (
        "operation-tag",
        "  - name: auth\n    description: Signing in.\n",
        "",
    ),
    (
        "method",
        "    patch:\n      operationId: notes_update",
        "    put:\n      operationId: notes_update",
    ),
    ("error-code-common", "status: 412", "status: 409"),
    (
        "tag-unused",
        "tags:\n",
        "tags:\n  - {name: more, description: More.}\n",
    ),
    ("tag-description", "    description: Signing in.\n", ""),
    ("operation-summary", "      summary: List notes\n", ""),
    (
        "operation-security",
        "      security:\n        - portal: []\n",
        "",
    ),
    ("operation-consumers", "      x-consumers: [portal]\n", ""),
    (
        "operation-error-codes",
        "      x-error-codes: [CURSOR_INVALID]\n",
        "",
    ),
    (
        "operation-error-codes",
        "x-error-codes: [NOT_FOUND]",
        "x-error-codes: []",
    ),
    (
        "idempotency-key",
        "      x-permission: notes.write\n      x-consumers: [mobile]\n      x-error-codes: []\n      parameters:\n        - {$ref: '#/components/parameters/IdempotencyKey'}\n",
        "      x-permission: notes.write\n      x-consumers: [mobile]\n      x-error-codes: []\n",
    ),
    (
        "idempotency-key",
        "      x-error-codes: [CURSOR_INVALID]\n      parameters:\n",
        "      x-error-codes: [CURSOR_INVALID]\n      parameters:\n        - {$ref: '#/components/parameters/IdempotencyKey'}\n",
    ),
    (
        "idempotency-key",
        "      name: Idempotency-Key\n",
        "      name: Idempotency-Key\n      required: true\n",
    ),
    (
        "if-match",
        "        - name: If-Match\n          in: header\n          description: The ETag that the change was decided on.\n          schema: {type: string}\n",
        "",
    ),
    (
        "method-body",
        "      x-consumers: [portal]\n",
        "      x-consumers: [portal]\n      requestBody: {content: {application/json: {schema: {type: string}, example: a}}}\n",
    ),
    (
        "patch-default",
        "text: {type: [string, 'null'], maxLength: 1000}",
        "text: {type: [string, 'null'], maxLength: 1000, default: none}",
    ),
    (
        "scope-form",
        "        - user: []\n        - key: [\"notes:read\"]",
        "        - user: []\n        - key: [\"read\"]",
    ),
    (
        "scope-unknown",
        "        - user: []\n        - key: [\"notes:read\"]",
        "        - user: [\"notes:read\"]\n        - key: [\"notes:reed\"]",
    ),
    (
        "scheme-place",
        "        - portal: []\n",
        "        - portal: []\n        - user: []\n",
    ),
    (
        "scheme-place",
        "        - user: []\n        - key: [\"notes:read\"]",
        "        - user: []\n        - portal: []",
    ),
    (
        "permission-unknown",
        "x-permission: notes.write",
        "x-permission: notes.writes",
    ),
    (
        "permission-unknown",
        "x-permissions:\n",
        "x-permission-words:\n",
    ),
    (
        "permission-unknown",
        "      security: []\n",
        "      security: []\n      x-permission: notes.read\n",
    ),
    ("permission-missing", "      x-permission: notes.read\n", ""),
    (
        "permission-missing",
        "      x-no-permission: Readers see what was published.\n",
        "",
    ),
    (
        "permission-missing",
        "      x-no-permission: Readers see what was published.\n",
        "      x-no-permission: Readers see what was published.\n      x-permission: notes.read\n",
    ),
    (
        "exemption",
        "      x-no-permission: Readers see what was published.\n",
        "      x-no-permission: ''\n",
    ),
    (
        "exemption",
        "      security: []\n",
        "      security: []\n      x-no-permission: It is public.\n",
    ),
    (
        "scope-missing",
        "        - key: [\"notes:write\"]",
        "        - key: []",
    ),
    (
        "scope-missing",
        "        - key: [\"notes:write\"]",
        "        - key: [\"notes:read\"]",
    ),
    (
        "scope-missing",
        "  notes.write: {description: Write notes., scope: 'notes:write'}",
        "  notes.write: {description: Write notes.}",
    ),
    (
        "permission-form",
        "  notes.read: {description: Read notes., scope: 'notes:read'}",
        "  notes.read: {text: Read notes., scope: 'notes:read'}",
    ),
    (
        "permission-scope",
        "  notes.read: {description: Read notes., scope: 'notes:read'}",
        "  notes.read: {description: Read notes., scope: 'notes:reed'}",
    ),
    (
        "consumer-name",
        "x-consumers: [portal]",
        "x-consumers: [Portal, webb]",
    ),
    ("path-version", "  /portal/notes:", "  /portal/v1/notes:"),
    (
        "path-version",
        "  - url: /\n",
        "  - url: https://example.com/v2\n",
    ),
    ("path-form", "  /portal/notes:", "  /portal/allNotes/:"),
    ("path-form", "  /notes/{id}:", "  /notes/{id}.json:"),
    (
        "parameter-name",
        "        - name: colour\n",
        "        - name: theColour\n",
    ),
    (
        "parameter-name",
        "        - name: If-None-Match\n",
        "        - name: if_none\n",
    ),
    (
        "parameter-name",
        "        - name: If-None-Match\n",
        "        - name: accept\n",
    ),
    (
        "parameter-name",
        "        - name: colour\n          in: query",
        "        - name: colour\n          in: cookie",
    ),
    (
        "parameter-description",
        "          description: Only notes of that colour.\n",
        "",
    ),
    (
        "fields",
        "        - {$ref: '#/components/parameters/Cursor'}\n        - {$ref: '#/components/parameters/Fields'}\n",
        "        - {$ref: '#/components/parameters/Cursor'}\n",
    ),
    (
        "response-default",
        "              examples:\n                some: {value: {count: 3}}\n        4XX",
        "              examples:\n                some: {value: {count: 3}}\n        default",
    ),
    (
        "response-error",
        "              examples:\n                some: {value: {count: 3}}\n",
        "              examples:\n                some: {value: {count: 3}}\n        \"404\": {$ref: '#/components/responses/Problem'}\n",
    ),
    (
        "response-range",
        "              examples:\n                some: {value: {count: 3}}\n",
        "              examples:\n                some: {value: {count: 3}}\n        3XX: {description: Elsewhere, headers: *usual}\n",
    ),
    (
        "problem-shape",
        "      required: [code, message, context]",
        "      required: [code, message]",
    ),
    (
        "response-success",
        "        \"200\":\n          description: How many",
        "        \"304\":\n          description: How many",
    ),
    (
        "response-body",
        "        \"200\":\n          description: How many",
        "        \"204\":\n          description: How many",
    ),
    (
        "response-body",
        "        \"204\":\n          description: Written",
        "        \"200\":\n          description: Written",
    ),
    (
        "json-only",
        "          content:\n            application/json:\n              schema:\n                type: object\n                required: [count]",
        "          content:\n            application/xml:\n              schema:\n                type: object\n                required: [count]",
    ),
    (
        "exemption",
        "      x-no-idempotency-key: Nobody is signed in yet.\n",
        "      x-no-idempotency-key: true\n",
    ),
    (
        "exemption",
        "      summary: List notes\n",
        "      summary: List notes\n      x-no-idempotency-key: It writes nothing.\n",
    ),
    (
        "exemption",
        "      summary: List notes\n",
        "      summary: List notes\n      x-not-json: It could be something else.\n",
    ),
    (
        "idempotency-key",
        "      x-no-idempotency-key: Nobody is signed in yet.\n",
        "",
    ),
    (
        "json-only",
        "            schema: {type: array, maxItems: 10, items: {$ref: '#/components/schemas/NoteCreate'}}\n",
        "",
    ),
    (
        "response-headers",
        "        Retry-After: {$ref: '#/components/headers/Text'}\n",
        "",
    ),
    (
        "response-headers",
        "            Sunset: {$ref: '#/components/headers/Text'}\n",
        "",
    ),
    (
        "caching",
        "            ETag: {$ref: '#/components/headers/Text'}\n",
        "",
    ),
    (
        "list-offset",
        "        - name: colour\n",
        "        - name: offset\n",
    ),
    (
        "list-shape",
        "              schema: {$ref: '#/components/schemas/NotePage'}\n              examples:\n                empty: {value: {items: [], next_cursor: null}}",
        "              schema: {type: array, items: {type: string}}\n              examples:\n                empty: {value: []}",
    ),
    (
        "list-shape",
        "        next_cursor: {type: [string, 'null']}",
        "        next_cursor: {type: string}",
    ),
    (
        "list-shape",
        "      required: [items, next_cursor]\n      properties:\n        items: {type: array, items: {$ref: '#/components/schemas/Note'}}\n        next_cursor: {type: [string, 'null']}",
        "      properties:\n        items: {type: array, items: {$ref: '#/components/schemas/Note'}}\n        next_cursors: {type: string}",
    ),
    (
        "list-limit",
        "maximum: 200, default: 50",
        "maximum: 500, default: 50",
    ),
    (
        "list-total",
        "        - name: colour\n          in: query\n",
        "        - {name: total, in: query, description: Count., schema: {type: boolean}}\n        - name: colour\n          in: query\n",
    ),
    (
        "list-cursor",
        "      name: cursor\n",
        "      name: cursor\n      required: true\n",
    ),
    (
        "list-parameters",
        "        - {$ref: '#/components/parameters/Limit'}\n",
        "",
    ),
    (
        "schema-name",
        "    NoteUpdate:\n",
        "    note_update_2:\n      type: object\n    NoteUpdate:\n",
    ),
    (
        "schema-name-taken",
        "    NoteUpdate:\n",
        "    Error:\n      type: object\n    NoteUpdate:\n",
    ),
    (
        "schema-name-taken",
        "    NoteUpdate:\n",
        "    noteUpdate:\n      type: object\n    NoteUpdate:\n",
    ),
    (
        "type-parameter",
        "      description: A note.\n",
        "      description: A note.\n      x-type-parameter: field\n",
    ),
    (
        "unsupported",
        "        text: {type: [string, 'null'], maxLength: 1000}",
        "        text: {type: [string, 'null'], maxLenght: 1000, not: {const: a}}",
    ),
    (
        "unsupported",
        "      x-consumers: [portal]\n",
        "      x-consumers: [portal]\n      callbacks: {}\n",
    ),
    (
        "property-name",
        "        token: {type: string}\n",
        "        token: {type: string}\n        theToken: {type: string}\n",
    ),
    (
        "integer-bounds",
        "format: int32, minimum: 0",
        "format: int64, minimum: 0",
    ),
    (
        "integer-bounds",
        "format: int32, minimum: 0",
        "minimum: 0, maximum: 9007199254740992",
    ),
    (
        "format-unknown",
        "        token: {type: string}\n",
        "        token: {type: string, format: jwt}\n",
    ),
    (
        "format-unknown",
        "format: int32, minimum: 0",
        "format: long, minimum: 0, maximum: 9",
    ),
    (
        "time-text",
        "        token: {type: string}\n",
        "        token: {type: string}\n        since: {type: string, format: date-time}\n        due_date: {type: string}\n",
    ),
    (
        "time-integer",
        "        expires_at: {type: integer, format: int64, minimum: 0, maximum: 9007199254740991}\n",
        "        expires_at: {type: integer, format: int32}\n",
    ),
    (
        "money-shape",
        "      required: [amount, currency]\n",
        "      required: [amount]\n",
    ),
    (
        "money-shape",
        "        price: {$ref: '#/components/schemas/Money'}",
        "        price: {type: number}",
    ),
    (
        "id-form",
        "        token: {type: string}\n",
        "        token: {type: string}\n        user_id: {type: string, format: uuid}\n",
    ),
    (
        "enum-extensible",
        "x-extensible-enum: [plain, rich]",
        "x-extensible-enum: [plain, rich], enum: [plain]",
    ),
    (
        "enum-extensible",
        "kind: {type: string, x-extensible-enum: [plain, rich]}",
        "kind: {type: integer, format: int32, x-extensible-enum: []}",
    ),
    ("enum-closed", "          x-closed: true\n", ""),
    (
        "enum-closed",
        "          description: Whether it is done. There is no third.\n",
        "",
    ),
    (
        "enum-null",
        "          type: string\n          enum: [open, done]",
        "          type: [string, 'null']\n          enum: [open, done]",
    ),
    (
        "discriminator",
        "        kind: {const: word}",
        "        kind: {const: wort}",
    ),
    (
        "discriminator",
        "      required: [kind, word]",
        "      required: [word]",
    ),
    (
        "discriminator",
        "      discriminator:\n        propertyName: kind\n        mapping:\n          word: '#/components/schemas/WordGrant'\n          key: KeyGrant\n",
        "",
    ),
    (
        "example-missing",
        "            examples:\n              one: {value: [{text: Hello}]}\n",
        "",
    ),
    (
        "example-valid",
        "value: {text: Hello, price: {amount: 100, currency: EUR}}",
        "value: {texts: Hello, price: {amount: 1.5, currency: euro}}",
    ),
    (
        "example-valid",
        "      example: id,text\n",
        "      example: [id]\n",
    ),
    (
        "example-valid",
        "                    id: 0198c5a4-7c1e-7000-8000-000000000001\n",
        "                    id: 0198c5a4-7c1e-4000-8000-000000000001\n",
    ),
    (
        "default-valid",
        "maximum: 200, default: 50",
        "maximum: 200, default: 500",
    ),
    (
        "deprecation",
        "          x-sunset: \"2027-03-01\"\n          schema",
        "          schema",
    ),
    ("deprecation", "          deprecated: true\n", ""),
    (
        "deprecation",
        "kind: {type: string, x-extensible-enum: [plain, rich]}",
        "kind: {type: string, x-extensible-enum: [plain, rich], x-deprecated-values: {rich: {x-deprecated-at: \"2026-11-01\"}, old: {x-deprecated-at: \"2026-11-01\", x-sunset: \"2027-03-01\"}}}",
    ),
    (
        "deprecation-notice",
        "kind: {type: string, x-extensible-enum: [plain, rich]}",
        "kind: {type: string, x-extensible-enum: [plain, rich], x-deprecated-values: {rich: {x-deprecated-at: \"2026-11-01\", x-sunset: \"2026-12-01\"}}}",
    ),
    ("deprecation", "      x-replacement: notes_create\n", ""),
    (
        "deprecation-notice",
        "          x-sunset: \"2027-03-01\"\n          schema",
        "          x-sunset: \"2027-01-29\"\n          schema",
    ),
    (
        "record-type",
        "      x-record-type: visit\n      additionalProperties: true\n",
        "      x-record-type: the Visit\n      required: [title]\n",
    ),
    (
        "record-type-reserved",
        "      x-record-type: visit\n",
        "      x-record-type: batch\n",
    ),
    (
        "record-field",
        "x-field: {type: text, label: Title}",
        "x-field: {type: txt, merge: first}",
    ),
    (
        "record-field",
        "x-field: {type: relation, label: Note, target: visit}",
        "x-field: {type: relation, label: Note, target: visits}",
    ),
    (
        "gone",
        "  GONE: {status: 410, applies: router",
        "  GONE: {status: 404, applies: router",
    ),
    (
        "gone",
        "x-gone:\n",
        "x-gone:\n  - {method: GET, path: /memos, operation: memos_all, deprecated_at: \"2026-01-31\", sunset: \"2026-03-31\"}\n",
    ),
    (
        "gone",
        "path: /memos, operation: memos_list",
        "path: \"/notes/{note}\", operation: memos_list",
    ),
    (
        "gone",
        "replacement: notes_list}",
        "replacement: memos_search}",
    ),
    (
        "extension-misspelt",
        "      x-permission: notes.write\n",
        "      x-permision: notes.write\n",
    ),
];

#[test]
fn the_clean_contract_breaks_no_rule() {
    let found = findings("clean.yaml", clean().as_bytes());
    assert!(found.is_empty(), "{}", render(&found));
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let mut golden = String::new();
    for (rule, find, replace) in CASES {
        let source = clean();
        assert!(
            source.contains(find),
            "{rule}: the clean contract does not hold {find:?}"
        );
        let found = findings("clean.yaml", source.replacen(find, replace, 1).as_bytes());
        assert!(
            found.iter().any(|diagnostic| diagnostic.rule == *rule),
            "{rule} is not found:\n{}",
            render(&found)
        );
        golden.push_str(&format!("## {rule}\n{}\n", render(&found)));
    }
    insta::assert_snapshot!("conventions", golden);
}

#[test]
fn no_rule_is_without_a_case() {
    let missing = uncovered("src/lint", CASES.iter().map(|(rule, _, _)| *rule));
    assert!(missing.is_empty(), "{missing:?}");
}
