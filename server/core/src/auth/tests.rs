//! Signing in, renewing, signing out, and what tokens are worth where.

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
    // Somebody who guesses elsewhere locks nobody out here, and one account does not lock another.
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
    // Only to those who know the password.
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
fn a_refresh_token_is_good_once_and_a_minute_more() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (access, first) = api.sign_in(DANA);
    let (renewed, second) = tokens(&api.grant(refresh(&first)).expect(200));
    assert_ne!(first, second);
    api.get("/me", &renewed).expect(200);
    // An answer that was lost is had again: the same successor.
    api.host.wait(60_000);
    assert_eq!(tokens(&api.grant(refresh(&first)).expect(200)).1, second);
    // Afterwards its use ends the session: the successor and all access tokens with it.
    api.host.wait(1);
    assert_eq!(
        api.grant(refresh(&first)).refusal(),
        (401, "REFRESH_REUSED".into())
    );
    assert_eq!(
        api.grant(refresh(&second)).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    for token in [access, renewed] {
        assert_eq!(
            api.get("/me", &token).refusal(),
            (401, "UNAUTHENTICATED".into())
        );
    }
}

#[test]
fn a_token_older_than_the_one_before_ends_the_session_at_once() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (_, first) = api.sign_in(DANA);
    let (_, second) = tokens(&api.grant(refresh(&first)).expect(200));
    let (_, third) = tokens(&api.grant(refresh(&second)).expect(200));
    assert_eq!(
        api.grant(refresh(&first)).refusal(),
        (401, "REFRESH_REUSED".into())
    );
    assert_eq!(
        api.grant(refresh(&third)).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
}

#[test]
fn a_made_up_refresh_token_ends_nothing() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (_, token) = api.sign_in(DANA);
    let mut forged =
        super::credential::Credential::parse(super::credential::Kind::RefreshToken, &token)
            .unwrap();
    forged.secret = [7; 32];
    assert_eq!(
        api.grant(refresh(&forged.text())).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    api.call("POST", "/auth/revoke")
        .json(json!({"refresh_token": forged.text()}))
        .send()
        .expect(204);
    api.grant(refresh(&token)).expect(200);
}

#[test]
fn signing_out_ends_the_session_at_once() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (access, token) = api.sign_in(DANA);
    let (other, _) = api.sign_in(DANA);
    api.get("/me", &access).expect(200);
    for _ in 0..2 {
        api.call("POST", "/auth/revoke")
            .json(json!({"refresh_token": token}))
            .send()
            .expect(204);
    }
    api.call("POST", "/auth/revoke")
        .json(json!({"refresh_token": "rt_unknown"}))
        .send()
        .expect(204);
    assert_eq!(
        api.get("/me", &access).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    assert_eq!(
        api.grant(refresh(&token)).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    api.get("/me", &other).expect(200);
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
fn a_customer_signs_in_with_a_code_once() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post(
            "/auth/portal-codes",
            &owner,
            json!({"contact": contact, "expires_in": 3_600_000}),
        )
        .expect(201);
    assert_eq!(
        (&made["contact"], &made["expires_at"]),
        (&json!(contact), &json!(NOW + 3_600_000))
    );
    let grant = json!({"grant_type": "portal_code", "code": made["code"]});
    let answer = api.grant(grant.clone()).expect(200);
    assert_eq!(answer["subject"], json!({"kind": "portal", "id": contact}));
    let (access, token) = tokens(&answer);
    let me = api.get("/portal/me", &access).expect(200);
    assert_eq!(
        me,
        json!({"id": contact, "kind": "person", "first_name": "Maria", "last_name": "Okafor", "emails": ["maria@mail.example"],
            "business": {"id": TENANT, "name": "Alder & Finch"}})
    );
    assert_eq!(
        api.grant(grant).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    // The session renews as a person's does, until the contact is gone.
    let (renewed, token) = tokens(&api.grant(refresh(&token)).expect(200));
    api.call("DELETE", &format!("/records/contact/{contact}"))
        .extension(Operator(tenant(TENANT)))
        .send()
        .expect(204);
    assert_eq!(
        api.get("/portal/me", &renewed).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    assert_eq!(
        api.grant(refresh(&token)).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    assert_eq!(
        api.post("/auth/portal-codes", &owner, json!({"contact": contact}))
            .refusal(),
        (404, "NOT_FOUND".into())
    );
}

#[test]
fn of_two_who_use_a_code_at_once_one_gets_in() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post("/auth/portal-codes", &owner, json!({"contact": contact}))
        .expect(201);
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    *memory.before_commit.lock().unwrap() = Some(Box::new(|connection| {
        let used = "UPDATE portal_codes SET used_at = 1";
        connection.execute_batch(used).unwrap();
    }));
    let late = api.grant(json!({"grant_type": "portal_code", "code": made["code"]}));
    assert_eq!(late.refusal(), (401, "INVALID_CREDENTIALS".into()));
}

#[test]
fn a_renewal_that_loses_a_race_gets_the_winners_successor() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (_, first) = api.sign_in(DANA);
    // Somebody else's renewal of the same token comes between reading and committing.
    let credential =
        super::credential::Credential::parse(super::credential::Kind::RefreshToken, &first)
            .unwrap();
    let store = api.host.world.memory(&tenant(TENANT)).unwrap();
    let read = super::sessions::read(&credential);
    let session = super::sessions::parse(store.run(&read)).unwrap().unwrap();
    let random = api.host.ports.random.clone();
    let (winner, statements) = super::sessions::renew(&session, &credential, NOW, &*random);
    let update = statements.into_iter().next_back().unwrap();
    *store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        let text = |index: usize| update.params[index].as_str().unwrap_or_default().to_owned();
        let set =
            "UPDATE sessions SET previous_hash = refresh_hash, refresh_hash = ?1, successor = ?2";
        connection.execute(set, [text(1), text(2)]).unwrap();
    }));
    assert_eq!(
        tokens(&api.grant(refresh(&first)).expect(200)).1,
        winner.text()
    );
}

#[test]
fn a_code_ends() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post(
            "/auth/portal-codes",
            &owner,
            json!({"contact": contact, "expires_in": 3_600_000}),
        )
        .expect(201);
    api.host.wait(3_600_000);
    assert_eq!(
        api.grant(json!({"grant_type": "portal_code", "code": made["code"]}))
            .refusal(),
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
    // Even one with our own signature: its session is not there.
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

#[test]
fn an_access_token_lives_for_fifteen_minutes() {
    let api = Api::default();
    let token = api.owner();
    api.host.wait(899_999);
    api.get("/me", &token).expect(200);
    api.host.wait(1);
    let expired = api.get("/me", &token);
    assert_eq!(
        (expired.refusal(), &expired.json()["context"]["expired_at"]),
        ((401, "TOKEN_EXPIRED".into()), &json!(NOW + 900_000))
    );
    assert!(expired.header("www-authenticate").contains("invalid_token"));
}

#[test]
fn keys_rotate_without_signing_anybody_out() {
    let api = Api::default();
    let token = api.owner();
    let jwks = |api: &Api| {
        api.call("GET", "/.well-known/jwks.json").send().expect(200)["keys"]
            .as_array()
            .unwrap()
            .clone()
    };
    let before = jwks(&api);
    assert_eq!(
        (
            before.len(),
            &before[0]["kty"],
            &before[0]["crv"],
            &before[0]["alg"]
        ),
        (1, &json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    // Another process rotates; this one notices within a minute.
    api.host.wait(1);
    let kid = now(keys::rotate(&api.host.ports, keys::Before::Fade)).unwrap();
    api.host.wait(keys::REFRESH_MS);
    let after = jwks(&api);
    assert_eq!(
        (after.len(), after[0]["kid"].as_str(), &after[1]["kid"]),
        (2, Some(&*kid), &before[0]["kid"])
    );
    api.get("/me", &token).expect(200);
    let (new, _) = api.sign_in(DANA);
    assert_eq!(jws::parse(&new).unwrap().kid, kid);
    // A token of the new key is known at once to a process that has not read it yet.
    let second = now(Core::start(api.host.ports.clone(), Config::default())).unwrap();
    let late = Api {
        router: router(second.clone()),
        core: second,
        host: api.host,
    };
    now(keys::rotate(&late.host.ports, keys::Before::Fade)).unwrap();
    late.host.wait(5_000);
    let third = now(Core::start(late.host.ports.clone(), Config::default())).unwrap();
    let third = Api {
        router: router(third.clone()),
        core: third,
        host: late.host,
    };
    let (newest, _) = third.sign_in(DANA);
    let late = Api {
        router: late.router,
        core: late.core,
        host: third.host,
    };
    late.get("/me", &newest).expect(200);
    // The first key verifies nothing any more once its tokens have ended.
    late.host
        .wait(super::claims::LIFETIME_S * 1000 + 2 * keys::REFRESH_MS);
    assert!(!jwks(&late).iter().any(|key| key["kid"] == before[0]["kid"]));
}

#[test]
fn keys_that_somebody_may_have_end_at_once() {
    let api = Api::default();
    let token = api.owner();
    api.host.wait(1);
    now(keys::rotate(&api.host.ports, keys::Before::Fade)).unwrap();
    api.host.wait(1);
    let kid = now(keys::rotate(&api.host.ports, keys::Before::End)).unwrap();
    api.host.wait(keys::REFRESH_MS);
    let jwks = api.call("GET", "/.well-known/jwks.json").send().expect(200);
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().collect();
    assert_eq!((kids.len(), &kids[0]["kid"]), (1, &json!(kid)));
    assert_eq!(
        api.get("/me", &token).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    let (token, _) = api.sign_in(DANA);
    api.get("/me", &token).expect(200);
}

#[test]
fn a_second_rotation_lets_no_key_live_longer() {
    let api = Api::default();
    let ends = || {
        let keys = api.host.world.keys.lock().unwrap();
        keys.iter().map(|key| key.expires_at).collect::<Vec<_>>()
    };
    now(keys::rotate(&api.host.ports, keys::Before::Fade)).unwrap();
    let first = ends();
    assert!(first[0].is_some_and(|at| at > NOW + super::claims::LIFETIME_S * 1000));
    api.host.wait(60_000);
    now(keys::rotate(&api.host.ports, keys::Before::Fade)).unwrap();
    assert_eq!(
        ends(),
        [first[0], first[0].map(|at| at + 60_000), None],
        "the first ends when it was to"
    );
}

#[test]
fn two_first_starts_agree_on_a_key() {
    let api = Api::default();
    now(keys::ensure(&api.host.ports)).unwrap();
    assert_eq!(api.host.world.keys.lock().unwrap().len(), 1);
}
