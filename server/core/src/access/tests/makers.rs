//! A key gives no more than its maker may do now. When the maker's roles are reduced, the answer lists the keys that
//! still allow more.

use super::*;
use crate::{http::Operator, testing::api::Reply};

const EVERY: [&str; 9] = [
    "records:read",
    "records:write",
    "schema:read",
    "schema:write",
    "access:read",
    "access:write",
    "integrations:read",
    "integrations:write",
    "portal:write",
];

struct Shop {
    api: Api,
    owner: String,
    admin: String,
    /// A chain of three keys: an admin's key with every scope, a key made with it, and a key made with that one.
    chain: Vec<String>,
}

fn make(api: &Api, token: &str, scopes: &[&str]) -> String {
    api.host.wait(1);
    let body = json!({"name": format!("{} scopes", scopes.len()), "scopes": scopes});
    let made = api.post("/api-keys", token, body).expect(201);
    let grant = json!({"grant_type": "api_key", "api_key": made["secret"]});
    let token = &api.grant(grant).expect(200)["access_token"];
    token.as_str().unwrap().to_owned()
}

fn shop() -> Shop {
    let api = Api::default();
    let owner = api.owner();
    let admin = api.user(TENANT, "admin@a.example", &["admin"]);
    let (session, _) = api.sign_in("admin@a.example");
    let first = make(&api, &session, &EVERY);
    let second = make(&api, &first, &EVERY);
    let third = make(&api, &second, &EVERY);
    let chain = vec![first, second, third];
    Shop {
        api,
        owner,
        admin,
        chain,
    }
}

fn someone(email: &str, roles: &[&str]) -> Value {
    json!({"email": email, "name": "Somebody", "roles": roles, "password": "another-valve-entirely"})
}

/// Every request by which a key could get more rights than a reader has.
fn attempts(shop: &Shop, key: &str) -> Vec<Reply> {
    let (api, admin) = (&shop.api, shop.admin.as_str());
    let other = api.user(
        TENANT,
        &format!("{}@a.example", api.host.ports.clock.now()),
        &["admin"],
    );
    let gone = api.user(
        TENANT,
        &format!("{}@b.example", api.host.ports.clock.now()),
        &["admin"],
    );
    api.host.wait(1);
    let command = |id: &str, verb: &str| api.call("POST", &format!("/users/{id}/{verb}"));
    let operator = Operator(tenant(TENANT));
    command(&gone, "deactivate")
        .extension(operator)
        .send()
        .expect(200);
    let mut replies = vec![
        patch(api, key, admin, json!({"roles": ["admin", "readonly"]})),
        api.post("/users", key, someone("puppet@a.example", &["admin"])),
        command(&gone, "reactivate").token(key).send(),
        command(&other, "deactivate").token(key).send(),
        patch(api, key, &other, json!({"roles": []})),
    ];
    for change in [
        json!({"password": "another-valve-entirely"}),
        json!({"email": "mine@a.example"}),
        json!({"external_id": "mine"}),
    ] {
        replies.push(patch(api, key, &other, change));
    }
    for scope in EVERY {
        let body = json!({"name": "K", "scopes": [scope]});
        replies.push(api.post("/api-keys", key, body));
    }
    // A person without roles has no rights that a caller could lack.
    let plain = api.user(
        TENANT,
        &format!("{}@c.example", api.host.ports.clock.now()),
        &[],
    );
    replies.push(patch(
        api,
        key,
        &plain,
        json!({"password": "another-valve-entirely"}),
    ));
    replies.push(patch(api, key, &plain, json!({"name": "Renamed"})));
    command(&plain, "deactivate")
        .extension(Operator(tenant(TENANT)))
        .send()
        .expect(200);
    replies.push(command(&plain, "reactivate").token(key).send());
    let keys = api.get("/api-keys", &shop.owner).expect(200);
    let one = keys["items"][0]["id"].as_str().unwrap();
    let revoke = api.call("DELETE", &format!("/api-keys/{one}"));
    replies.push(revoke.token(key).send());
    replies
}

#[test]
fn a_key_of_a_person_whose_roles_were_lowered_lifts_nobody() {
    let shop = shop();
    let (api, admin) = (&shop.api, shop.admin.as_str());
    patch(api, &shop.owner, admin, json!({"roles": ["readonly"]})).expect(200);
    for key in &shop.chain {
        for refused in attempts(&shop, key) {
            assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()), "{refused:?}");
            let told = refused.json();
            assert!(told["context"]["permission"].is_string(), "{told}");
            assert!(
                told["message"]
                    .as_str()
                    .unwrap()
                    .contains("made this API key"),
                "{told}"
            );
        }
        // The key keeps working for everything except managing people and keys.
        api.get("/records/contact", key).expect(200);
        api.get("/users", key).expect(200);
        let fields = json!({"fields": {"kind": "person", "last_name": "Okafor"}});
        api.post("/records/contact", key, fields).expect(201);
    }
    // When the maker gets the roles back, the keys give as much as before.
    patch(api, &shop.owner, admin, json!({"roles": ["admin"]})).expect(200);
    for key in &shop.chain {
        make(api, key, &EVERY);
    }
}

#[test]
fn a_key_of_a_deactivated_person_lifts_nobody() {
    let shop = shop();
    let api = &shop.api;
    let gone = format!("/users/{}/deactivate", shop.admin);
    api.post(&gone, &shop.owner, json!({})).expect(200);
    for key in &shop.chain {
        for refused in attempts(&shop, key) {
            assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()), "{refused:?}");
        }
        let back = api.call("POST", &format!("/users/{}/reactivate", shop.admin));
        assert_eq!(back.token(key).send().status, 403);
        api.get("/records/contact", key).expect(200);
    }
}

#[test]
fn roles_that_are_lowered_before_the_commit_bound_a_key_as_well() {
    let shop = shop();
    let api = &shop.api;
    for key in &shop.chain {
        let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
        let sql = format!(
            "UPDATE users SET roles = '[\"readonly\"]' WHERE id = '{}'",
            shop.admin
        );
        *memory.before_commit.lock() = Some(Box::new(move |connection| {
            connection.execute_batch(&sql).unwrap()
        }));
        let refused = api.post("/users", key, someone("puppet@a.example", &["admin"]));
        assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
        api.sql(&format!(
            "UPDATE users SET roles = '[\"admin\"]' WHERE id = '{}'",
            shop.admin
        ));
    }
}

#[test]
fn keys_of_the_command_line_are_bound_by_their_scopes_alone() {
    let api = Api::default();
    let (_, key) = api.key(&EVERY);
    let made_with_it = make(&api, &key, &EVERY);
    for (n, key) in [&key, &made_with_it].into_iter().enumerate() {
        let admin = someone(&format!("{n}@a.example"), &["admin"]);
        api.post("/users", key, admin).expect(201);
        let owner = someone("boss@a.example", &["owner"]);
        let refused = api.post("/users", key, owner);
        assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
        assert_eq!(refused.json()["context"]["permission"], "owner");
    }
}

fn names(answer: &Value) -> Vec<&str> {
    let keys = answer["api_keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect()
}

#[test]
fn keys_that_allow_more_than_the_new_roles_are_told_and_revoked_if_asked() {
    let shop = shop();
    let (api, owner, admin) = (&shop.api, shop.owner.as_str(), shop.admin.as_str());
    // A key whose scopes a reader has too is not listed.
    let harmless = make(api, &shop.chain[0], &["records:read", "access:read"]);
    let works = || {
        let all = shop.chain.iter().chain([&harmless]);
        all.map(|key| api.get("/records/contact", key).status == 200)
            .collect::<Vec<_>>()
    };
    let same = patch(api, owner, admin, json!({"roles": ["admin"]})).expect(200);
    assert_eq!(names(&same), [""; 0]);
    let lowered = patch(api, owner, admin, json!({"roles": ["readonly"]})).expect(200);
    assert_eq!(names(&lowered), ["9 scopes"; 3]);
    assert_eq!(works(), [true; 4]);
    // The same request again changes nothing and lists the keys again.
    let again = patch(api, owner, admin, json!({"roles": ["readonly"]})).expect(200);
    assert_eq!(again, lowered);
    let both = json!({"roles": ["readonly"], "revoke_api_keys": true});
    let revoked = patch(api, owner, admin, both.clone()).expect(200);
    assert_eq!(names(&revoked), ["9 scopes"; 3]);
    assert!(revoked["api_keys"][2]["revoked_at"].is_number());
    assert_eq!(revoked["version"], lowered["version"]);
    assert_eq!(works(), [false, false, false, true]);
    assert_eq!(names(&patch(api, owner, admin, both).expect(200)), [""; 0]);
    // A change of another property lists no keys.
    let title = patch(api, owner, admin, json!({"title": "Reader"})).expect(200);
    assert_eq!(title.get("api_keys"), None);
}

#[test]
fn lowering_and_revoking_happen_in_one_step_in_both_versions() {
    for version in [1, 2] {
        let shop = shop();
        let api = &shop.api;
        let call = api
            .call("PATCH", &format!("/users/{}", shop.admin))
            .token(&shop.owner);
        let call = call.header("accept", &format!("application/vnd.crm.v{version}+json"));
        let body = json!({"roles": [], "title": "Gone", "revoke_api_keys": true});
        let done = call.json(body).send().expect(200);
        assert_eq!((&done["title"], names(&done).len()), (&json!("Gone"), 3));
        for key in &shop.chain {
            assert_eq!(api.get("/records/contact", key).status, 401);
        }
    }
}

#[test]
fn a_key_of_which_no_maker_was_written_down_gives_nothing() {
    let shop = shop();
    let api = &shop.api;
    // The row as a program before migration 6 wrote it, without a maker.
    api.sql("UPDATE api_keys SET maker = NULL");
    for key in &shop.chain {
        for refused in attempts(&shop, key) {
            assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()), "{refused:?}");
        }
        api.get("/records/contact", key).expect(200);
    }
    // The answer lists them all the same.
    let gone = format!("/users/{}/deactivate", shop.admin);
    let gone = api.post(&gone, &shop.owner, json!({"revoke_api_keys": true}));
    assert_eq!(names(&gone.expect(200)).len(), 1);
    assert_eq!(api.get("/records/contact", &shop.chain[0]).status, 401);
}

#[test]
fn keys_are_told_to_those_alone_who_may_manage_them() {
    let shop = shop();
    let api = &shop.api;
    let plain = api.user(TENANT, "plain@a.example", &[]);
    api.sql(&format!("UPDATE api_keys SET maker = '{plain}'"));
    let (_, key) = api.key(&["access:read", "access:write"]);
    let refused = patch(
        api,
        &key,
        &plain,
        json!({"roles": [], "revoke_api_keys": true}),
    );
    assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
    let told = patch(api, &key, &plain, json!({"roles": []})).expect(200);
    assert_eq!(told.get("api_keys"), None);
    let told = patch(api, &shop.owner, &plain, json!({"roles": []})).expect(200);
    assert_eq!(names(&told).len(), 3);
    // `revoke_api_keys` needs new roles in the same request: they decide which keys allow too much.
    let refused = patch(api, &shop.owner, &plain, json!({"revoke_api_keys": true}));
    assert_eq!(refused.refusal(), (422, "FIELD_INVALID".into()));
    let error = &refused.json()["context"]["errors"][0];
    assert_eq!(error["pointer"], "/body/revoke_api_keys");
    api.get("/records/contact", &shop.chain[2]).expect(200);
}

#[test]
fn whose_a_key_is_was_written_down_for_keys_that_were_there_before() {
    let shop = shop();
    let makers = "SELECT maker FROM api_keys ORDER BY created_at, id";
    let makers = || {
        let memory = shop.api.host.world.memory(&tenant(TENANT)).unwrap();
        memory.run(&crate::ports::store::Statement::new(makers, []))
    };
    shop.api.host.wait(1);
    let (_, of_system) = shop.api.key(&EVERY);
    make(&shop.api, &of_system, &EVERY);
    let expected = makers();
    let found: Vec<_> = expected.iter().map(|row| row[0].as_str()).collect();
    let admin = Some(shop.admin.as_str());
    let system = Some("system:");
    assert_eq!(found, [admin, admin, admin, system, system]);
    // The row as the program before this one wrote it.
    shop.api.sql(
        "DROP INDEX api_keys_of_maker; ALTER TABLE api_keys DROP COLUMN maker; \
         UPDATE api_keys SET created_by = 'system' WHERE created_by = 'system:';",
    );
    shop.api
        .sql(include_str!("../../../migrations/0006_makers.sql"));
    assert_eq!(makers(), expected);
}
