//! Refresh tokens, and how sessions end.

use super::*;

#[test]
fn a_refresh_token_is_good_once_and_a_minute_more() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (access, first) = api.sign_in(DANA);
    let (renewed, second) = tokens(&api.grant(refresh(&first)).expect(200));
    assert_ne!(first, second);
    api.get("/me", &renewed).expect(200);
    // Repeating a lost renewal returns the same successor.
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
    let mut forged = super::super::credential::Credential::parse(
        super::super::credential::Kind::RefreshToken,
        &token,
    )
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
fn a_renewal_that_loses_a_race_gets_the_winners_successor() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    let (_, first) = api.sign_in(DANA);
    // Another renewal of the same token happens between reading and committing.
    let credential = super::super::credential::Credential::parse(
        super::super::credential::Kind::RefreshToken,
        &first,
    )
    .unwrap();
    let store = api.host.world.memory(&tenant(TENANT)).unwrap();
    let read = super::super::sessions::read(&credential);
    let session = super::super::sessions::parse(store.run(&read))
        .unwrap()
        .unwrap();
    let random = api.host.ports.random.clone();
    let (winner, statements) = super::super::sessions::renew(&session, &credential, NOW, &*random);
    let update = statements.into_iter().next_back().unwrap();
    *store.before_commit.lock() = Some(Box::new(move |connection| {
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
