//! Unknown paths and methods get uniform refusals.

use serde_json::json;

use crate::harness::{ID, call, get, send};

#[tokio::test]
async fn an_unknown_method_is_405_with_allow() {
    for (method, target, allow) in [
        ("PUT", "/things".to_owned(), "GET, HEAD, POST"),
        ("POST", format!("/things/{ID}"), "GET, HEAD, PATCH, DELETE"),
        ("GET", format!("/things/{ID}/note"), "PUT"),
        ("TRACE", "/raw".to_owned(), "POST"),
        ("BREW", "/raw".to_owned(), "POST"),
    ] {
        let reply = call(method, &target, &[], "").await;
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, allow),
            "{method} {target}"
        );
        assert_eq!(reply.refusal().0, "METHOD_NOT_ALLOWED");
        assert_eq!(reply.json()["context"]["request_id"], "r-1");
    }
    assert_eq!(
        call("PUT", "/raw", &[], "").await.json()["context"]["allowed"],
        json!(["POST"])
    );
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    for target in [
        "/",
        "/nothing",
        "/things/",
        "/things/a/b",
        "//things",
        "/Things",
    ] {
        let reply = get(target).await;
        assert_eq!(
            (reply.status, reply.refusal().0.as_str()),
            (404, "NOT_FOUND"),
            "{target}"
        );
        assert_eq!(
            reply.header("content-type"),
            "application/vnd.shapes.v1+json"
        );
    }
}

#[tokio::test]
async fn head_answers_where_get_does_and_without_body() {
    let reply = call("HEAD", &format!("/things/{ID}"), &[], "").await;
    assert_eq!(
        (reply.status, reply.text.as_str(), reply.header("etag")),
        (200, "", "\"7\"")
    );
    let refused = call("HEAD", "/things/7", &[], "").await;
    assert_eq!((refused.status, refused.text.as_str()), (400, ""));
}

#[tokio::test]
async fn templates_that_name_a_place_differently_live_side_by_side() {
    assert!(
        get(&format!("/things/{ID}"))
            .await
            .asked()
            .starts_with("GetRequest { id:")
    );
    assert!(
        send("PUT", &format!("/things/{ID}/note"), "")
            .await
            .asked()
            .starts_with("NoteRequest { thing:")
    );
}
