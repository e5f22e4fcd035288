//! Rules of HTTP: CORS, HEAD, methods, versions, unknown paths.

use contract_tests::{raw::Draft, world::World};
use http::Method;
use serde_json::json;

pub async fn preflight_and_origins(world: &World) {
    let raw = world.raw("web");
    let preflight = |origin: &str| {
        raw.request(Method::OPTIONS, "/records/contact")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key",
            )
    };
    // An origin that is not configured.
    let answer = preflight("https://evil.example").send().await;
    assert!(
        answer.headers.get("access-control-allow-origin").is_none(),
        "{answer:?}"
    );
    let answer = raw
        .get("/health")
        .header("origin", "https://evil.example")
        .send()
        .await;
    answer.expect(200);
    assert!(
        answer.headers.get("access-control-allow-origin").is_none(),
        "{answer:?}"
    );
    assert!(
        answer
            .header("vary")
            .to_ascii_lowercase()
            .contains("origin"),
        "{answer:?}"
    );
    // The host's configured origin.
    let origin = contract_tests::host::ORIGIN;
    let answer = preflight(origin).send().await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    let allowed = answer
        .header("access-control-allow-methods")
        .to_ascii_uppercase();
    assert!(allowed.contains("POST"), "{allowed}");
    let allowed = answer
        .header("access-control-allow-headers")
        .to_ascii_lowercase();
    for name in ["authorization", "content-type", "idempotency-key"] {
        assert!(allowed.contains(name), "{allowed}");
    }
    let answer = raw.get("/health").header("origin", origin).send().await;
    answer.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    let exposed = answer
        .header("access-control-expose-headers")
        .to_ascii_lowercase();
    for name in ["etag", "x-request-id", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    // Refusals have CORS headers too, or a page could not read them.
    let answer = raw.get("/me").header("origin", origin).send().await;
    answer.refused("UNAUTHENTICATED");
    assert_eq!(answer.header("access-control-allow-origin"), origin);
}

pub async fn head_is_get_without_a_body(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    for path in [
        "/health",
        "/me",
        "/records/contact",
        "/openapi.json",
        "/docs",
        "/dashboard",
        "/users",
        "/me?fields=id",
    ] {
        let send = async |method: Method| {
            raw.request(method, path)
                .bearer(&business.owner_token)
                .send()
                .await
        };
        let get = send(Method::GET).await;
        let head = send(Method::HEAD).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{path}"
        );
        assert_eq!(head.headers.get("etag"), get.headers.get("etag"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    let answer = raw.request(Method::HEAD, "/me").send().await;
    assert_eq!(answer.status, 401);
}

pub async fn methods_that_a_path_has_not(world: &World) {
    let raw = world.raw("web");
    for operation in &world.contract.operations {
        let path = super::filled(&operation.path, "01a19b89-d968-77eb-a8e3-b91d26ab4a82");
        let has: Vec<&str> = world
            .contract
            .operations
            .iter()
            .filter(|other| other.path == operation.path)
            .map(|other| other.method.as_str())
            .collect();
        for method in ["PUT", "PATCH", "DELETE", "POST", "GET", "TRACE", "PROPFIND"] {
            if has.contains(&method) {
                continue;
            }
            let answer = raw
                .request(method.parse().unwrap(), path.clone())
                .send()
                .await;
            answer.refused("METHOD_NOT_ALLOWED");
            let allow = answer.header("allow");
            for method in &has {
                assert!(allow.contains(method), "{path}: {allow}");
            }
        }
    }
}

pub async fn versions(world: &World) {
    let raw = world.raw("web");
    let get = async |accept: &str| raw.get("/health").header("accept", accept).send().await;
    let vendor = "application/vnd.crm.v1+json";
    for (accept, expected) in [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("", "application/json"),
        (vendor, vendor),
        ("application/vnd.crm.v2+json", "application/vnd.crm.v2+json"),
        ("APPLICATION/VND.CRM.V1+JSON", vendor),
        (
            "application/vnd.crm.v1+json;q=0.5, application/json",
            "application/json",
        ),
        (
            "application/vnd.crm.v99+json, application/vnd.crm.v1+json;q=0.1",
            vendor,
        ),
        (
            "text/html, application/xhtml+xml, */*;q=0.8",
            "application/json",
        ),
    ] {
        let answer = get(accept).await;
        answer.expect(200);
        let given = answer.header("content-type").split(';').next().unwrap();
        assert_eq!(given, expected, "{accept}");
    }
    let none = raw.get("/health").send().await;
    none.expect(200);
    for accept in [
        "application/vnd.crm.v99+json",
        "application/vnd.crm.v0+json",
        "text/html",
        "application/xml",
        "application/json;q=0",
        "application/vnd.crm.v1+xml",
        "application/vnd.other.v1+json",
        "application/vnd.crm.v18446744073709551617+json",
        "application/vnd.crm.v+json",
    ] {
        let context = get(accept).await.refused("VERSION_UNSUPPORTED");
        let supported = context["supported"].as_array().expect("what is supported");
        for known in [vendor, "application/vnd.crm.v2+json"] {
            assert!(
                supported.iter().any(|media| media == known),
                "{accept}: {context}"
            );
        }
    }
}

pub async fn paths_that_do_not_exist(world: &World) {
    let raw = world.raw("web");
    for path in [
        "/",
        "/nowhere",
        "/records",
        "/records/",
        "/records/contact/",
        "//records/contact",
        "/me/",
        "/records/contact/01a19b89-d968-77eb-a8e3-b91d26ab4a82/nowhere",
        "/.well-known/",
        "/%2e%2e/users",
        "/RECORDS/contact",
        "/.git/config",
        // Files of the published documents, which the Worker has as static assets.
        "/base_page.html.gz",
        "/v1_portal_openapi.yaml.gz",
    ] {
        if path.contains("%2e") && world.host.resolves_dots() {
            continue;
        }
        raw.get(path).send().await.refused("NOT_FOUND");
        raw.post(path, json!({})).send().await.refused("NOT_FOUND");
    }
}

pub async fn every_answer_names_its_request(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    let send = async |draft: Draft| draft.bearer(&business.owner_token).send().await;
    let mut ids = std::collections::BTreeSet::new();
    for draft in [
        raw.get("/health"),
        raw.get("/me"),
        raw.get("/me?x=1"),
        raw.get("/nowhere"),
        raw.request(Method::PUT, "/me"),
        raw.get("/me").header("accept", "text/html"),
    ] {
        let answer = send(draft.header("x-request-id", "chosen-by-the-caller")).await;
        assert!(
            ids.insert(answer.header("x-request-id").to_owned()),
            "{answer:?}"
        );
        if answer.status.as_u16() >= 400 {
            assert_eq!(
                answer.json()["context"]["request_id"],
                answer.header("x-request-id")
            );
        }
    }
}
