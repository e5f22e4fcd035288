//! Signing in, renewing, signing out, and the validity of tokens.

use serde_json::json;

use super::{claims::Claims, jws, keys};
use crate::{
    core::{Config, Core},
    http::{Operator, Peer, router},
    ports::limiter::Quota,
    testing::{
        api::{Api, OTHER_TENANT, PASSWORD, TENANT, now, tenant, tokens},
        host::NOW,
    },
};

mod clock;
mod codes;
mod renewal;
mod sign_in;
mod signing;

const DANA: &str = "dana@alderfinch.example";

fn refresh(token: &str) -> serde_json::Value {
    json!({"grant_type": "refresh_token", "refresh_token": token})
}

#[test]
fn a_person_signs_in_and_is_known() {
    let api = Api::default();
    let id = api.user(TENANT, DANA, &["owner"]);
    let answer = api
        .password_grant(" Dana@AlderFinch.example".trim(), PASSWORD)
        .expect(200);
    assert_eq!(
        (
            &answer["token_type"],
            &answer["expires_in"],
            &answer["tenant"]
        ),
        (&json!("Bearer"), &json!(900), &json!(TENANT))
    );
    assert_eq!(answer["subject"], json!({"kind": "user", "id": id}));
    let me = api.get("/me", &tokens(&answer).0).expect(200);
    assert_eq!(
        me,
        json!({"id": id, "kind": "user", "name": "Dana Alder", "tenant": {"id": TENANT, "name": "Alder & Finch"}, "email": DANA, "roles": ["owner"]})
    );
    let some = api.get("/me?fields=name", &tokens(&answer).0).expect(200);
    assert_eq!(some, json!({"id": id, "name": "Dana Alder"}));
}

#[test]
fn what_lets_nobody_in_is_refused_in_one_way() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let gone = api.user(TENANT, "gone@alderfinch.example", &[]);
    api.call("POST", &format!("/users/{gone}/deactivate"))
        .extension(Operator(tenant(TENANT)))
        .send()
        .expect(200);
    let silent = json!({"email": "silent@alderfinch.example", "name": "No Password", "roles": []});
    api.call("POST", "/users")
        .extension(Operator(tenant(TENANT)))
        .json(silent)
        .send()
        .expect(201);
    let wrong = api.password_grant(DANA, "not the password");
    assert_eq!(wrong.refusal(), (401, "INVALID_CREDENTIALS".into()));
    let others = [
        api.password_grant("nobody@alderfinch.example", PASSWORD),
        api.password_grant("gone@alderfinch.example", PASSWORD),
        api.password_grant("silent@alderfinch.example", PASSWORD),
        api.grant(json!({"grant_type": "password", "email": DANA, "password": PASSWORD, "tenant": OTHER_TENANT})),
        api.grant(json!({"grant_type": "password", "email": DANA, "password": PASSWORD, "tenant": "019bb16e-fe80-78b0-b715-3bf7c3706d99"})),
        api.grant(refresh("rt_7Qm2vX9cTn4LrB8sKd1WfHj6yPzEa3Gu")),
        api.grant(json!({"grant_type": "api_key", "api_key": "crm_8fK2mQvT5xWc9ZrN3bLpHs7YdJ4aEgUe"})),
        api.grant(json!({"grant_type": "portal_code", "code": "pc_4Hn8sXw2QkVb6TzRy9LmCd3FgJp7Ea"})),
    ];
    for other in others {
        assert_eq!(other.anonymous(), wrong.anonymous());
    }
}

#[test]
fn attempts_are_limited_by_account_and_address_together() {
    let quota = Quota {
        name: "sign_in",
        requests: 3,
        window_s: 300,
    };
    let api = Api::with(Config {
        sign_in_quota: quota,
        ..Config::default()
    });
    api.user(TENANT, DANA, &["owner"]);
    for _ in 0..3 {
        assert_eq!(api.password_grant(DANA, "guess").status, 401);
    }
    let limited = api.password_grant(DANA, PASSWORD);
    assert_eq!(limited.refusal(), (429, "RATE_LIMITED".into()));
    assert_eq!(
        (
            limited.header("retry-after"),
            &limited.json()["context"]["retry_after"]
        ),
        ("300", &json!(300))
    );
    // Wrong guesses from another address lock nobody out here, and one account does not lock another.
    let body = json!({"grant_type": "password", "email": DANA, "password": PASSWORD});
    api.call("POST", "/auth/token")
        .extension(Peer([198, 51, 100, 7].into()))
        .json(body)
        .send()
        .expect(200);
    assert_eq!(
        api.password_grant("other@alderfinch.example", "guess")
            .status,
        401
    );
}

#[test]
fn an_address_of_several_businesses_has_to_name_one() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    api.user(OTHER_TENANT, DANA, &["owner"]);
    let several = api.password_grant(DANA, PASSWORD);
    assert_eq!(several.refusal(), (400, "TENANT_REQUIRED".into()));
    let named = json!([{"id": TENANT, "name": "Alder & Finch"}, {"id": OTHER_TENANT, "name": "Birch & Co"}]);
    assert_eq!(several.json()["context"]["tenants"], named);
    // The businesses are shown only to callers who know the password.
    assert_eq!(
        api.password_grant(DANA, "guess").refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    let one = api.grant(json!({"grant_type": "password", "email": DANA, "password": PASSWORD, "tenant": OTHER_TENANT})).expect(200);
    assert_eq!(
        api.get("/me", &tokens(&one).0).expect(200)["tenant"]["id"],
        OTHER_TENANT
    );
}

#[test]
fn an_api_key_gets_tokens_with_its_scopes_until_it_is_revoked() {
    let api = Api::default();
    let owner = api.owner();
    let (secret, token) = api.key(&["records:read", "access:read"]);
    let answer = api
        .grant(json!({"grant_type": "api_key", "api_key": secret}))
        .expect(200);
    assert_eq!(
        (&answer["scopes"], answer.get("refresh_token")),
        (&json!(["access:read", "records:read"]), None)
    );
    assert_eq!(
        api.get("/me", &token).expect(200)["scopes"],
        json!(["access:read", "records:read"])
    );
    api.get("/users", &token).expect(200);
    let refused = api.post(
        "/users",
        &token,
        json!({"email": "x@y.example", "name": "X", "roles": []}),
    );
    assert_eq!(
        (refused.refusal(), &refused.json()["context"]["scope"]),
        ((403, "FORBIDDEN".into()), &json!("access:write"))
    );
    assert_eq!(
        refused.header("www-authenticate"),
        r#"Bearer error="insufficient_scope", scope="access:write""#
    );
    let id = answer["subject"]["id"].as_str().unwrap();
    for _ in 0..2 {
        api.call("DELETE", &format!("/api-keys/{id}"))
            .token(&owner)
            .send()
            .expect(204);
    }
    assert_eq!(
        api.get("/me", &token).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    assert_eq!(
        api.grant(json!({"grant_type": "api_key", "api_key": secret}))
            .refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
}

#[test]
fn a_keys_token_ends_with_the_key() {
    let api = Api::default();
    let owner = api.owner();
    let made = api
        .post(
            "/api-keys",
            &owner,
            json!({"name": "Short", "scopes": ["records:read"], "expires_at": NOW + 100_000}),
        )
        .expect(201);
    let grant = json!({"grant_type": "api_key", "api_key": made["secret"]});
    let answer = api.grant(grant.clone()).expect(200);
    assert_eq!(answer["expires_in"], 100);
    api.host.wait(100_000);
    assert_eq!(
        api.get("/me", &tokens(&answer).0).refusal(),
        (401, "TOKEN_EXPIRED".into())
    );
    assert_eq!(
        api.grant(grant).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
}

#[test]
fn a_token_of_one_kind_is_worth_nothing_to_another() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let code = api
        .post("/auth/portal-codes", &owner, json!({"contact": contact}))
        .expect(201);
    let portal = tokens(
        &api.grant(json!({"grant_type": "portal_code", "code": code["code"]}))
            .expect(200),
    )
    .0;
    let (_, key) = api.key(&["records:read", "records:write"]);
    for (path, token) in [
        ("/me", &portal),
        ("/records/contact", &portal),
        ("/users", &portal),
        ("/portal/me", &owner),
        ("/portal/me", &key),
    ] {
        let refused = api.get(path, token);
        assert_eq!(refused.refusal(), (401, "UNAUTHENTICATED".into()), "{path}");
        assert_eq!(
            refused.header("www-authenticate"),
            r#"Bearer error="invalid_token""#
        );
    }
}

#[test]
fn a_token_is_worth_nothing_in_another_tenant() {
    let api = Api::default();
    let token = api.owner();
    api.user(OTHER_TENANT, "someone@birch.example", &["owner"]);
    // Even a token with the server's own signature, if its session does not exist.
    let (_, payload, _) = {
        let mut parts = token.split('.');
        (parts.next(), parts.next().unwrap(), parts.next())
    };
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    let mut claims: Claims = serde_json::from_slice(&payload).unwrap();
    claims.tenant = OTHER_TENANT.into();
    let keys = api.core.auth.keys.set();
    let key = keys.current().unwrap();
    let moved = jws::sign(
        &key.signing,
        &key.kid,
        &serde_json::to_vec(&claims).unwrap(),
    );
    assert_eq!(
        api.get("/me", &moved).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    claims.tenant = "019bb16e-fe80-78b0-b715-3bf7c3706d99".into();
    let nowhere = jws::sign(
        &key.signing,
        &key.kid,
        &serde_json::to_vec(&claims).unwrap(),
    );
    assert_eq!(
        api.get("/me", &nowhere).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
}
