//! Writes that are committed on remembered data. Whatever has changed in the store, they end as if they had read
//! everything.

use serde_json::{Value, json};

use crate::testing::api::{Api, Reply, TENANT, tenant};

/// A core that remembers the caller's roles and the tenant's definitions.
fn warm(token: impl FnOnce(&Api) -> String) -> (Api, String) {
    let api = Api::default();
    let token = token(&api);
    for _ in 0..2 {
        create(&api, &token).expect(201);
    }
    trips(&api);
    create(&api, &token).expect(201);
    assert_eq!(trips(&api), (0, 1));
    (api, token)
}

fn create(api: &Api, token: &str) -> Reply {
    api.post(
        "/records/job",
        token,
        json!({"fields": {"title": "Boiler"}}),
    )
}

/// Reads and commits since the last call.
fn trips(api: &Api) -> (usize, usize) {
    api.host.world.memory(&tenant(TENANT)).unwrap().trips()
}

fn jobs(api: &Api) -> i64 {
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let connection = memory.connection.lock();
    let sql = "SELECT count(*) FROM records WHERE type = 'job'";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn who_lost_the_right_meanwhile_writes_nothing() {
    let person = |api: &Api| api.owner();
    let key = |api: &Api| api.key(&["records:read", "records:write"]).1;
    type Token = fn(&Api) -> String;
    let cases: [(Token, &str, u16); 4] = [
        (person, "UPDATE sessions SET revoked_at = 1", 401),
        (person, "UPDATE users SET status = 'deactivated'", 401),
        (person, "UPDATE users SET roles = '[\"readonly\"]'", 403),
        (key, "UPDATE api_keys SET revoked_at = 1", 401),
    ];
    for (token, change, status) in cases {
        let (api, token) = warm(token);
        let before = jobs(&api);
        api.sql(change);
        assert_eq!(create(&api, &token).status, status, "{change}");
        assert_eq!(jobs(&api), before, "{change}");
    }
}

#[test]
fn definitions_that_moved_are_read_first() {
    let (api, token) = warm(Api::owner);
    api.sql("UPDATE meta SET schema_rev = schema_rev + 1");
    trips(&api);
    create(&api, &token).expect(201);
    // The guard refuses the first commit; the read finds that the memory is outdated; the write is decided again.
    assert_eq!(trips(&api), (3, 2));
}

#[test]
fn a_refusal_is_one_that_was_read() {
    let (api, token) = warm(Api::owner);
    trips(&api);
    let refused = api.post("/records/job", &token, json!({"fields": {"title": 7}}));
    assert_eq!(refused.refusal(), (422, "FIELD_INVALID".to_owned()));
    assert_eq!(trips(&api), (1, 0));
}

#[test]
fn a_repeat_is_answered_with_what_was_stored() {
    let (api, token) = warm(Api::owner);
    let send = |body: Value| {
        let call = api.call("POST", "/records/job").token(&token);
        call.header("idempotency-key", "k1").json(body).send()
    };
    let body = json!({"fields": {"title": "Once"}});
    let before = jobs(&api);
    let first = send(body.clone()).expect(201);
    let again = send(body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
    let other = send(json!({"fields": {"title": "Other"}}));
    assert_eq!(other.refusal(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    assert_eq!(jobs(&api), before + 1);
}
