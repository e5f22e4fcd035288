//! Bodies: JSON of every shape, optional bodies, raw bytes, and invalid ones.

use axum::body::Body;

use crate::harness::{ID, Reply, call, send};

async fn create(body: &str) -> Reply {
    send("POST", "/things", body).await
}

#[tokio::test]
async fn every_shape_of_a_body_is_read() {
    let reply = create(
        r#"{"name":"größe","shape":{"form":"group","shapes":[{"form":"circle","radius":1}]},"amount":-5,"kind":"large",
            "level":4,"state":"2nd-hand","labels":{"a/b":9},"value":7,"nested":[[true,false],[]],"free":null,"email":"a@b.co"}"#,
    )
    .await;
    assert_eq!(
        reply.asked(),
        r#"CreateRequest { idempotency_key: None, body: ThingCreate { name: "größe", email: Some("a@b.co"), shape: Group(Group { form: "group", shapes: [Circle(Circle { form: "circle", radius: 1.0 })] }), amount: Some(-5), kind: Some(Large), level: Some(4), state: Some(N2ndHand), labels: Some({"a/b": 9}), value: Some(Integer(7)), nested: Some([[true, false], []]), free: Some(Null) } }"#
    );
    assert_eq!(reply.bodies.len(), 1);
}

#[tokio::test]
async fn all_failures_of_a_body_come_back_with_those_of_the_head() {
    let body = r#"{"name":"sechs!","shape":{"form":"group","shapes":[{"form":"circle","radius":0},{"form":"square"},{}]},
        "amount":3,"kind":"huge","level":3,"state":"worn","labels":{"a~b":10,"c":"d","e":1},"value":"long","nested":[[1,true,true],2],
        "email":"nobody","colour":"red"}"#;
    let reply = call(
        "POST",
        "/things?x=1",
        &[
            ("content-type", "application/json"),
            ("idempotency-key", ""),
        ],
        body.to_owned(),
    )
    .await;
    let mut failures = reply.failures();
    failures.sort();
    assert_eq!(
        failures,
        [
            "/body/amount multiple_of",
            "/body/colour unknown_property",
            "/body/email format",
            "/body/kind enum",
            "/body/labels max_properties",
            "/body/labels/a~0b maximum",
            "/body/labels/c type",
            "/body/level enum",
            "/body/name max_length",
            "/body/nested/0 max_items",
            "/body/nested/0/0 type",
            "/body/nested/1 type",
            "/body/shape/shapes/0/radius exclusive_minimum",
            "/body/shape/shapes/1/form enum",
            "/body/shape/shapes/2/form required",
            "/body/state enum",
            "/body/value max_length",
            "/header/Idempotency-Key min_length",
            "/query/x unknown_parameter",
        ]
    );
}

#[tokio::test]
async fn one_failure_is_one_failure() {
    for (body, failure) in [
        ("[]", "/body type"),
        ("null", "/body type"),
        (
            r#"{"shape":{"form":"circle","radius":1}}"#,
            "/body/name required",
        ),
        (
            r#"{"name":"a","shape":{"form":"circle","radius":1,"x":1}}"#,
            "/body/shape/x unknown_property",
        ),
        (r#"{"name":"a","shape":7}"#, "/body/shape type"),
        (
            r#"{"name":"a","shape":{"form":7}}"#,
            "/body/shape/form type",
        ),
        (
            r#"{"name":null,"shape":{"form":"circle","radius":1}}"#,
            "/body/name type",
        ),
        (
            r#"{"name":"","shape":{"form":"circle","radius":1}}"#,
            "/body/name min_length",
        ),
        (
            r#"{"name":"a","amount":"5","shape":{"form":"circle","radius":1}}"#,
            "/body/amount type",
        ),
        (
            r#"{"name":"a","amount":0.5,"shape":{"form":"circle","radius":1}}"#,
            "/body/amount type",
        ),
        (
            r#"{"name":"a","value":true,"shape":{"form":"circle","radius":1}}"#,
            "/body/value one_of",
        ),
        ("", "/body required"),
    ] {
        assert_eq!(create(body).await.failures(), [failure], "{body}");
    }
    // A number without a fraction is an integer, as in JSON Schema.
    assert!(
        create(r#"{"name":"a","amount":5.0,"shape":{"form":"circle","radius":1e0}}"#)
            .await
            .asked()
            .contains("amount: Some(5)")
    );
}

#[tokio::test]
async fn what_is_no_json_is_malformed_and_says_where() {
    for (body, pointer) in [
        ("{", ""),
        ("{\"name\":\"a\",\"name\":\"b\"}", "/name"),
        ("{\"name\":\"\\u0000\"}", "/name"),
        ("{\"name\":\"\\ud800\"}", "/name"),
        ("{\"amount\":9007199254740992}", "/amount"),
        ("{} {}", ""),
    ] {
        let reply = create(body).await;
        assert_eq!(
            (reply.status, reply.refusal().0.as_str()),
            (400, "MALFORMED_JSON"),
            "{body}: {}",
            reply.text
        );
        assert_eq!(reply.json()["context"]["pointer"], pointer, "{body}");
        assert_eq!(reply.json()["context"]["line"], 1, "{body}");
        assert_eq!(reply.json()["context"]["request_id"], "r-1");
        assert!(reply.asked.is_empty());
    }
    let deep = create(&"[".repeat(900)).await;
    assert_eq!(deep.refusal().0, "MALFORMED_JSON");
    let bytes = call(
        "POST",
        "/things",
        &[("content-type", "application/json")],
        Body::from(&b"\"\xff\""[..]),
    )
    .await;
    assert_eq!(bytes.refusal().0, "MALFORMED_JSON");
}

#[tokio::test]
async fn null_clears_and_absent_leaves_alone() {
    let update = async |body| send("PATCH", &format!("/things/{ID}"), body).await;
    let asked = async |body| update(body).await.asked().to_owned();
    assert!(
        asked(r#"{"name":null}"#).await.contains(
            "ThingUpdate { name: Some(None), amount: None, anything: None, colour: None }"
        )
    );
    assert!(
        asked(r#"{"name":"a","anything":null}"#)
            .await
            .contains(r#"name: Some(Some("a")), amount: None, anything: Some(Null)"#)
    );
    assert_eq!(
        update(r#"{"amount":null}"#).await.failures(),
        ["/body/amount type"]
    );
    assert_eq!(update("{}").await.failures(), ["/body min_properties"]);
}

#[tokio::test]
async fn an_optional_body_may_be_left_out() {
    let target = format!("/things/{ID}/note");
    assert!(
        call("PUT", &target, &[], "")
            .await
            .asked()
            .contains("body: None")
    );
    assert!(
        send("PUT", &target, "\"hi\"")
            .await
            .asked()
            .contains(r#"body: Some("hi")"#)
    );
    assert_eq!(
        send("PUT", &target, "\"a long one\"").await.failures(),
        ["/body max_length"]
    );
    assert_eq!(call("PUT", &target, &[], "").await.status, 204);
}

#[tokio::test]
async fn another_media_type_is_415() {
    let body = r#"{"name":"a","shape":{"form":"circle","radius":1}}"#;
    for media_type in [
        "text/plain",
        "application/xml",
        "application/vnd.shapes.v2+json",
        "json",
        "",
    ] {
        let reply = call("POST", "/things", &[("content-type", media_type)], body).await;
        assert_eq!(
            (reply.status, reply.refusal().0.as_str()),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            "{media_type}"
        );
    }
    assert_eq!(call("POST", "/things", &[], body).await.status, 415);
    for media_type in [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "application/vnd.shapes.v1+json",
    ] {
        assert_eq!(
            call("POST", "/things", &[("content-type", media_type)], body)
                .await
                .status,
            201,
            "{media_type}"
        );
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let body = format!("\"{}\"", "x".repeat(1000));
    let reply = create(&body).await;
    assert_eq!(
        (reply.status, reply.refusal().0.as_str()),
        (413, "PAYLOAD_TOO_LARGE")
    );
    let announced = call(
        "POST",
        "/things",
        &[
            ("content-type", "application/json"),
            ("content-length", "1001"),
        ],
        "{}",
    )
    .await;
    assert_eq!(announced.status, 413);
}

#[tokio::test]
async fn a_body_that_no_operation_takes_is_refused() {
    let reply = call(
        "DELETE",
        &format!("/things/{ID}"),
        &[("content-length", "2")],
        "{}",
    )
    .await;
    assert_eq!(reply.failures(), ["/body unknown_property"]);
}

#[tokio::test]
async fn raw_bodies_arrive_byte_for_byte() {
    let reply = send("POST", "/raw", "{ \"a\" : 1, \"a\": 2").await;
    assert_eq!(
        reply.asked(),
        r#"RawRequest { body: b"{ \"a\" : 1, \"a\": 2" }"#
    );
    assert_eq!(reply.text, "17");
}

#[tokio::test]
async fn record_fields_pass_through() {
    let reply = send(
        "POST",
        "/records/job",
        r#"{"fields":{"any":[1,{"x":null}]}}"#,
    )
    .await;
    assert!(reply.asked().contains(r#"fields: {"any": Array"#));
    assert_eq!(
        reply.json()["fields"]["any"][1]["x"],
        serde_json::Value::Null
    );
}
