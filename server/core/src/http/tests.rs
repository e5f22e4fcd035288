//! The steps of every request, seen from outside.

use std::sync::Arc;

use serde_json::json;

use crate::{
    core::{Config, Core},
    http::{Operator, router},
    ports::{
        Answer, TenantStore,
        limiter::Quota,
        store::{Commit, Rows, Statement, StoreError, TenantId},
    },
    testing::api::{Api, TENANT, now, tenant},
};

const VENDOR: &str = "application/vnd.crm.v1+json";

#[test]
fn every_answer_has_an_id_of_its_own() {
    let api = Api::default();
    let token = api.owner();
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/me", "/nowhere", "/health", "/portal/me", "/users?limit=0"] {
        let reply = api
            .call("GET", path)
            .token(&token)
            .header("x-request-id", "mine")
            .send();
        let id = reply.header("x-request-id").to_owned();
        assert!(crm_runtime::server::format::is_uuidv7(&id), "{path}: {id}");
        if reply.status >= 400 {
            assert_eq!(reply.json()["context"]["request_id"], json!(id), "{path}");
        }
        assert!(seen.insert(id));
    }
}

#[test]
fn a_tag_is_good_in_its_version_alone() {
    let api = Api::default();
    let token = api.owner();
    let path = format!("/records/contact/{}", api.contact());
    let accept = |version: u32| format!("application/vnd.crm.v{version}+json");
    let get = |version, tag: &str| {
        let call = api.call("GET", &path).token(&token);
        let call = call.header("accept", &accept(version));
        call.header("if-none-match", tag).send()
    };
    let tags = [1, 2].map(|version| get(version, "\"0\"").header("etag").to_owned());
    assert_ne!(tags[0], tags[1]);
    for version in [1, 2] {
        for (of, tag) in [1, 2].into_iter().zip(&tags) {
            let status = if of == version { 304 } else { 200 };
            let reply = get(version, tag);
            assert_eq!(reply.status, status, "{version} {tag}");
            assert_eq!(reply.header("etag"), tags[version as usize - 1]);
        }
    }
    // A conditional write depends on the state, which is the same in all versions of the API.
    for tag in tags {
        let call = api.call("PATCH", &path).token(&token);
        let call = call.header("accept", &accept(2)).header("if-match", &tag);
        call.json(json!({"fields": {"last_name": "Okafor"}}))
            .send()
            .expect(200);
    }
}

#[test]
fn accept_picks_the_version() {
    let api = Api::default();
    for (accept, content_type) in [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (VENDOR, VENDOR),
    ] {
        let reply = api.call("GET", "/health").header("accept", accept).send();
        reply.expect(200);
        assert_eq!(reply.header("content-type"), content_type);
    }
    for accept in [
        "application/vnd.crm.v9+json",
        "text/html",
        "application/json;q=0",
    ] {
        let reply = api.call("GET", "/health").header("accept", accept).send();
        assert_eq!(
            reply.refusal(),
            (406, "VERSION_UNSUPPORTED".into()),
            "{accept}"
        );
        assert_eq!(
            reply.json()["context"]["supported"],
            json!([VENDOR, "application/vnd.crm.v2+json", "application/json"])
        );
    }
    let many = api
        .call("GET", "/health")
        .header("accept", "text/html")
        .header("accept", VENDOR)
        .send();
    assert_eq!((many.status, many.header("content-type")), (200, VENDOR));
    let yaml = api
        .call("GET", "/openapi.yaml")
        .header("accept", "application/yaml")
        .send();
    assert_eq!(
        (yaml.status, yaml.header("content-type")),
        (200, "application/yaml")
    );
    // A refusal has the form of the requested version too.
    let refused = api.call("GET", "/me").header("accept", VENDOR).send();
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (401, VENDOR)
    );
}

#[test]
fn paths_and_methods_that_the_contract_does_not_have_are_refused() {
    let api = Api::default();
    let token = api.owner();
    for path in [
        "/",
        "/nowhere",
        "/me/",
        "//me",
        "/records",
        "/v1/me",
        "/ME",
        "/records/contact/%FF",
    ] {
        assert_eq!(api.get(path, &token).status, 404, "{path}");
    }
    let reply = api.call("PUT", "/users").token(&token).send();
    assert_eq!(
        (reply.refusal(), reply.header("allow")),
        ((405, "METHOD_NOT_ALLOWED".into()), "GET, HEAD, POST")
    );
    assert_eq!(
        reply.json()["context"]["allowed"],
        json!(["GET", "HEAD", "POST"])
    );
    let options = api.call("OPTIONS", "/users").send();
    assert_eq!(
        (options.status, options.header("allow"), &*options.text),
        (204, "GET, HEAD, POST, OPTIONS", "")
    );
    assert_eq!(api.call("OPTIONS", "/nowhere").send().status, 404);
    let head = api.call("HEAD", "/me").token(&token).send();
    assert_eq!(
        (head.status, &*head.text, head.header("content-type")),
        (200, "", "application/json")
    );
    assert_eq!(api.call("HEAD", "/auth/token").send().status, 405);
}

#[test]
fn a_refusal_says_how_to_sign_in() {
    let api = Api::default();
    let token = api.owner();
    let cases = [
        (vec![], "Bearer"),
        (vec!["Basic YTpi"], r#"Bearer error="invalid_request""#),
        (vec!["Bearer "], r#"Bearer error="invalid_request""#),
        (
            vec!["Bearer x", "Bearer y"],
            r#"Bearer error="invalid_request""#,
        ),
        (vec!["Bearer x.y.z"], r#"Bearer error="invalid_token""#),
    ];
    for (headers, challenge) in cases {
        let call = headers.iter().fold(api.call("GET", "/me"), |call, value| {
            call.header("authorization", value)
        });
        let reply = call.send();
        assert_eq!(
            (reply.refusal(), reply.header("www-authenticate")),
            ((401, "UNAUTHENTICATED".into()), challenge),
            "{headers:?}"
        );
    }
    // A public operation ignores the token.
    assert_eq!(api.get("/health", "x.y.z").status, 200);
    assert!(!api.get("/me", &format!("{token}x")).text.contains(&token));
}

#[test]
fn too_many_requests_are_refused_and_told_of() {
    let quota = |name, requests| Quota {
        name,
        requests,
        window_s: 60,
    };
    let api = Api::with(Config {
        caller_quota: quota("caller", 2),
        address_quota: quota("address", 4),
        ..Config::default()
    });
    let token = api.owner();
    let first = api.get("/me", &token);
    assert_eq!(
        (first.header("ratelimit-policy"), first.header("ratelimit")),
        (r#""caller";q=2;w=60"#, r#""caller";r=1;t=60"#)
    );
    api.get("/me", &token).expect(200);
    let refused = api.get("/me", &token);
    assert_eq!(refused.refusal(), (429, "RATE_LIMITED".into()));
    assert_eq!(
        (refused.header("retry-after"), refused.header("ratelimit")),
        ("60", r#""caller";r=0;t=60"#)
    );
    // Without a valid token the address counts: one request made the token, three are left.
    for _ in 0..3 {
        assert_eq!(api.get("/me", "x.y.z").status, 401);
    }
    assert_eq!(api.get("/me", "x.y.z").status, 429);
    assert_eq!(api.call("GET", "/health").send().status, 429);
}

#[test]
fn bodies_are_bounded_and_json() {
    let api = Api::default();
    let post = |content_type: &str, body: String| {
        api.call("POST", "/auth/token")
            .header("content-type", content_type)
            .bytes(body)
            .send()
    };
    let large = format!(r#"{{"grant_type":"{}"}}"#, "x".repeat(1 << 20));
    assert_eq!(
        post("application/json", large).refusal(),
        (413, "PAYLOAD_TOO_LARGE".into())
    );
    assert_eq!(
        post("text/plain", "{}".into()).refusal(),
        (415, "UNSUPPORTED_MEDIA_TYPE".into())
    );
    for body in ["{", "", "[1,]", r#"{"a":1,"a":2}"#, &"[".repeat(10_000)] {
        let reply = post("application/json", body.to_owned());
        assert_eq!(reply.status, 400, "{body:.40}");
    }
    let unknown = post(
        "application/json",
        r#"{"grant_type":"password","email":"a@b.example","password":"x","colour":"red"}"#.into(),
    );
    assert_eq!(unknown.refusal(), (400, "VALIDATION_FAILED".into()));
}

#[test]
fn a_repeat_is_answered_as_the_first_was() {
    let api = Api::default();
    let token = api.owner();
    let create = |key: &str, name: &str| {
        let body =
            json!({"email": "priya@alderfinch.example", "name": name, "roles": ["readonly"]});
        api.call("POST", "/users")
            .token(&token)
            .header("idempotency-key", key)
            .json(body)
            .send()
    };
    let first = create("k-1", "Priya");
    first.expect(201);
    let again = create("\"k-1\"", "Priya");
    assert_eq!(
        (
            again.status,
            &again.text,
            again.header("idempotent-replayed")
        ),
        (201, &first.text, "true")
    );
    assert_eq!(
        (again.header("etag"), again.header("location")),
        (first.header("etag"), first.header("location"))
    );
    assert_eq!(
        create("k-1", "Nair").refusal(),
        (422, "IDEMPOTENCY_KEY_REUSED".into())
    );
    // Another key is another request, and somebody else's key is another key.
    assert_eq!(
        create("k-2", "Priya").refusal(),
        (409, "UNIQUE_VIOLATION".into())
    );
    api.user(TENANT, "admin@alderfinch.example", &["admin"]);
    let (other, _) = api.sign_in("admin@alderfinch.example");
    let body = json!({"email": "new@alderfinch.example", "name": "New", "roles": []});
    let theirs = api
        .call("POST", "/users")
        .token(&other)
        .header("idempotency-key", "k-1")
        .json(body)
        .send();
    assert_eq!(
        (theirs.status, theirs.header("idempotent-replayed")),
        (201, "")
    );
    for bad in ["", "\"\"", &"k".repeat(256), "\"open"] {
        let reply = create(bad, "Priya");
        assert_eq!(reply.refusal(), (400, "VALIDATION_FAILED".into()), "{bad}");
        assert_eq!(
            reply.json()["context"]["errors"][0]["pointer"],
            "/header/Idempotency-Key"
        );
    }
    // It is kept for at least a day, whatever the clock does meanwhile; once that has surely passed, the key can be
    // reused.
    let half_a_day = 12 * 60 * 60 * 1000;
    for _ in 0..6 {
        api.host.wait(half_a_day);
        api.sign_in("dana@alderfinch.example");
    }
    let (token, _) = api.sign_in("dana@alderfinch.example");
    let body = json!({"email": "late@alderfinch.example", "name": "Late", "roles": []});
    api.call("POST", "/users")
        .token(&token)
        .header("idempotency-key", "k-3")
        .json(body.clone())
        .send()
        .expect(201);
    let late = api
        .call("POST", "/users")
        .token(&token)
        .header("idempotency-key", "k-1")
        .json(json!({"email": "x@y.example", "name": "X", "roles": []}))
        .send();
    late.expect(201);
}

#[test]
fn a_replay_is_authorised_again() {
    let api = Api::default();
    api.owner();
    api.user(TENANT, "admin@alderfinch.example", &["admin"]);
    let (token, _) = api.sign_in("admin@alderfinch.example");
    let create = || {
        let body = json!({"email": "priya@alderfinch.example", "name": "Priya", "roles": []});
        api.call("POST", "/users")
            .token(&token)
            .header("idempotency-key", "k")
            .json(body)
            .send()
    };
    create().expect(201);
    api.sql("UPDATE users SET roles = '[\"readonly\"]' WHERE login = 'admin@alderfinch.example'");
    let refused = create();
    assert_eq!(
        (refused.refusal(), &refused.json()["context"]["permission"]),
        ((403, "FORBIDDEN".into()), &json!("users.write"))
    );
}

#[test]
fn browsers_of_configured_origins_may_call() {
    let api = Api::with(Config {
        cors_origins: vec!["https://app.example".into()],
        ..Config::default()
    });
    let preflight = |origin: &str| {
        api.call("OPTIONS", "/users")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .send()
    };
    let allowed = preflight("https://app.example");
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    assert_eq!(
        preflight("https://evil.example").header("access-control-allow-origin"),
        ""
    );
    let answer = api
        .call("GET", "/health")
        .header("origin", "https://app.example")
        .send();
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("x-request-id")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(
        api.call("GET", "/health")
            .header("origin", "https://evil.example")
            .send()
            .header("access-control-allow-origin"),
        ""
    );
    // Without an Origin it is a request like any other.
    assert_eq!(
        api.call("OPTIONS", "/users").send().header("allow"),
        "GET, HEAD, POST, OPTIONS"
    );
}

#[test]
fn answers_say_how_they_may_be_kept() {
    let api = Api::default();
    let get = api.call("GET", "/health").send();
    assert_eq!(
        (get.header("vary"), get.header("cache-control")),
        ("Accept, Authorization, Origin", "private, no-cache")
    );
    assert_eq!(
        api.password_grant("a@b.example", "x")
            .header("cache-control"),
        "no-store"
    );
}

#[test]
fn a_busy_store_and_a_failing_one_say_so_and_no_more() {
    let api = Api::default();
    let token = api.owner();
    api.get("/users", &token).expect(200);
    api.sql("ALTER TABLE users RENAME TO people");
    let failed = api.get("/users", &token);
    assert_eq!(failed.refusal(), (500, "INTERNAL".into()));
    assert!(
        !failed.text.contains("users") && !failed.text.contains("SELECT"),
        "{failed:?}"
    );
}

#[test]
fn the_command_line_needs_no_token_and_a_network_cannot_be_it() {
    let api = Api::default();
    api.call("GET", "/users")
        .extension(Operator(tenant(TENANT)))
        .send()
        .expect(200);
    assert_eq!(api.call("GET", "/users").send().status, 401);
}

/// A store that never answers.
struct Held;

impl TenantStore for Held {
    fn read<'a>(
        &'a self,
        _: &'a TenantId,
        _: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        Box::pin(std::future::pending())
    }

    fn commit<'a>(
        &'a self,
        _: &'a TenantId,
        _: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_store_that_holds_still_is_given_up_like_any_failure() {
    let config = || Config {
        cors_origins: vec!["https://app.example".into()],
        ..Config::default()
    };
    let api = Api::with(config());
    let token = api.owner();
    let mut ports = api.host.ports.clone();
    ports.store = Arc::new(Held);
    let core = now(Core::start(ports, config())).unwrap();
    let held = Api {
        router: router(core.clone()),
        core,
        host: api.host,
    };
    let before = held.host.ports.clock.now();
    let reply = held
        .call("GET", "/me")
        .token(&token)
        .header("accept", VENDOR)
        .header("origin", "https://app.example")
        .send();
    assert_eq!(reply.refusal(), (503, "TENANT_BUSY".into()));
    assert_eq!(held.host.ports.clock.now() - before, 30_000);
    let id = reply.header("x-request-id");
    assert_eq!(reply.json()["context"]["request_id"], id);
    for (name, value) in [
        ("retry-after", "1"),
        ("content-type", VENDOR),
        ("access-control-allow-origin", "https://app.example"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(!reply.header("ratelimit").is_empty());
}
