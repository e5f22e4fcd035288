//! What roles allow, and who may give them.

use super::*;

#[test]
fn roles_and_managers_have_to_exist() {
    let api = Api::default();
    let owner = api.owner();
    let mut body = priya();
    (body["roles"], body["manager"]) = (
        json!(["readonly", "king"]),
        json!("019bb16e-fe80-78b0-b715-3bf7c3706d99"),
    );
    let refused = api.post("/users", &owner, body);
    assert_eq!(refused.refusal(), (422, "FIELD_INVALID".into()));
    let pointers: Vec<_> = refused.json()["context"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/body/roles/1", "/body/manager"]);
    api.post("/users", &owner, priya()).expect(201);
    assert_eq!(
        patch(&api, &owner, ID, json!({"manager": ID})).refusal(),
        (422, "FIELD_INVALID".into())
    );
}

#[test]
fn only_owners_make_owners_and_touch_them() {
    let api = Api::default();
    let owner = api.owner();
    let dana = api.get("/me", &owner).expect(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.user(TENANT, "admin@alderfinch.example", &["admin"]);
    let (admin, _) = api.sign_in("admin@alderfinch.example");
    let (_, key) = api.key(&["access:read", "access:write"]);
    for token in [&admin, &key] {
        let mut body = priya();
        body["roles"] = json!(["owner"]);
        let refusals = [
            api.post("/users", token, body),
            patch(&api, token, &dana, json!({"roles": ["admin"]})),
            patch(&api, token, &dana, json!({"password": "mine-from-now-on"})),
            patch(
                &api,
                token,
                &dana,
                json!({"email": "mine@alderfinch.example"}),
            ),
            api.call("POST", &format!("/users/{dana}/deactivate"))
                .token(token)
                .send(),
        ];
        for refused in refusals {
            assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
        }
        patch(&api, token, &dana, json!({"title": "Managing director"})).expect(200);
        patch(&api, token, &dana, json!({"title": null})).expect(200);
    }
}

#[test]
fn the_last_owner_stays() {
    let api = Api::default();
    let owner = api.owner();
    let dana = api.get("/me", &owner).expect(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for refused in [
        patch(&api, &owner, &dana, json!({"roles": ["admin"]})),
        api.call("POST", &format!("/users/{dana}/deactivate"))
            .token(&owner)
            .send(),
    ] {
        assert_eq!(refused.refusal(), (409, "LAST_OWNER".into()));
    }
    let other = api.user(TENANT, "second@alderfinch.example", &["owner"]);
    // Another owner is deactivated between the decision and its commit, so the write is decided again.
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let sql = format!("UPDATE users SET status = 'deactivated' WHERE id = '{other}'");
    *memory.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(&sql).unwrap()
    }));
    assert_eq!(
        patch(&api, &owner, &dana, json!({"roles": ["admin"]})).refusal(),
        (409, "LAST_OWNER".into())
    );
    api.sql(&format!(
        "UPDATE users SET status = 'active' WHERE id = '{other}'"
    ));
    patch(&api, &owner, &dana, json!({"roles": ["admin"]})).expect(200);
}

#[test]
fn readonly_reads_and_no_role_does_nothing() {
    let api = Api::default();
    api.owner();
    api.user(TENANT, "reader@alderfinch.example", &["readonly"]);
    api.user(TENANT, "nobody@alderfinch.example", &[]);
    let (reader, _) = api.sign_in("reader@alderfinch.example");
    let (nobody, _) = api.sign_in("nobody@alderfinch.example");
    for path in [
        "/users",
        "/roles",
        "/records/contact",
        "/object-types",
        "/search?q=x",
    ] {
        api.get(path, &reader).expect(200);
        assert_eq!(
            api.get(path, &nobody).refusal(),
            (403, "FORBIDDEN".into()),
            "{path}"
        );
    }
    let contact = json!({"fields": {"kind": "person", "last_name": "Okafor"}});
    for (path, body) in [
        ("/users", priya()),
        ("/records/contact", contact),
        (
            "/api-keys",
            json!({"name": "K", "scopes": ["records:read"]}),
        ),
    ] {
        assert_eq!(
            api.post(path, &reader, body).refusal(),
            (403, "FORBIDDEN".into()),
            "{path}"
        );
    }
    assert_eq!(
        api.get("/api-keys", &reader).refusal(),
        (403, "FORBIDDEN".into())
    );
    // Both may read their own permissions.
    assert_eq!(
        api.get("/me/permissions", &nobody).expect(200)["permissions"],
        json!([])
    );
    let told = api.get("/me/permissions", &reader).expect(200)["permissions"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        told.iter()
            .any(|one| one["object_type"] == "contact" && one["action"] == "read")
    );
    assert!(
        told.iter()
            .all(|one| one["granted_by"] == json!({"kind": "role", "name": "readonly"}))
    );
}

#[test]
fn roles_are_listed_by_name() {
    let api = Api::default();
    let owner = api.owner();
    let page = api.get("/roles?limit=2&fields=name", &owner).expect(200);
    assert_eq!(page["items"], json!([{"name": "admin"}, {"name": "owner"}]));
    let rest = api
        .get(
            &format!(
                "/roles?limit=2&cursor={}",
                page["next_cursor"].as_str().unwrap()
            ),
            &owner,
        )
        .expect(200);
    assert_eq!(
        (&rest["items"][0]["name"], &rest["next_cursor"]),
        (&json!("readonly"), &Value::Null)
    );
    assert_eq!(
        api.get("/roles/owner", &owner).expect(200)["label"],
        "Owner"
    );
    assert_eq!(
        api.get("/roles/king", &owner).refusal(),
        (404, "NOT_FOUND".into())
    );
    assert_eq!(
        api.get(&format!("/users/{ID}"), &owner).refusal(),
        (404, "NOT_FOUND".into())
    );
}
