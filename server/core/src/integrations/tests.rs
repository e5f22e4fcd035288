//! API keys through the API.

mod deprecations;

use serde_json::json;

use crate::testing::api::{Api, TENANT, tenant};

const ID: &str = "01a1ab5d-9780-72b1-ab8f-89a50f8a8e9b";

fn dump(api: &Api) -> String {
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    ["api_keys", "idempotency", "sessions", "changes"]
        .iter()
        .flat_map(|table| {
            memory.run(&crate::ports::store::Statement::new(
                format!("SELECT * FROM {table}"),
                [],
            ))
        })
        .map(|row| format!("{row:?}\n"))
        .collect()
}

#[test]
fn a_secret_is_shown_once_and_kept_nowhere() {
    let api = Api::default();
    let owner = api.owner();
    let make = || {
        let body = json!({"name": "Website forms", "scopes": ["records:write", "records:read"]});
        api.call("POST", "/api-keys")
            .token(&owner)
            .header("idempotency-key", "7c1f")
            .json(body)
            .send()
    };
    let first = make();
    let made = first.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("crm_") && secret.len() > 60);
    assert_eq!(made["scopes"], json!(["records:read", "records:write"]));
    assert_eq!(made["created_by"]["kind"], "user");
    assert_eq!(
        first.header("location"),
        format!("/api-keys/{}", made["id"].as_str().unwrap())
    );
    // A repeat of the request gets the secret again, although the store cannot read it.
    let again = make();
    assert_eq!(
        (
            again.text,
            again.headers["idempotent-replayed"].to_str().unwrap()
        ),
        (first.text.clone(), "true")
    );
    assert!(!dump(&api).contains(secret));
    assert!(!dump(&api).contains(&secret[secret.len() - 40..]));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    shown["last_used_at"] = json!(null);
    assert_eq!(
        api.get(
            &format!("/api-keys/{}", made["id"].as_str().unwrap()),
            &owner
        )
        .expect(200),
        shown
    );
    assert_eq!(
        api.get("/api-keys", &owner).expect(200),
        json!({"items": [shown], "next_cursor": null})
    );
    api.grant(json!({"grant_type": "api_key", "api_key": secret}))
        .expect(200);
}

#[test]
fn a_key_made_twice_under_one_id_is_one_key() {
    let api = Api::default();
    let owner = api.owner();
    let body =
        json!({"id": ID, "name": "Website forms", "scopes": ["records:read", "schema:read"]});
    let first = api.post("/api-keys", &owner, body.clone()).expect(201);
    let mut reordered = body.clone();
    reordered["scopes"] = json!(["schema:read", "records:read"]);
    let again = api.post("/api-keys", &owner, reordered).expect(201);
    assert_eq!(
        (again.get("secret"), &again["id"], &again["name"]),
        (None, &first["id"], &first["name"])
    );
    let mut other = body;
    other["name"] = json!("Another");
    assert_eq!(
        api.post("/api-keys", &owner, other).refusal(),
        (409, "ID_TAKEN".into())
    );
}

#[test]
fn scopes_are_those_of_the_contract_and_of_the_giver() {
    let api = Api::default();
    let owner = api.owner();
    for scopes in [
        json!([]),
        json!(["records:all"]),
        json!(["records:read", "records:read"]),
        json!("records:read"),
    ] {
        assert_eq!(
            api.post("/api-keys", &owner, json!({"name": "K", "scopes": scopes}))
                .refusal(),
            (400, "VALIDATION_FAILED".into()),
            "{scopes}"
        );
    }
    let (_, key) = api.key(&["integrations:write", "records:read"]);
    let refused = api.post(
        "/api-keys",
        &key,
        json!({"name": "K", "scopes": ["records:read", "records:write"]}),
    );
    assert_eq!(
        (refused.refusal(), &refused.json()["context"]["scope"]),
        ((403, "FORBIDDEN".into()), &json!("records:write"))
    );
    api.post(
        "/api-keys",
        &key,
        json!({"name": "K", "scopes": ["records:read"]}),
    )
    .expect(201);
    // Making keys is not reading them.
    assert_eq!(
        api.get("/api-keys", &key).refusal(),
        (403, "FORBIDDEN".into())
    );
}

#[test]
fn a_key_that_expires_makes_no_key_that_expires_later() {
    let api = Api::default();
    let owner = api.owner();
    let end = crate::testing::host::NOW + 3_600_000;
    let make = |token: &str, expires_at: Option<i64>| {
        let mut body = json!({"name": "K", "scopes": ["integrations:write", "records:read"]});
        if let Some(at) = expires_at {
            body["expires_at"] = json!(at);
        }
        api.post("/api-keys", token, body)
    };
    let token = |made: &serde_json::Value| {
        let grant = json!({"grant_type": "api_key", "api_key": made["secret"]});
        let token = &api.grant(grant).expect(200)["access_token"];
        token.as_str().unwrap().to_owned()
    };
    let mut key = token(&make(&owner, Some(end)).expect(201));
    // Nor does a key that is made with that one, and so on.
    for _ in 0..3 {
        for later in [end + 1, 9_007_199_254_740_991] {
            let refused = make(&key, Some(later));
            assert_eq!(refused.refusal(), (422, "FIELD_INVALID".into()));
            let error = &refused.json()["context"]["errors"][0];
            assert_eq!(error["pointer"], "/body/expires_at");
        }
        let sooner = make(&key, Some(end - 1)).expect(201);
        assert_eq!(sooner["expires_at"], json!(end - 1));
        let silent = make(&key, None).expect(201);
        assert_eq!(silent["expires_at"], json!(end));
        key = token(&silent);
    }
    // A repeat under the same id is the same key.
    let body = json!({"id": ID, "name": "K", "scopes": ["records:read"]});
    let first = api.post("/api-keys", &key, body.clone()).expect(201);
    let again = api.post("/api-keys", &key, body).expect(201);
    assert_eq!(
        (&first["expires_at"], &again["expires_at"]),
        (&json!(end), &json!(end))
    );
    // Keys without an expiry, and people, have no such bound.
    let endless = token(&make(&owner, None).expect(201));
    assert_eq!(make(&endless, None).expect(201)["expires_at"], json!(null));
    assert_eq!(
        make(&endless, Some(end)).expect(201)["expires_at"],
        json!(end)
    );
}

#[test]
fn a_revoked_key_stays_listed() {
    let api = Api::default();
    let owner = api.owner();
    let id = api
        .post(
            "/api-keys",
            &owner,
            json!({"name": "K", "scopes": ["records:read"]}),
        )
        .expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.host.wait(5);
    api.call("DELETE", &format!("/api-keys/{id}"))
        .token(&owner)
        .send()
        .expect(204);
    let shown = api
        .get(&format!("/api-keys/{id}?fields=revoked_at"), &owner)
        .expect(200);
    assert_eq!(shown["revoked_at"], json!(crate::testing::host::NOW + 5));
    assert_eq!(
        api.get("/api-keys", &owner).expect(200)["items"][0]["id"],
        json!(id)
    );
    for (method, path) in [
        ("GET", format!("/api-keys/{ID}")),
        ("DELETE", format!("/api-keys/{ID}")),
    ] {
        assert_eq!(
            api.call(method, &path).token(&owner).send().refusal(),
            (404, "NOT_FOUND".into())
        );
    }
}
