//! Bodies that are not JSON, or JSON of the wrong shape: the refusal says where.

use contract_tests::{raw::Answer, world::World};
use serde_json::{Value, json};

/// Sends a body to the operation that creates contacts.
async fn send(world: &World, body: impl Into<bytes::Bytes>) -> Answer {
    let business = world.business("web").await;
    world
        .raw("web")
        .request(http::Method::POST, "/records/contact")
        .bearer(&business.owner_token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
}

async fn send_json(world: &World, body: Value) -> Answer {
    send(world, body.to_string()).await
}

pub async fn what_is_not_json(world: &World) {
    for body in [
        "{",
        "[1",
        "hello",
        "{'a': 1}",
        "{\"a\": 1,}",
        "{\"fields\": {}} {}",
        "nul",
        "NaN",
        "{\"fields\": {\"note\": 01}}",
        "\u{feff}{\"fields\": {}}",
        "{\"a\": tru}",
        "<html></html>",
    ] {
        let context = send(world, body).await.refused("MALFORMED_JSON");
        assert!(
            context["line"].is_u64() && context["column"].is_u64(),
            "{body}: {context}"
        );
        assert!(context["reason"].is_string(), "{body}: {context}");
    }
    let context = send(world, "{\n  \"fields\": {\n    \"a\" 1\n  }\n}").await;
    assert_eq!(context.refused("MALFORMED_JSON")["line"], 3);
}

pub async fn json_of_the_wrong_shape(world: &World) {
    for body in [json!(null), json!([]), json!(1), json!("text"), json!(true)] {
        send_json(world, body)
            .await
            .names("VALIDATION_FAILED", "/body", "type");
    }
    send_json(world, json!({}))
        .await
        .names("VALIDATION_FAILED", "/body/fields", "required");
    for fields in [json!(null), json!([]), json!("text"), json!(7)] {
        let body = json!({"fields": fields});
        send_json(world, body)
            .await
            .names("VALIDATION_FAILED", "/body/fields", "type");
    }
    let missing = send(world, "").await;
    let body = missing.json();
    assert_eq!(missing.status, 400, "{body}");
}

pub async fn all_failures_come_at_once(world: &World) {
    let business = world.business("web").await;
    let body = json!({"id": 7, "colour": "red"});
    let answer = world
        .raw("web")
        .post("/records/contact?limt=5", body)
        .bearer(&business.owner_token)
        .send()
        .await;
    for (pointer, rule) in [
        ("/body/id", "type"),
        ("/body/fields", "required"),
        ("/body/colour", "unknown_property"),
        ("/query/limt", "unknown_parameter"),
    ] {
        answer.names("VALIDATION_FAILED", pointer, rule);
    }
}

pub async fn duplicate_keys(world: &World) {
    for body in [
        r#"{"fields": {}, "fields": {"kind": "person"}}"#,
        r#"{"fields": {"kind": "person", "kind": "company"}}"#,
        r#"{"fields": {"kind": "person", "billing_address": {"city": "A", "city": "B"}}}"#,
        r#"{"fields": {"kind": "person", "k\u0069nd": "company"}}"#,
    ] {
        send(world, body).await.refused("MALFORMED_JSON");
    }
}

pub async fn numbers_out_of_range(world: &World) {
    for number in [
        "9007199254740992",
        "-9007199254740992",
        "1e400",
        "99999999999999999999999",
    ] {
        let body = format!(r#"{{"fields": {{"kind": "person", "first_name": {number}}}}}"#);
        send(world, body).await.refused("MALFORMED_JSON");
    }
    let business = world.business("web").await;
    let item = async |price: &str| {
        let body = format!(
            r#"{{"fields": {{"name": "Pipe", "unit_price": {{"amount": {price}, "currency": "GBP"}}}}}}"#
        );
        world
            .raw("web")
            .request(http::Method::POST, "/records/price_item")
            .bearer(&business.owner_token)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
    };
    for price in ["\"100\"", "1.5", "true", "null", "[]"] {
        item(price).await.refused("FIELD_INVALID");
    }
    item("9007199254740992").await.refused("MALFORMED_JSON");
    item("9007199254740991").await.expect(201);
}

pub async fn text_that_is_no_unicode(world: &World) {
    for text in [
        r"\u0000",
        r"a\u0000b",
        r"\ud800",
        r"\udc00\ud800",
        r"\ud83dx",
    ] {
        let body = format!(r#"{{"fields": {{"kind": "person", "first_name": "{text}"}}}}"#);
        send(world, body).await.refused("MALFORMED_JSON");
    }
    for name in [r"a\u0000", r"\udfff"] {
        let body = format!(r#"{{"fields": {{"kind": "person", "{name}": 1}}}}"#);
        send(world, body).await.refused("MALFORMED_JSON");
    }
    let mut raw = br#"{"fields": {"kind": "person", "first_name": "X"}}"#.to_vec();
    let at = raw.iter().position(|byte| *byte == b'X').unwrap();
    for byte in [0x00, 0x1f, 0x80, 0xc0, 0xff] {
        raw[at] = byte;
        send(world, raw.clone()).await.refused("MALFORMED_JSON");
    }
    let fields = json!({"kind": "person", "first_name": "Zoë 👩‍🔧 \u{10fffd} \u{202e}x"});
    let record = send_json(world, json!({"fields": fields}))
        .await
        .expect(201);
    assert_eq!(record["fields"]["first_name"], fields["first_name"]);
}

pub async fn ten_mebibytes(world: &World) {
    let text = "x".repeat(10 << 20);
    let context = send_json(world, json!({"fields": {"kind": text}})).await;
    assert_eq!(context.refused("PAYLOAD_TOO_LARGE")["limit_bytes"], 1 << 20);
    let almost = "x".repeat((1 << 20) + 1);
    send(world, almost).await.refused("PAYLOAD_TOO_LARGE");
    let fits = format!("{{\"fields\": {{}}}}{}", " ".repeat((1 << 20) - 14));
    assert_eq!(fits.len(), 1 << 20);
    let answer = send(world, fits).await;
    assert_ne!(answer.status, 413, "{answer:?}");
}

pub async fn ten_thousand_levels(world: &World) {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        send(world, deep.clone()).await.refused("MALFORMED_JSON");
        let inside = format!(r#"{{"fields": {{"kind": {deep}}}}}"#);
        send(world, inside).await.refused("MALFORMED_JSON");
        send(world, open.repeat(10_000))
            .await
            .refused("MALFORMED_JSON");
    }
}

pub async fn wrong_content_types(world: &World) {
    let business = world.business("web").await;
    let body = json!({"fields": {"kind": "person", "first_name": "Ada"}}).to_string();
    let send = async |media: Option<&str>| {
        let draft = world
            .raw("web")
            .request(http::Method::POST, "/records/contact")
            .bearer(&business.owner_token)
            .body(body.clone());
        let draft = match media {
            Some(media) => draft.header("content-type", media),
            None => draft,
        };
        draft.send().await
    };
    for media in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "json",
        "*/*",
        "application/json-patch+json",
    ] {
        let context = send(Some(media)).await.refused("UNSUPPORTED_MEDIA_TYPE");
        assert!(context["supported"].is_array(), "{media}: {context}");
    }
    send(None).await.refused("UNSUPPORTED_MEDIA_TYPE");
    for media in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
    ] {
        send(Some(media)).await.expect(201);
    }
}

pub async fn compressed_bodies(world: &World) {
    let business = world.business("web").await;
    let send = async |coding: &str| {
        let body = json!({"fields": {"kind": "person", "first_name": "Ada"}}).to_string();
        let draft = world.raw("web");
        let draft = draft.request(http::Method::POST, "/records/contact");
        let draft = draft.bearer(&business.owner_token).body(body);
        let draft = draft.header("content-type", "application/json");
        draft.header("content-encoding", coding).send().await
    };
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, identity"] {
        let answer = send(coding).await;
        answer.refused("UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(answer.status, 415, "{coding}");
        assert_eq!(answer.header("accept-encoding"), "identity", "{coding}");
    }
    send("identity").await.expect(201);
}

pub async fn control_characters(world: &World) {
    let business = world.business("web").await;
    for name in ["a\u{1}b", "a\u{1b}[2J", "a\u{7f}", "a\u{85}b", "two\nlines"] {
        let body = json!({"name": name, "scopes": ["records:read"]}).to_string();
        let draft = world.raw("web").request(http::Method::POST, "/api-keys");
        let draft = draft.bearer(&business.owner_token).body(body);
        let answer = draft
            .header("content-type", "application/json")
            .send()
            .await;
        answer.names("VALIDATION_FAILED", "/body/name", "control_character");
    }
}
