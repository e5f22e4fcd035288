//! Rights: who may grant, take over and take away what.

use contract_tests::{
    business::{Business, key_token, mark, sign_in, text},
    raw::Answer,
    world::World,
};
use serde_json::{Value, json};

async fn post(business: &Business, token: &str, path: &str, body: Value) -> Answer {
    business.raw.post(path, body).bearer(token).send().await
}

/// Makes a key as the bearer of `token`; returns the key's token.
async fn key(business: &Business, token: &str, scopes: &[&str]) -> String {
    let body = json!({"name": "rights", "scopes": scopes});
    let made = post(business, token, "/api-keys", body).await.expect(201);
    key_token(&business.raw, &text(&made["secret"])).await
}

pub async fn nobody_gives_or_takes_over_what_they_do_not_have(world: &World) {
    let business = Business::new(world, "web").await;
    let owner = business.owner_token.as_str();
    let key = key(&business, owner, &["access:read", "access:write"]).await;
    let person = |roles: &[&str]| {
        let email = format!("somebody-{}@business.example", mark());
        json!({"email": email, "name": "Somebody", "roles": roles, "password": "a password of some length"})
    };
    for roles in [&["owner"][..], &["admin"], &["readonly"]] {
        let refused = post(&business, &key, "/users", person(roles)).await;
        refused.refused("FORBIDDEN");
    }
    post(&business, &key, "/users", person(&[]))
        .await
        .expect(201);
    for id in [&business.owner_id, &business.reader_id] {
        for change in [
            json!({"password": "a password of some length"}),
            json!({"email": format!("mine-{}@business.example", mark())}),
            json!({"external_id": "mine"}),
            json!({"roles": []}),
        ] {
            let draft = business.raw.patch(format!("/users/{id}"), change);
            draft.bearer(&key).send().await.refused("FORBIDDEN");
        }
        for command in ["deactivate", "reactivate"] {
            let draft = business
                .raw
                .request(http::Method::POST, format!("/users/{id}/{command}"));
            draft.bearer(&key).send().await.refused("FORBIDDEN");
        }
    }
    sign_in(&business.raw, &business.reader).await;
}

pub async fn a_key_gives_no_more_than_the_person_who_made_it_may_do(world: &World) {
    let business = Business::new(world, "web").await;
    let owner = business.owner_token.as_str();
    let path = format!("/users/{}", business.reader_id);
    let roles = async |token: &str, body: Value| {
        let draft = business.raw.patch(&path, body);
        draft.bearer(token).send().await
    };
    roles(owner, json!({"roles": ["admin"]})).await.expect(200);
    let scopes = [
        "access:read",
        "access:write",
        "integrations:write",
        "records:read",
        "records:write",
    ];
    let made = key(&business, &business.reader_token, &scopes).await;
    let made_with_it = key(&business, &made, &scopes).await;
    let lowered = roles(owner, json!({"roles": ["readonly"]}))
        .await
        .expect(200);
    let told = lowered["api_keys"].as_array().map(Vec::len);
    assert_eq!(told, Some(2), "{lowered}");
    for token in [&made, &made_with_it] {
        for body in [json!({"roles": ["admin"]}), json!({"roles": ["owner"]})] {
            roles(token, body).await.refused("FORBIDDEN");
        }
        for scope in ["records:read", "records:write"] {
            let more = json!({"name": "more", "scopes": [scope]});
            let refused = post(&business, token, "/api-keys", more).await;
            refused.refused("FORBIDDEN");
        }
        // Other uses of the key still work.
        let draft = business.raw.get("/records/contact?limit=1");
        draft.bearer(token).send().await.expect(200);
    }
    let revoke = json!({"roles": ["readonly"], "revoke_api_keys": true});
    roles(owner, revoke).await.expect(200);
    for token in [&made, &made_with_it] {
        let draft = business.raw.get("/records/contact?limit=1");
        draft.bearer(token).send().await.refused("UNAUTHENTICATED");
    }
}

pub async fn the_keys_of_a_deactivated_person_go_with_them(world: &World) {
    let business = Business::new(world, "web").await;
    let owner = business.owner_token.as_str();
    let path = format!("/users/{}", business.reader_id);
    let draft = business.raw.patch(&path, json!({"roles": ["admin"]}));
    draft.bearer(owner).send().await.expect(200);
    let scopes = ["integrations:write", "records:read"];
    let made = key(&business, &business.reader_token, &scopes).await;
    let made_with_it = key(&business, &made, &["records:read"]).await;
    let deactivate = format!("{path}/deactivate");
    let gone = post(&business, owner, &deactivate, json!({}))
        .await
        .expect(200);
    assert_eq!(gone["api_keys"].as_array().map(Vec::len), Some(2), "{gone}");
    let read = async |token: &str| {
        let draft = business.raw.get("/records/contact?limit=1");
        draft.bearer(token).send().await
    };
    read(&made).await.expect(200);
    let revoke = json!({"revoke_api_keys": true});
    post(&business, owner, &deactivate, revoke)
        .await
        .expect(200);
    let draft = business
        .raw
        .request(http::Method::POST, format!("{path}/reactivate"));
    draft.bearer(owner).send().await.expect(200);
    for token in [&made, &made_with_it, &business.reader_token] {
        read(token).await.refused("UNAUTHENTICATED");
    }
    sign_in(&business.raw, &business.reader).await;
}
