//! A clock that is wrong for a while revives nothing that was ended, and deletes nothing for good.

use super::*;

/// A limit above the attempts of a test, since the test's limiter never refills.
fn often() -> Api {
    let quota = Quota {
        requests: 10_000,
        ..Config::default().sign_in_quota
    };
    Api::with(Config {
        sign_in_quota: quota,
        address_quota: quota,
        ..Config::default()
    })
}

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_clock_that_goes_back_keeps_nothing_alive_that_was_ended() {
    let api = Api::default();
    let owner = api.owner();
    let (secret, key) = api.key(&["records:read"]);
    let (person, renewal) = api.sign_in(DANA);
    let id = api.get("/api-keys", &owner).expect(200)["items"][0]["id"].clone();
    let revoke = api.call("DELETE", &format!("/api-keys/{}", id.as_str().unwrap()));
    revoke.token(&owner).send().expect(204);
    let out = api
        .call("POST", "/auth/revoke")
        .json(json!({"refresh_token": renewal}));
    out.send().expect(204);
    // Within the tokens' lifetime by the clock.
    for back in [1, 1_000, 20_000] {
        api.host.wait(-back);
        assert_eq!(api.get("/records/contact", &key).status, 401, "{back}");
        assert_eq!(api.get("/me", &person).status, 401, "{back}");
        let grant = json!({"grant_type": "api_key", "api_key": secret});
        assert_eq!(api.grant(grant).status, 401, "{back}");
        assert_eq!(api.grant(refresh(&renewal)).status, 401, "{back}");
    }
}

#[test]
fn a_signing_key_that_was_ended_verifies_nothing_by_a_clock_that_went_back() {
    let api = Api::default();
    let token = api.owner();
    api.get("/me", &token).expect(200);
    // Another process ends the key, and then this process's clock goes back.
    now(keys::rotate(&api.host.ports, keys::Before::End)).unwrap();
    api.host.wait(-20_000);
    api.get("/me", &token).expect(200);
    api.host.wait(-2 * keys::REFRESH_MS);
    assert_ne!(api.get("/me", &token).status, 200);
    api.host.wait(2 * keys::REFRESH_MS);
    assert_eq!(
        api.get("/me", &token).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    // Nor in a process that starts afterwards.
    let second = now(Core::start(api.host.ports.clone(), Config::default())).unwrap();
    assert_eq!(second.auth.keys.set().keys().len(), 1);
}

#[test]
fn a_refresh_token_is_repeated_for_no_longer_by_a_clock_that_went_back() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (_, first) = api.sign_in(DANA);
    let (_, second) = tokens(&api.grant(refresh(&first)).expect(200));
    api.host.wait(-HOUR);
    assert_eq!(
        api.grant(refresh(&first)).refusal(),
        (401, "REFRESH_REUSED".into())
    );
    assert_eq!(
        api.grant(refresh(&second)).status,
        401,
        "the session is over"
    );
}

#[test]
fn a_clock_that_leaps_ahead_deletes_nothing_for_good() {
    let api = often();
    let owner = api.owner();
    let contact = api.contact();
    let (_, renewal) = api.sign_in(DANA);
    let code = || {
        let made = json!({"contact": contact, "expires_in": HOUR});
        api.post("/auth/portal-codes", &api.sign_in(DANA).0, made)
            .expect(201)["code"]
            .clone()
    };
    let first = code();
    let create = |token: &str, key: &str| {
        let body = json!({"email": format!("{key}@alder.example"), "name": "P", "roles": []});
        let call = api
            .call("POST", "/users")
            .token(token)
            .header("idempotency-key", key);
        call.json(body).send()
    };
    create(&owner, "before").expect(201);
    // All clean-up work, repeated for most of a day.
    let leap = 1_000 * DAY;
    api.host.wait(leap);
    for n in 0..20 {
        code();
        create(&api.sign_in(DANA).0, &format!("ahead-{n}")).expect(201);
        api.host.wait(HOUR);
    }
    api.host.wait(-leap - 20 * HOUR);
    assert_eq!(
        create(&owner, "before").header("idempotent-replayed"),
        "true"
    );
    api.grant(refresh(&renewal)).expect(200);
    api.grant(json!({"grant_type": "portal_code", "code": first}))
        .expect(200);
}

#[test]
fn what_is_over_is_deleted_while_the_clock_goes_steadily() {
    let api = often();
    api.user(TENANT, DANA, &["owner"]);
    let sessions = || {
        let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
        let rows = memory.run(&crate::ports::store::Statement::new(
            "SELECT count(*) FROM sessions",
            [],
        ));
        rows[0][0].as_i64().unwrap()
    };
    for _ in 0..250 {
        api.host.wait(12 * HOUR);
        api.sign_in(DANA);
    }
    // Ninety days idle, plus the day and a half until that is certain.
    assert!((180..=186).contains(&sessions()), "{}", sessions());
}
