//! The change log covers every change of a tenant: each sequence number has its entry.

use serde_json::{Value as Json, json};

use crate::{
    ports::store::{Statement, Value},
    testing::api::{Api, PASSWORD, TENANT, tenant, tokens},
};

/// Type, operation, kind of actor and fields of each entry, in order. Also checks that every sequence number has an
/// entry.
fn entries(api: &Api) -> Vec<(String, String, String, Json)> {
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let rows = |sql: &'static str| memory.run(&Statement::new(sql, []));
    let seq = rows("SELECT seq FROM meta")[0][0].as_i64().unwrap();
    let sql = "SELECT seq, type, op, actor, fields, before FROM changes ORDER BY seq";
    let mut told = Vec::new();
    for (place, row) in rows(sql).into_iter().enumerate() {
        let text = |at: usize| row[at].as_str().unwrap().to_owned();
        assert_eq!(row[0], Value::Integer(place as i64 + 1), "{row:?}");
        let actor = text(3).split_once(':').unwrap().0.to_owned();
        for secret in [PASSWORD, "argon2", "crm_", "rt_", "pc_"] {
            assert!(
                !text(4).contains(secret) && !text(5).contains(secret),
                "{row:?}"
            );
        }
        told.push((
            text(1),
            text(2),
            actor,
            serde_json::from_str(&text(4)).unwrap(),
        ));
    }
    assert_eq!(told.len() as i64, seq);
    told
}

#[test]
fn whatever_changes_a_tenant_has_an_entry() {
    let api = Api::default();
    let dana = api.user(TENANT, "dana@alderfinch.example", &["owner"]);
    let signed_in = api
        .password_grant("dana@alderfinch.example", PASSWORD)
        .expect(200);
    let (owner, refresh) = tokens(&signed_in);
    let send = |method: &str, path: &str, body: Json, status: u16| {
        let call = api.call(method, path).token(&owner).json(body);
        call.send().expect(status)
    };
    let empty = || json!({});
    let person = json!({"email": "kim@alderfinch.example", "name": "Kim", "roles": ["readonly"], "password": PASSWORD});
    let kim = send("POST", "/users", person, 201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let at = format!("/users/{kim}");
    send("PATCH", &at, json!({"title": "Dispatcher"}), 200);
    send("PATCH", &at, json!({"title": "Dispatcher"}), 200);
    send("PATCH", &at, json!({"password": "another-elbow-22"}), 200);
    send("PATCH", &at, json!({"roles": []}), 200);
    let team = send(
        "POST",
        "/teams",
        json!({"name": "North", "members": [kim]}),
        201,
    );
    let team = format!("/teams/{}", team["id"].as_str().unwrap());
    send("PATCH", &team, json!({"name": "Coast"}), 200);
    api.call("DELETE", &team).token(&owner).send().expect(204);
    send("POST", &format!("{at}/deactivate"), empty(), 200);
    send("POST", &format!("{at}/deactivate"), empty(), 200);
    let again = api.call("POST", &format!("{at}/reactivate"));
    again.token(&owner).send().expect(200);
    let key = send(
        "POST",
        "/api-keys",
        json!({"name": "Books", "scopes": ["records:read"]}),
        201,
    );
    let key = format!("/api-keys/{}", key["id"].as_str().unwrap());
    api.call("DELETE", &key).token(&owner).send().expect(204);
    let field = |name: &str| json!({"name": name, "type": "text", "label": name});
    let pump = json!({"name": "pump", "label": "Pump", "fields": [field("maker")]});
    send("POST", "/object-types", pump, 201);
    send(
        "PATCH",
        "/object-types/pump",
        json!({"label": "Pumps"}),
        200,
    );
    send(
        "PATCH",
        "/object-types/pump",
        json!({"label": "Pumps"}),
        200,
    );
    send("POST", "/object-types/pump/fields", field("serial"), 201);
    send(
        "PATCH",
        "/object-types/pump/fields/serial",
        json!({"searchable": true}),
        200,
    );
    let delete = |path: &str| api.call("DELETE", path).token(&owner).send().expect(204);
    delete("/object-types/pump/fields/serial");
    delete("/object-types/pump");
    let contact = json!({"fields": {"first_name": "Ada"}});
    let contact = send("POST", "/records/contact", contact, 201)["id"].clone();
    send(
        "POST",
        "/auth/portal-codes",
        json!({"contact": contact}),
        201,
    );
    let out = json!({"refresh_token": refresh});
    api.call("POST", "/auth/revoke")
        .json(out)
        .send()
        .expect(204);

    let told = entries(&api);
    let short: Vec<String> = told
        .iter()
        .map(|(kind, op, actor, _)| format!("{kind} {op} {actor}"))
        .collect();
    assert_eq!(
        short,
        [
            "user create system",
            "session create user",
            "user create user",
            "user update user",
            "user update user",
            "user update user",
            "team create user",
            "team update user",
            "team delete user",
            "user deactivate user",
            "user reactivate user",
            "api_key create user",
            "api_key revoke user",
            "object_type create user",
            "object_type update user",
            "field create user",
            "field update user",
            "field delete user",
            "object_type delete user",
            "contact create user",
            "portal_code create user",
            "session revoke user",
        ]
    );
    let fields: Vec<&Json> = told.iter().map(|entry| &entry.3).collect();
    assert_eq!(fields[1], &json!({"kind": "user", "subject": dana}));
    assert_eq!(fields[3], &json!({"title": "Dispatcher"}));
    assert_eq!(fields[4], &json!({"password": "changed"}));
    assert_eq!(fields[5], &json!({"roles": []}));
    assert_eq!(fields[7], &json!({"name": "Coast"}));
    assert_eq!(fields[9], &json!({"status": "deactivated"}));
    assert_eq!(fields[16], &json!({"searchable": true}));
    assert_eq!(fields[21], &json!({"why": "signed_out"}));
}

#[test]
fn the_history_of_a_record_is_its_own() {
    let api = Api::default();
    let owner = api.owner();
    let contact = json!({"fields": {"first_name": "Ada"}});
    let contact = api.post("/records/contact", &owner, contact).expect(201);
    let id = contact["id"].as_str().unwrap();
    let person = json!({"id": id, "email": "kim@alderfinch.example", "name": "Kim", "roles": []});
    api.post("/users", &owner, person).expect(201);
    let path = format!("/records/contact/{id}/history");
    let history = api.get(&path, &owner).expect(200);
    assert_eq!(history["items"].as_array().unwrap().len(), 1, "{history}");
}

/// Remembered roles are read again after they changed.
#[test]
fn the_revision_of_access_moves_with_roles_and_standing_alone() {
    let api = Api::default();
    let owner = api.owner();
    let kim = api.user(TENANT, "kim@alderfinch.example", &[]);
    let revision = || {
        let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
        memory.run(&Statement::new("SELECT access_rev FROM meta", []))[0][0].clone()
    };
    let path = format!("/users/{kim}");
    for (change, moves) in [
        (json!({"name": "Kim Park"}), false),
        (json!({"roles": ["readonly"]}), true),
        (json!({"roles": ["readonly"]}), false),
        (json!({"password": "another-elbow-22"}), false),
    ] {
        let before = revision();
        let sent = api.call("PATCH", &path).token(&owner).json(change.clone());
        sent.send().expect(200);
        assert_eq!(before != revision(), moves, "{change}");
    }
    let before = revision();
    let ended = api
        .call("POST", &format!("{path}/deactivate"))
        .token(&owner);
    ended.send().expect(200);
    assert_ne!(before, revision());
}
