//! Answers: statuses, typed headers, media types, replays, problems.

use crm_codegen_exercise::v1::server::operations::{self, OPERATIONS};
use crm_codegen_exercise::v1::server::things;
use crm_codegen_exercise::v1::types::{JobFields, RECORD_TYPES, Record};
use crm_codegen_exercise::{MEDIA, codes};
use crm_runtime::server::{ErrorCode, Reply as _};
use crm_runtime::{RecordFields, negotiate};
use serde_json::{Value, json};

use crate::harness::{ID, call, get, send, thing};

fn named(name: &str) -> String {
    json!({"name": name, "shape": {"form": "circle", "radius": 1}}).to_string()
}

#[tokio::test]
async fn several_successes_have_a_status_and_headers_each() {
    let created = send("POST", "/things", &named("new")).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        (created.header("location"), created.header("etag")),
        ("/things/1", "\"1\"")
    );
    assert_eq!(
        created.header("content-type"),
        "application/vnd.shapes.v1+json"
    );
    assert_eq!(created.json()["state"], "broken");
    assert_eq!(created.json()["parent"], Value::Null);
    let old = send("POST", "/things", &named("old")).await;
    assert_eq!((old.status, old.header("location")), (200, ""));
}

#[tokio::test]
async fn a_stored_answer_is_sent_as_it_was() {
    let reply = send("POST", "/things", &named("again")).await;
    assert_eq!((reply.status, reply.text.as_str()), (201, "{\"stored\":1}"));
    assert_eq!(reply.header("idempotent-replayed"), "true");
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.shapes.v1+json"
    );
}

#[test]
fn an_answer_is_kept_as_it_is_sent() {
    let answer = things::CreateResponse::from(things::CreateCreated {
        body: thing(),
        location: "/x".into(),
        e_tag: None,
    });
    let kept = answer.store().unwrap();
    assert_eq!(
        (kept.status, kept.headers),
        (201, vec![("location".to_owned(), "/x".to_owned())])
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&kept.body).unwrap()["created_at"],
        7
    );
}

#[tokio::test]
async fn not_modified_and_no_content_have_no_body() {
    let reply = call(
        "GET",
        &format!("/things/{ID}"),
        &[("if-none-match", "\"7\"")],
        "",
    )
    .await;
    assert_eq!(
        (
            reply.status,
            reply.text.as_str(),
            reply.header("content-type")
        ),
        (304, "", "")
    );
    let gone = call(
        "DELETE",
        &format!("/things/{ID}"),
        &[("idempotency-key", "k")],
        "",
    )
    .await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert!(gone.asked().contains(r#"idempotency_key: Some("k")"#));
}

#[tokio::test]
async fn headers_are_typed() {
    let reply = call("GET", "/things", &[("X-Zone", "Europe/Berlin")], "").await;
    assert_eq!((reply.header("x-total"), reply.header("x-next")), ("1", ""));
}

#[tokio::test]
async fn problems_carry_code_context_and_request_id() {
    let taken = send("POST", "/things", &named("taken")).await;
    assert_eq!(taken.status, 409);
    assert_eq!(
        taken.json(),
        json!({"code": "TAKEN", "message": "There is one.", "context": {"name": "taken", "request_id": "r-1"}})
    );
    let busy = send("POST", "/things", &named("busy")).await;
    assert_eq!((busy.status, busy.header("retry-after")), (429, "3"));
    let refused = call("GET", "/things", &[("x-refuse", "1")], "").await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, "Bearer")
    );
    assert_eq!(refused.header("x-finished"), "things_list refused");
    assert!(refused.bodies.is_empty());
}

#[tokio::test]
async fn the_gate_has_the_last_touch_on_every_answer() {
    assert_eq!(
        get(&format!("/things/{ID}")).await.header("x-finished"),
        "things_get admitted"
    );
    assert_eq!(
        get("/things/x").await.header("x-finished"),
        "things_get admitted"
    );
    assert_eq!(
        send("POST", "/things", "{").await.header("x-finished"),
        "things_create admitted"
    );
}

#[tokio::test]
async fn stored_json_goes_out_unread() {
    let reply = get("/records/job").await;
    let expected =
        format!(r#"{{"items":[{{"id":"{ID}","fields":{{"b": 1,  "a": 2}}}}],"next_cursor":null}}"#);
    assert_eq!(reply.text, expected);
}

#[tokio::test]
async fn other_media_types_are_sent_as_documented() {
    let text = get("/text").await;
    assert_eq!(
        (text.header("content-type"), text.text.as_str()),
        ("text/plain", "plain")
    );
    let stream = get("/stream").await;
    assert_eq!(
        (stream.header("content-type"), stream.text.as_str()),
        ("text/event-stream", "data: 1\n\n")
    );
}

#[test]
fn operations_are_data() {
    assert_eq!(OPERATIONS.len(), 14);
    let list = &operations::THINGS_LIST;
    assert_eq!(
        (list.method, list.path, list.permission),
        ("GET", "/things", Some("things.read"))
    );
    assert_eq!(list.security[1].scopes, ["things:read"]);
    let fetch = &operations::THINGS_FETCH;
    assert_eq!(
        (fetch.permission, fetch.no_permission),
        (None, Some("Whoever is signed in may fetch."))
    );
    let permissions: Vec<_> = operations::PERMISSIONS
        .iter()
        .map(|permission| (permission.name, permission.scope))
        .collect();
    assert_eq!(
        permissions,
        [("things.read", Some("things:read")), ("things.write", None)]
    );
    let mut codes: Vec<_> = things::ListError::ALL
        .iter()
        .map(|one| one.code())
        .collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "FORBIDDEN",
            "INTERNAL",
            "RATE_LIMITED",
            "UNAUTHENTICATED",
            "VALIDATION_FAILED"
        ]
    );
    assert!(operations::THINGS_CREATE.takes_idempotency_key);
    assert_eq!(
        operations::BODIES_STREAM.body,
        crm_runtime::server::BodyRule::None
    );
    assert_eq!(operations::BODIES_STREAM.produces, ["text/event-stream"]);
    let deprecation = operations::THINGS_DELETE.deprecation.as_ref().unwrap();
    assert_eq!(deprecation.deprecated_at, Some(1_769_817_600));
    assert_eq!(
        deprecation.sunset_date,
        Some("Tue, 30 Jun 2026 00:00:00 GMT")
    );
    assert_eq!(deprecation.replacement, Some("PATCH /things/{id}"));
}

#[test]
fn codes_have_their_status() {
    assert_eq!(codes::Code::from(codes::Taken).status().as_u16(), 409);
    assert_eq!(
        things::CreateError::from(codes::WriteCode::IdempotencyKeyReused).code(),
        "IDEMPOTENCY_KEY_REUSED"
    );
}

#[test]
fn record_types_are_typed_and_data() {
    assert_eq!(JobFields::TYPE, "job");
    let record: Record<JobFields> = serde_json::from_value(
        json!({"id": ID, "fields": {"title": "Leak", "due": null, "colour": "red"}}),
    )
    .unwrap();
    assert_eq!(record.fields.due, Some(None));
    assert_eq!(record.fields.other["colour"], "red");
    let (name, schema) = RECORD_TYPES[0];
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert_eq!(name, "job");
    assert_eq!(
        schema["properties"]["state"]["x-extensible-enum"][1],
        "in_use"
    );
    assert_eq!(schema["properties"]["state"]["x-field"]["type"], "select");
}

#[test]
fn the_version_is_negotiated_by_media_type() {
    let picked = negotiate(Some("application/vnd.shapes.v1+json"), &MEDIA).unwrap();
    assert_eq!((picked.version, picked.asked_for_vendor_type), (1, true));
}
