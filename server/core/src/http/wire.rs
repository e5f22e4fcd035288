//! Tests of HTTP rules: codings, entity tags, and control characters in texts.

use serde_json::{Value, json};

use crate::{
    core::Config,
    testing::api::{Api, TENANT},
};

#[test]
fn a_compressed_body_is_refused_and_told_so() {
    let api = Api::default();
    let token = api.owner();
    let contact = api.contact();
    let user = api.user(TENANT, "sam@alderfinch.example", &[]);
    // Every shape of body, optional ones included, and an operation without a caller.
    let paths = [
        ("POST", "/users".to_owned()),
        ("PATCH", format!("/users/{user}")),
        ("POST", "/records/contact".to_owned()),
        ("PATCH", format!("/records/contact/{contact}")),
        ("POST", "/records/batch".to_owned()),
        ("POST", "/object-types".to_owned()),
        ("POST", "/api-keys".to_owned()),
        ("POST", "/auth/token".to_owned()),
        ("POST", "/auth/revoke".to_owned()),
    ];
    for (method, path) in &paths {
        for coding in ["gzip", "GZIP", "br", "deflate, gzip", "identity, zstd", "x"] {
            let call = api.call(method, path).token(&token);
            let call = call.header("content-encoding", coding);
            let reply = call.json(json!({})).send();
            let code = (415, "UNSUPPORTED_MEDIA_TYPE".to_owned());
            assert_eq!(reply.refusal(), code, "{method} {path} {coding}");
            assert_eq!(reply.header("accept-encoding"), "identity", "{path}");
        }
        for coding in ["identity", "", "Identity, identity"] {
            let call = api.call(method, path).token(&token);
            let reply = call
                .header("content-encoding", coding)
                .json(json!([]))
                .send();
            assert_eq!(reply.status, 400, "{method} {path} {coding}: {reply:?}");
        }
    }
    // A 415 for another reason has no such header.
    let call = api.call("POST", "/users").token(&token);
    let reply = call.header("content-type", "text/plain").bytes("x").send();
    assert_eq!((reply.status, reply.header("accept-encoding")), (415, ""));
    // Nor has a request without a body.
    let call = api.call("GET", "/me").token(&token);
    call.header("content-encoding", "gzip").send().expect(200);
}

#[test]
fn a_body_is_chunked_on_its_way_and_nothing_else() {
    let api = Api::default();
    let token = api.owner();
    let send = |path: &str, codings: &[&str]| {
        let call = codings.iter().fold(api.call("POST", path), |call, coding| {
            call.header("transfer-encoding", coding)
        });
        call.token(&token).json(json!({})).send()
    };
    for path in ["/users", "/records/batch", "/auth/token"] {
        for codings in [
            &["gzip, chunked"][..],
            &["gzip", "chunked"],
            &["chunked", "chunked"],
            &["GZIP,chunked"],
            &["identity, chunked"],
            &["deflate"],
            &["x"],
        ] {
            let reply = send(path, codings);
            let code = (415, "UNSUPPORTED_MEDIA_TYPE".to_owned());
            assert_eq!(reply.refusal(), code, "{path} {codings:?}");
            assert_eq!(reply.header("accept-encoding"), "identity", "{path}");
        }
        for codings in [&["chunked"][..], &["Chunked"], &["", "chunked"], &[]] {
            assert_eq!(send(path, codings).status, 400, "{path} {codings:?}");
        }
    }
}

#[test]
fn the_weak_form_of_a_tag_matches_what_the_tag_does() {
    let api = Api::default();
    let token = api.owner();
    let user = api.user(TENANT, "sam@alderfinch.example", &[]);
    let made = json!({"name": "boiler", "label": "Boiler", "plural_label": "Boilers"});
    api.post("/object-types", &token, made).expect(201);
    let things = [
        (
            format!("/records/contact/{}", api.contact()),
            json!({"fields": {"last_name": "A"}}),
        ),
        (format!("/users/{user}"), json!({"name": "Sam A"})),
        (
            "/object-types/boiler".to_owned(),
            json!({"label": "Kettle"}),
        ),
    ];
    for (path, change) in &things {
        for version in [1, 2] {
            let accept = format!("application/vnd.crm.v{version}+json");
            let get = || {
                api.call("GET", path)
                    .token(&token)
                    .header("accept", &accept)
                    .send()
            };
            let current = get().json()["version"].as_i64().unwrap_or_default();
            let tag = match get().header("etag") {
                "" => format!("\"{current}\""),
                tag => tag.to_owned(),
            };
            let patch = |tag: &str| {
                let call = api
                    .call("PATCH", path)
                    .token(&token)
                    .header("accept", &accept);
                call.header("if-match", tag)
                    .json(change.clone())
                    .send()
                    .status
            };
            assert_eq!(patch("W/\"1\""), 412, "{path}");
            assert_eq!(patch(&format!("\"1\", W/{tag}")), 200, "{path} {tag}");
        }
    }
}

#[test]
fn control_characters_are_refused_in_every_text() {
    let api = Api::default();
    let token = api.owner();
    let user = api.user(TENANT, "sam@alderfinch.example", &[]);
    let person = |name: &str, value: Value| {
        let mut body = json!({"email": "x@alderfinch.example", "name": "X", "roles": []});
        body[name] = value;
        body
    };
    let kind = |name: &str, value: &str| {
        let mut body = json!({"name": "boiler", "label": "Boiler", "plural_label": "Boilers"});
        body[name] = json!(value);
        body
    };
    let field = |name: &str, value: &str| {
        let mut body = json!({"name": "maker", "label": "Maker", "type": "text"});
        body[name] = json!(value);
        body
    };
    for bad in ["a\u{1}b", "a\u{7f}", "\u{9f}b", "a\u{1b}[2Jb"] {
        let sent = [
            ("POST", "/users".to_owned(), person("name", json!(bad))),
            ("POST", "/users".to_owned(), person("title", json!(bad))),
            (
                "POST",
                "/users".to_owned(),
                person("external_id", json!(bad)),
            ),
            (
                "POST",
                "/users".to_owned(),
                person("password", json!(format!("{bad} long enough"))),
            ),
            (
                "POST",
                "/users".to_owned(),
                person("attributes", json!({"a": bad})),
            ),
            (
                "POST",
                "/users".to_owned(),
                person("attributes", json!({bad: "a"})),
            ),
            ("PATCH", format!("/users/{user}"), json!({"name": bad})),
            ("PATCH", format!("/users/{user}"), json!({"title": bad})),
            (
                "POST",
                "/api-keys".to_owned(),
                json!({"name": bad, "scopes": ["records:read"]}),
            ),
            ("POST", "/object-types".to_owned(), kind("label", bad)),
            ("POST", "/object-types".to_owned(), kind("description", bad)),
            (
                "POST",
                "/object-types/contact/fields".to_owned(),
                field("label", bad),
            ),
            (
                "POST",
                "/object-types/contact/fields".to_owned(),
                field("help", bad),
            ),
        ];
        for (method, path, body) in sent {
            let reply = api
                .call(method, &path)
                .token(&token)
                .json(body.clone())
                .send();
            assert_eq!(
                reply.refusal(),
                (400, "VALIDATION_FAILED".into()),
                "{path} {body}"
            );
            let rule = &reply.json()["context"]["errors"][0]["rule"];
            assert_eq!(rule, "control_character", "{path} {body}");
        }
    }
    for query in [
        "/search?q=a%01b",
        "/search?q=a%7F",
        "/records/contact?cursor=a%1Bb",
    ] {
        let reply = api.get(query, &token);
        assert_eq!(
            reply.refusal(),
            (400, "VALIDATION_FAILED".into()),
            "{query}"
        );
    }
    // Long texts have lines, names have none.
    let lines = "First line\n\tsecond line\r\nthird";
    let one = api.post(
        "/users",
        &token,
        person("attributes", json!({"note": lines})),
    );
    assert_eq!(one.expect(201)["attributes"]["note"], lines);
    api.post("/object-types", &token, kind("description", lines))
        .expect(201);
    let name = api.post("/users", &token, person("name", json!(lines)));
    assert_eq!(name.refusal(), (400, "VALIDATION_FAILED".into()));
}

#[test]
fn pages_of_configured_origins_send_the_headers_that_are_configured() {
    let preflight = |headers: &[&str]| {
        let api = Api::with(Config {
            cors_origins: vec!["https://app.example".into()],
            cors_headers: headers
                .iter()
                .filter_map(|name| super::cors::request_header(name))
                .collect(),
            ..Config::default()
        });
        let call = api
            .call("OPTIONS", "/users")
            .header("origin", "https://app.example");
        let call = call.header("access-control-request-method", "POST");
        let reply = call
            .header("access-control-request-headers", "traceparent")
            .send();
        reply.header("access-control-allow-headers").to_owned()
    };
    let plain = preflight(&[]);
    assert!(
        plain.contains("authorization") && !plain.contains("traceparent"),
        "{plain}"
    );
    let more = preflight(&["traceparent", "X-Shop"]);
    for name in ["authorization", "idempotency-key", "traceparent", "x-shop"] {
        assert!(more.contains(name), "{more}");
    }
}
