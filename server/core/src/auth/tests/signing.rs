//! Signing keys: rotation, and the tokens of earlier keys.

use super::*;

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
    // A process that has not read the new key yet accepts its tokens at once.
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
    // The first key verifies nothing once its tokens have expired.
    late.host
        .wait(crate::auth::claims::LIFETIME_S * 1000 + 2 * keys::REFRESH_MS);
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
        let keys = api.host.world.keys.lock();
        keys.iter().map(|key| key.expires_at).collect::<Vec<_>>()
    };
    now(keys::rotate(&api.host.ports, keys::Before::Fade)).unwrap();
    let first = ends();
    assert!(first[0].is_some_and(|at| at > NOW + crate::auth::claims::LIFETIME_S * 1000));
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
    assert_eq!(api.host.world.keys.lock().len(), 1);
}
