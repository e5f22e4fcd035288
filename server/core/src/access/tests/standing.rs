//! Deactivating and reactivating people: what ends with their access, and what comes back.

use super::*;
use crate::testing::api::{PASSWORD, Reply};

fn make_key(api: &Api, token: &str, name: &str, scopes: &[&str]) -> (String, String) {
    // Keys are listed in the order of creation, so each needs its own time.
    api.host.wait(1);
    let made = api
        .post("/api-keys", token, json!({"name": name, "scopes": scopes}))
        .expect(201);
    let secret = &made["secret"];
    let token = api
        .grant(json!({"grant_type": "api_key", "api_key": secret}))
        .expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["id"]), text(&token["access_token"]))
}

fn deactivate(api: &Api, token: &str, id: &str) -> Reply {
    api.call("POST", &format!("/users/{id}/deactivate"))
        .token(token)
        .send()
}

fn and_revoke(api: &Api, token: &str, id: &str) -> Reply {
    let body = json!({"revoke_api_keys": true});
    api.post(&format!("/users/{id}/deactivate"), token, body)
}

fn reactivate(api: &Api, token: &str, id: &str) -> Reply {
    api.call("POST", &format!("/users/{id}/reactivate"))
        .token(token)
        .send()
}

fn names(answer: &Value) -> Vec<&str> {
    let keys = answer["api_keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect()
}

/// An owner's token, and an admin with a token and five keys: one that the admin made, a revoked one and an expired
/// one; one made with the first key, and one made with that key. Another person has a key as well.
fn with_keys() -> (Api, String, String, Vec<String>) {
    let api = Api::default();
    let owner = api.owner();
    let admin = api.user(TENANT, "admin@a.example", &["admin"]);
    let (session, _) = api.sign_in("admin@a.example");
    let scopes = ["integrations:write", "records:read"];
    let (_, own) = make_key(&api, &session, "Own", &scopes);
    let (_, of_own) = make_key(&api, &own, "Of own", &scopes);
    let (_, last) = make_key(&api, &of_own, "Last", &["records:read"]);
    let (revoked, _) = make_key(&api, &session, "Revoked", &scopes);
    api.call("DELETE", &format!("/api-keys/{revoked}"))
        .token(&session)
        .send()
        .expect(204);
    let at = api.host.ports.clock.now();
    let body = json!({"name": "Expired", "scopes": ["records:read"], "expires_at": at + 10});
    api.post("/api-keys", &session, body).expect(201);
    let (_, other) = make_key(&api, &owner, "Somebody else's", &scopes);
    api.host.wait(10);
    (api, owner, admin, vec![own, of_own, last, other])
}

fn works(api: &Api, keys: &[String]) -> Vec<bool> {
    keys.iter()
        .map(|key| api.get("/records/contact", key).status == 200)
        .collect()
}

#[test]
fn the_keys_that_a_person_made_are_told_and_revoked_if_asked() {
    let (api, owner, admin, keys) = with_keys();
    let gone = deactivate(&api, &owner, &admin).expect(200);
    assert_eq!(names(&gone), ["Own", "Of own", "Last"]);
    assert_eq!(gone["api_keys"][0]["revoked_at"], Value::Null);
    assert_eq!(works(&api, &keys), [true, true, true, true]);
    // The same request again changes nothing and lists the keys again.
    assert_eq!(deactivate(&api, &owner, &admin).expect(200), gone);
    let revoked = and_revoke(&api, &owner, &admin).expect(200);
    assert_eq!(names(&revoked), ["Own", "Of own", "Last"]);
    assert!(revoked["api_keys"][2]["revoked_at"].is_number());
    assert_eq!(revoked["version"], gone["version"]);
    assert_eq!(works(&api, &keys), [false, false, false, true]);
    assert_eq!(
        names(&and_revoke(&api, &owner, &admin).expect(200)),
        [""; 0]
    );
    // Reactivating the person does not restore the keys.
    reactivate(&api, &owner, &admin).expect(200);
    assert_eq!(works(&api, &keys), [false, false, false, true]);
}

#[test]
fn both_happen_in_one_step() {
    let (api, owner, admin, keys) = with_keys();
    let gone = and_revoke(&api, &owner, &admin).expect(200);
    assert_eq!(gone["status"], "deactivated");
    assert_eq!(works(&api, &keys), [false, false, false, true]);
    // A request without a body revokes no keys.
    let (api, owner, admin, keys) = with_keys();
    api.post(&format!("/users/{admin}/deactivate"), &owner, json!({}))
        .expect(200);
    assert_eq!(works(&api, &keys), [true; 4]);
}

#[test]
fn who_may_not_manage_keys_neither_sees_nor_revokes_them() {
    let (api, owner, admin, keys) = with_keys();
    // All permissions of an admin except those for keys.
    let api_user = api.user(TENANT, "plain@a.example", &[]);
    let (_, key) = api.key(&["access:read", "access:write", "integrations:read"]);
    api.sql(&format!(
        "UPDATE api_keys SET maker = '{api_user}' WHERE maker = '{admin}'"
    ));
    let refused = and_revoke(&api, &key, &api_user);
    assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
    assert_eq!(refused.json()["context"]["scope"], "integrations:write");
    let gone = deactivate(&api, &key, &api_user).expect(200);
    assert_eq!(
        (&gone["status"], gone.get("api_keys")),
        (&json!("deactivated"), None)
    );
    assert_eq!(works(&api, &keys), [true; 4]);
    assert_eq!(
        names(&deactivate(&api, &owner, &api_user).expect(200)).len(),
        3
    );
}

#[test]
fn a_key_that_is_made_meanwhile_is_told_as_well() {
    let (api, owner, admin, _) = with_keys();
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    *memory.before_commit.lock() = Some(Box::new(|connection| {
        connection
            .execute_batch(
                "UPDATE meta SET seq = seq + 1; INSERT INTO api_keys (id, version, name, secret_hash, scopes, content_hash, created_by, created_at, updated_at, maker) \
                 SELECT 'late', (SELECT seq FROM meta), 'Late', 'h', scopes, 'c', created_by, created_at + 1, updated_at, maker FROM api_keys WHERE name = 'Own'",
            )
            .unwrap()
    }));
    let gone = deactivate(&api, &owner, &admin).expect(200);
    assert!(names(&gone).contains(&"Late"), "{gone}");
}

#[test]
fn a_person_comes_back_with_roles_and_password_and_without_sessions() {
    let api = Api::default();
    let owner = api.owner();
    api.post("/users", &owner, priya()).expect(201);
    let password = "pressure-relief-valve";
    let sign_in = || api.password_grant("priya@alderfinch.example", password);
    let (session, refresh) = crate::testing::api::tokens(&sign_in().expect(200));
    let gone = deactivate(&api, &owner, ID).expect(200);
    assert_eq!(sign_in().status, 401);
    api.host.wait(5);
    let back = reactivate(&api, &owner, ID);
    let user = back.expect(200);
    assert_eq!(
        (&user["status"], &user["roles"]),
        (&json!("active"), &json!(["readonly"]))
    );
    assert!(user["version"].as_i64() > gone["version"].as_i64());
    assert_eq!(back.header("etag"), format!("\"{}\"", user["version"]));
    assert!(user.get("api_keys").is_none());
    // The same request again changes nothing.
    assert_eq!(reactivate(&api, &owner, ID).expect(200), user);
    assert_eq!(api.get(&format!("/users/{ID}"), &owner).expect(200), user);
    assert_eq!(api.get("/me", &session).status, 401);
    let renewal = api.grant(json!({"grant_type": "refresh_token", "refresh_token": refresh}));
    assert_eq!(renewal.status, 401);
    let (session, _) = crate::testing::api::tokens(&sign_in().expect(200));
    api.get("/me", &session).expect(200);
    assert_eq!(
        reactivate(&api, &owner, "019bb16e-fe80-78b0-b715-3bf7c3706d99").refusal(),
        (404, "NOT_FOUND".into())
    );
}

#[test]
fn nobody_brings_back_who_may_do_more() {
    let api = Api::default();
    let owner = api.owner();
    let second = api.user(TENANT, "second@a.example", &["owner"]);
    let admin = api.user(TENANT, "admin@a.example", &["admin"]);
    let other = api.user(TENANT, "other@a.example", &["admin"]);
    let (session, _) = api.sign_in("other@a.example");
    let (_, key) = api.key(&["access:read", "access:write"]);
    for id in [&second, &admin] {
        deactivate(&api, &owner, id).expect(200);
        let refused = reactivate(&api, &key, id);
        assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
        // A refused caller does not learn either that the person is deactivated already.
        assert_eq!(deactivate(&api, &key, id).status, 403);
    }
    assert_eq!(
        reactivate(&api, &session, &second).json()["context"]["permission"],
        "owner"
    );
    reactivate(&api, &session, &admin).expect(200);
    assert_eq!(api.password_grant("second@a.example", PASSWORD).status, 401);
    api.user(TENANT, "reader@a.example", &["readonly"]);
    let (reader, _) = api.sign_in("reader@a.example");
    assert_eq!(reactivate(&api, &reader, &other).status, 403);
}
