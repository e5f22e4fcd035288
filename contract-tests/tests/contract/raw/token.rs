//! Tokens that are refused: missing, broken, forged, of another kind or tenant, of ended sessions and revoked keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract_tests::{
    business::{Business, grant, key_token, login, mark, sign_in},
    contract::{elements, members},
    raw::Answer,
    world::World,
};
use http::Method;
use serde_json::{Value, json};

async fn me(world: &World, authorization: &str) -> Answer {
    world
        .raw("web")
        .get("/me")
        .header("authorization", authorization)
        .send()
        .await
}

pub async fn tokens_that_are_no_tokens(world: &World) {
    let business = world.business("web").await;
    let token = &business.owner_token;
    world
        .raw("web")
        .get("/me")
        .send()
        .await
        .refused("UNAUTHENTICATED");
    for authorization in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token}."),
        "Bearer ..".to_owned(),
        "Bearer a.b.c".to_owned(),
        format!("Bearer {}", "a".repeat(16_000)),
        format!("Bearer {}", business.key),
    ] {
        let answer = me(world, &authorization).await;
        answer.refused("UNAUTHENTICATED");
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{answer:?}"
        );
    }
    // The scheme's name is case-insensitive (RFC 9110).
    me(world, &format!("bearer {token}")).await.expect(200);
    // Two Authorization headers are refused.
    let twice = world
        .raw("web")
        .get("/me")
        .bearer(token)
        .bearer(token)
        .send()
        .await;
    assert_ne!(twice.status, 200);
}

/// Each operation with each kind of token: the wrong kind is 401, the wrong scope is 403.
pub async fn tokens_of_another_kind(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    for operation in world
        .contract
        .operations
        .iter()
        .filter(|operation| operation.secured)
    {
        let node =
            &world.contract.document["paths"][&operation.path][operation.method.to_lowercase()];
        let requirements: Vec<(&str, &Value)> =
            elements(&node["security"]).flat_map(members).collect();
        for (kind, token) in [
            ("user", &business.owner_token),
            ("portal", &business.portal_token),
            ("key", &business.weak_key_token),
        ] {
            let path = super::filled(&operation.path, &business.contact);
            let mut draft = raw
                .request(operation.method.parse().unwrap(), path)
                .bearer(token);
            if operation.body.is_some() {
                // A caller without permission is refused before the body is read.
                draft = draft.header("content-type", "text/plain").body("no JSON");
            }
            let answer = draft.send().await;
            let name = format!("{} with a token of kind {kind}", operation.id);
            match requirements.iter().find(|(scheme, _)| *scheme == kind) {
                None => assert_eq!(
                    answer.json()["code"],
                    "UNAUTHENTICATED",
                    "{name}: {answer:?}"
                ),
                Some((_, scopes)) if kind == "key" => {
                    let lacks = elements(scopes).any(|scope| scope != "records:read");
                    assert_eq!(answer.status == 403, lacks, "{name}: {answer:?}");
                    if lacks {
                        let context = answer.refused("FORBIDDEN");
                        assert!(
                            elements(scopes).any(|it| *it == context["scope"]),
                            "{context}"
                        );
                    }
                }
                Some(_) => assert!(
                    !matches!(answer.status.as_u16(), 401 | 403),
                    "{name}: {answer:?}"
                ),
            }
        }
        let path = super::filled(&operation.path, &business.contact);
        let draft = raw.request(operation.method.parse().unwrap(), path);
        draft.send().await.refused("UNAUTHENTICATED");
    }
}

pub async fn tokens_that_were_tampered_with(world: &World) {
    let ours = world.business("web").await;
    let theirs = world.business("mobile").await;
    let parts: Vec<&str> = ours.owner_token.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let other: Vec<&str> = theirs.owner_token.split('.').collect();
    let decoded = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let refused = async |name: &str, token: String| {
        let answer = me(world, &format!("Bearer {token}")).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        assert_eq!(answer.json()["code"], "UNAUTHENTICATED", "{name}");
    };
    refused(
        "the signature of another",
        format!("{header}.{claims}.{}", other[2]),
    )
    .await;
    refused(
        "the claims of another",
        format!("{header}.{}.{signature}", other[1]),
    )
    .await;
    refused("no signature", format!("{header}.{claims}.")).await;
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[10] ^= 1;
    refused(
        "a bit",
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(bytes)),
    )
    .await;
    for (name, value) in [
        ("tenant", json!(theirs.tenant)),
        ("sub", json!(ours.reader_id)),
        ("exp", json!(4_000_000_000_u64)),
        ("aud", json!("portal")),
        ("nbf", json!(0)),
    ] {
        let mut changed = decoded(claims);
        changed[name] = value;
        refused(name, format!("{header}.{}.{signature}", encoded(&changed))).await;
    }
    let jwks = world
        .raw("web")
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200);
    let public = jwks["keys"][0]["x"].as_str().unwrap_or_default().to_owned();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", Value::Null),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("x' UNION SELECT 'key")),
        ("kid", json!("")),
        ("kid", json!(1)),
        ("typ", json!("refresh+jwt")),
        ("crit", json!(["exp"])),
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": public})),
        ("jku", json!("https://evil.example/jwks.json")),
    ] {
        let mut changed = decoded(header);
        changed[name] = value.clone();
        let head = encoded(&changed);
        refused(
            &format!("{name} {value}"),
            format!("{head}.{claims}.{signature}"),
        )
        .await;
        refused(
            &format!("{name} {value}, unsigned"),
            format!("{head}.{claims}."),
        )
        .await;
    }
}

pub async fn tokens_of_what_is_gone(world: &World) {
    let business = Business::new(world, "web").await;
    let raw = world.raw("web");
    let works = async |token: &str| raw.get("/me").bearer(token).send().await.status == 200;
    // An ended session.
    let session = sign_in(raw, &business.reader).await;
    let token = session["access_token"].as_str().unwrap();
    assert!(works(token).await);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    for _ in 0..2 {
        assert_eq!(
            raw.post("/auth/revoke", refresh.clone())
                .send()
                .await
                .status,
            204
        );
    }
    raw.get("/me")
        .bearer(token)
        .send()
        .await
        .refused("UNAUTHENTICATED");
    let renewal = json!({"grant_type": "refresh_token", "refresh_token": session["refresh_token"]});
    raw.post("/auth/token", renewal)
        .send()
        .await
        .refused("INVALID_CREDENTIALS");
    assert!(works(&business.reader_token).await, "other sessions go on");
    // A revoked key.
    let key = json!({"name": "short", "scopes": ["records:read"]});
    let key = raw
        .post("/api-keys", key)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(201);
    let secret = key["secret"].as_str().unwrap();
    let token = key_token(raw, secret).await;
    assert!(works(&token).await);
    let path = format!("/api-keys/{}", key["id"].as_str().unwrap());
    let revoked = raw
        .request(Method::DELETE, path)
        .bearer(&business.owner_token)
        .send()
        .await;
    assert_eq!(revoked.status, 204);
    raw.get("/me")
        .bearer(&token)
        .send()
        .await
        .refused("UNAUTHENTICATED");
    let again = json!({"grant_type": "api_key", "api_key": secret});
    raw.post("/auth/token", again)
        .send()
        .await
        .refused("INVALID_CREDENTIALS");
    // A customer with a deleted record.
    let path = format!("/records/contact/{}", business.contact);
    raw.delete(path)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(204);
    raw.get("/portal/me")
        .bearer(&business.portal_token)
        .send()
        .await
        .refused("UNAUTHENTICATED");
    // A changed role applies from the next request on.
    let path = format!("/users/{}", business.reader_id);
    let write = || {
        let fields = json!({"fields": {"kind": "person", "first_name": "Ada"}});
        raw.post("/records/contact", fields)
            .bearer(&business.reader_token)
    };
    write().send().await.refused("FORBIDDEN");
    let roles = json!({"roles": ["admin"]});
    raw.patch(&path, roles)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(200);
    write().send().await.expect(201);
    // A deactivated user.
    let draft = raw.request(Method::POST, format!("{path}/deactivate"));
    draft.bearer(&business.owner_token).send().await.expect(200);
    raw.get("/me")
        .bearer(&business.reader_token)
        .send()
        .await
        .refused("UNAUTHENTICATED");
    let password = json!({"grant_type": "password", "email": business.reader.email, "password": business.reader.password});
    raw.post("/auth/token", password)
        .send()
        .await
        .refused("INVALID_CREDENTIALS");
    // A used code.
    let contact = json!({"fields": {"kind": "person", "first_name": "Ada"}});
    let contact = raw
        .post("/records/contact", contact)
        .bearer(&business.owner_token)
        .send()
        .await;
    let contact = contact.expect(201)["id"].clone();
    let code = raw.post("/auth/portal-codes", json!({"contact": contact}));
    let code = code.bearer(&business.owner_token).send().await.expect(201)["code"].clone();
    let code = json!({"grant_type": "portal_code", "code": code});
    grant(raw, code.clone()).await;
    raw.post("/auth/token", code)
        .send()
        .await
        .refused("INVALID_CREDENTIALS");
}

/// After too many wrong passwords even the right one is refused for a while; other people can sign in.
pub async fn attempts_to_sign_in_are_limited(world: &World) {
    let raw = world.raw("web");
    let mark = mark();
    let owner = login("limited", &mark);
    world
        .host
        .create_tenant(&format!("Limited {mark}"), &owner)
        .await;
    let attempt = |email: &str, password: &str| {
        raw.post(
            "/auth/token",
            json!({"grant_type": "password", "email": email, "password": password}),
        )
    };
    for email in [
        owner.email.clone(),
        format!("unknown-{mark}@business.example"),
    ] {
        let mut refused = None;
        for _ in 0..40 {
            let answer = attempt(&email, "wrong password").send().await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
            answer.refused("INVALID_CREDENTIALS");
        }
        let answer = refused.expect("a limit");
        let context = answer.refused("RATE_LIMITED");
        let after: u64 = answer.header("retry-after").parse().unwrap();
        assert!(after > 0 && context["retry_after"] == after, "{answer:?}");
        attempt(&email, &owner.password)
            .send()
            .await
            .refused("RATE_LIMITED");
    }
    let other = world.business("web").await;
    attempt(&other.owner.email, &other.owner.password)
        .send()
        .await
        .expect(200);
}
