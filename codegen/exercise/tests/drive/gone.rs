//! Calls of removed operations are answered 410 with the replacement.

use serde_json::json;

use crate::harness::{ID, call, get};

#[tokio::test]
async fn what_was_removed_is_410_with_what_replaces_it() {
    let reply = get(&format!("/older-things/{ID}")).await;
    assert_eq!((reply.status, reply.refusal().0.as_str()), (410, "GONE"));
    assert_eq!(
        reply.json()["context"],
        json!({"request_id": "r-1", "operation": "things_recall", "sunset": 1_751_241_600_000_i64, "replacement": "GET /things/{id}"})
    );
    let links = reply.headers.get_all("link").iter();
    let links: Vec<&str> = links.map(|link| link.to_str().unwrap()).collect();
    assert_eq!(
        links,
        [
            r##"</shapes.yaml#/x-gone/0>; rel="deprecation"; title="GET /older-things/{id}; use GET /things/{id}""##,
            &format!("</things/{ID}>; rel=\"successor-version\""),
        ]
    );
    assert_eq!(
        (reply.header("deprecation"), reply.header("sunset")),
        ("@1738281600", "Mon, 30 Jun 2025 00:00:00 GMT")
    );
    assert!(reply.asked.is_empty());
}

#[tokio::test]
async fn it_is_gone_whatever_else_is_wrong_with_the_request() {
    let reply = call(
        "GET",
        "/older-things/no-id?what=1",
        &[("x-refuse", "1")],
        "{",
    )
    .await;
    assert_eq!(reply.status, 410);
}

#[tokio::test]
async fn what_stands_beside_it_stays() {
    let target = format!("/things/{ID}");
    assert_eq!(call("PUT", &target, &[], "").await.status, 410);
    assert_eq!(get(&target).await.status, 200);
    // A removed operation is not listed in `Allow`.
    let reply = call("POST", &target, &[], "").await;
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, "GET, HEAD, PATCH, DELETE")
    );
    assert_eq!(
        call("POST", &format!("/older-things/{ID}"), &[], "")
            .await
            .status,
        404
    );
}
