//! Both versions side by side through the whole API: they differ only as the contract says.

use serde_json::json;

use super::*;
use crate::testing::api::{Api, Reply};

const V2: &str = "application/vnd.crm.v2+json";

/// An API with more than one page in every list, and an owner's token.
fn filled() -> (Api, String) {
    let api = Api::default();
    let owner = api.owner();
    for n in 0..5 {
        api.user(
            crate::testing::api::TENANT,
            &format!("u{n}@alderfinch.example"),
            &["readonly"],
        );
        let item = json!({"fields": {"name": format!("Item {n}"), "unit_price": {"amount": n, "currency": "GBP"}}});
        api.post("/records/price_item", &owner, item).expect(201);
        let key = json!({"name": format!("Key {n}"), "scopes": ["records:read"]});
        api.post("/api-keys", &owner, key).expect(201);
    }
    (api, owner)
}

fn newest(api: &Api, path: &str, token: &str) -> Reply {
    let call = api.call("GET", path).token(token);
    call.header("accept", V2).send()
}

fn lists(api: &Api, owner: &str) -> Vec<String> {
    let items = api.get("/records/price_item?limit=1", owner).expect(200);
    let id = items["items"][0]["id"].as_str().unwrap().to_owned();
    for n in 0..4 {
        let change = json!({"fields": {"name": format!("Renamed {n}")}});
        api.call("PATCH", &format!("/records/price_item/{id}"))
            .token(owner)
            .json(change)
            .send()
            .expect(200);
    }
    let mut lists: Vec<String> = [
        "/records/price_item?sort=-name",
        "/search?q=item",
        "/object-types?",
        "/object-types/job/fields?",
        "/users?",
        "/roles?",
        "/api-keys?",
        "/deprecations?",
        "/deprecations/usage?",
    ]
    .map(str::to_owned)
    .into();
    lists.push(format!("/records/price_item/{id}/history?"));
    lists
}

#[test]
fn a_list_has_the_same_items_in_both_versions() {
    let (api, owner) = filled();
    for list in lists(&api, &owner) {
        let path = format!("{list}&limit=2");
        let (first, second) = (api.get(&path, &owner), newest(&api, &path, &owner));
        first.expect(200);
        let page = second.expect(200);
        // Byte for byte: the answer of version 1 is that of version 2 with a different end.
        let (items, end) = first.text.rsplit_once(",\"next_cursor\":").unwrap();
        let (same, page_end) = second.text.rsplit_once(",\"page\":").unwrap();
        assert_eq!(items, same, "{list}");
        assert_eq!(end, format!("{}}}", page["page"]["next"]), "{list}");
        let links = format!("{{\"next\":{},\"previous\":null}}}}", page["page"]["next"]);
        assert_eq!(page_end, links, "{list}: nothing is counted unasked");
        assert_eq!(second.header("content-type"), V2);
        // A cursor is valid in both versions.
        if let Some(cursor) = page["page"]["next"].as_str() {
            let next = format!("{path}&cursor={cursor}");
            let (first, second) = (api.get(&next, &owner), newest(&api, &next, &owner));
            assert_eq!(first.expect(200)["items"], second.expect(200)["items"]);
        }
    }
}

#[test]
fn every_list_is_walked_back_and_counted() {
    let (api, owner) = filled();
    for list in lists(&api, &owner) {
        let whole = newest(&api, &list, &owner).expect(200);
        let path = format!("{list}&limit=2");
        let mut pages = vec![newest(&api, &path, &owner).expect(200)];
        while let Some(cursor) = pages[pages.len() - 1]["page"]["next"].as_str() {
            pages.push(newest(&api, &format!("{path}&cursor={cursor}"), &owner).expect(200));
        }
        let mut back = pages.pop().unwrap();
        while let Some(expected) = pages.pop() {
            let cursor = back["page"]["previous"].as_str().unwrap().to_owned();
            back = newest(&api, &format!("{path}&cursor={cursor}"), &owner).expect(200);
            assert_eq!(back["items"], expected["items"], "{list}");
        }
        assert_eq!(back["page"]["previous"], Json::Null, "{list}");
        let counted = format!("{path}&total=true");
        let old = api.get(&counted, &owner);
        assert_eq!(old.refusal(), (400, "VALIDATION_FAILED".into()), "{list}");
        let counted = newest(&api, &counted, &owner);
        if list.starts_with("/search") {
            assert_eq!(counted.refusal(), (400, "VALIDATION_FAILED".into()));
            continue;
        }
        let items = whole["items"].as_array().unwrap().len();
        assert_eq!(counted.expect(200)["page"]["total"], items, "{list}");
    }
}

#[test]
fn every_refusal_has_the_form_of_its_version() {
    let (api, owner) = filled();
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("PUT", "/users", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/users?colour=red", 400, "VALIDATION_FAILED"),
        ("GET", "/users?cursor=x", 400, "CURSOR_INVALID"),
        ("POST", "/users", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ] {
        let call = || {
            let call = api.call(method, path).token(&owner);
            call.header("content-type", "text/plain")
                .bytes(match method {
                    "POST" => "x",
                    _ => "",
                })
        };
        let old = call().send();
        let new = call().header("accept", V2).send();
        assert_eq!(old.refusal(), (status, code.into()));
        assert_eq!(new.refusal(), (status, code.into()));
        assert_eq!(
            (old.header("content-type"), new.header("content-type")),
            ("application/json", "application/problem+json")
        );
        let (old, new) = (old.json(), new.json());
        let names = |body: &Json| {
            body.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&old), ["code", "context", "message"]);
        assert_eq!(
            names(&new),
            [
                "code", "context", "detail", "instance", "status", "title", "type"
            ]
        );
        if code != "UNSUPPORTED_MEDIA_TYPE" {
            assert_eq!(new["detail"], old["message"]);
        }
        assert_eq!(new["type"], format!("/docs#code-{code}"));
        assert_eq!(new["status"], status);
        let id = new["context"]["request_id"].as_str().unwrap();
        assert_eq!(new["instance"], format!("urn:uuid:{id}"));
    }
}

#[test]
fn an_unknown_version_is_refused_with_the_list_of_them() {
    let api = Api::default();
    let refused = api
        .call("GET", "/health")
        .header("accept", "application/vnd.crm.v99+json")
        .send();
    assert_eq!(refused.refusal(), (406, "VERSION_UNSUPPORTED".into()));
    assert_eq!(
        refused.json()["context"]["supported"],
        json!(["application/vnd.crm.v1+json", V2, "application/json"])
    );
    assert_eq!(refused.header("content-type"), "application/json");
}

#[test]
fn a_batch_tells_of_its_refusals_in_the_form_of_its_version_and_does_so_again() {
    let (api, owner) = filled();
    let body = json!({"mode": "per_item", "operations": [
        {"op": "create", "type": "price_item", "fields": {"name": "A", "unit_price": {"amount": 1, "currency": "GBP"}}},
        {"op": "create", "type": "price_item", "fields": {"name": 7}},
    ]});
    let send = |accept: &str, key: &str| {
        api.call("POST", "/records/batch")
            .token(&owner)
            .header("accept", accept)
            .header("idempotency-key", key)
            .json(body.clone())
            .send()
    };
    for (accept, key, message) in [("application/json", "a", "message"), (V2, "b", "detail")] {
        let first = send(accept, key);
        let error = &first.expect(200)["results"][1]["error"];
        assert_eq!(error["code"], "FIELD_INVALID");
        assert!(error[message].is_string(), "{error}");
        assert_eq!(error.get("type").is_some(), accept == V2, "{error}");
        assert!(error["context"]["request_id"].is_string(), "{error}");
        let again = send(accept, key);
        assert_eq!(again.text, first.text);
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    // A repeat in the other version is a different request.
    assert_eq!(
        send(V2, "a").refusal(),
        (422, "IDEMPOTENCY_KEY_REUSED".into())
    );
}

#[test]
fn what_was_stored_before_there_was_a_second_version_is_answered_as_it_is() {
    let body = r#"{"results":[{"status":422,"error":{"code":"FIELD_INVALID","message":"No.","context":{}}}]}"#;
    let stored = StoredAnswer {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
    };
    assert_eq!(replayed(stored.clone()), stored);
}
