//! Nobody gives rights that they lack, takes over a person with more rights, or causes costly work before the refusal.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    core::Config,
    ports::{Answer, Compute, compute::Job},
    testing::api::Reply,
};

const NEW_PASSWORD: &str = "another-valve-entirely";

/// A `Compute` that runs the work at once and counts it.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Compute for Counted {
    fn run(&self, job: Job) -> Answer<'_, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        job();
        Box::pin(std::future::ready(()))
    }
}

fn counting() -> (Api, Arc<Counted>) {
    let counted = Arc::new(Counted::default());
    let api = Api::with(Config {
        compute: counted.clone(),
        ..Config::default()
    });
    (api, counted)
}

/// The error code and the missing rights.
fn missing(refused: &Reply) -> (String, Value) {
    let (status, code) = refused.refusal();
    assert_eq!((status, code.as_str()), (403, "FORBIDDEN"), "{refused:?}");
    let context = refused.json()["context"].clone();
    let kind = ["permission", "scope"]
        .into_iter()
        .find(|kind| context.get(*kind).is_some())
        .unwrap_or_default();
    (kind.to_owned(), context[kind].clone())
}

fn person(email: &str, roles: &[&str]) -> Value {
    json!({"email": email, "name": "Somebody", "roles": roles, "password": NEW_PASSWORD})
}

fn post(api: &Api, token: &str, path: &str) -> Reply {
    api.call("POST", path).token(token).send()
}

#[test]
fn a_key_gives_no_role_that_allows_more_than_its_scopes() {
    let api = Api::default();
    let (_, key) = api.key(&["access:read", "access:write"]);
    for (roles, scope) in [
        (&["admin"][..], "records:read"),
        (&["readonly"], "records:read"),
    ] {
        let refused = api.post("/users", &key, person("x@a.example", roles));
        assert_eq!(missing(&refused), ("scope".into(), json!(scope)));
    }
    let made = api
        .post("/users", &key, person("x@a.example", &[]))
        .expect(201);
    let id = made["id"].as_str().unwrap();
    for roles in [["admin"], ["readonly"]] {
        missing(&patch(&api, &key, id, json!({"roles": roles})));
    }
    assert_eq!(
        api.get(&format!("/users/{id}"), &key).expect(200)["roles"],
        json!([])
    );
    // A key may give the rights that it has.
    let (_, more) = api.key(&["access:read", "access:write", "records:read", "schema:read"]);
    patch(&api, &more, id, json!({"roles": ["readonly"]})).expect(200);
    missing(&patch(
        &api,
        &more,
        id,
        json!({"roles": ["readonly", "admin"]}),
    ));
    // A key with fewer rights may not take the roles away again either.
    missing(&patch(&api, &key, id, json!({"roles": []})));
}

#[test]
fn nobody_takes_over_who_may_do_more() {
    let api = Api::default();
    let admin = api.user(TENANT, "admin@a.example", &["admin"]);
    let gone = api.user(TENANT, "gone@a.example", &["admin"]);
    api.call("POST", &format!("/users/{gone}/deactivate"))
        .extension(crate::http::Operator(tenant(TENANT)))
        .send()
        .expect(200);
    let (_, key) = api.key(&["access:read", "access:write", "records:read", "schema:read"]);
    for id in [&admin, &gone] {
        for change in [
            json!({"password": NEW_PASSWORD}),
            json!({"email": "mine@a.example"}),
            json!({"external_id": "mine"}),
            json!({"roles": []}),
        ] {
            let refused = patch(&api, &key, id, change);
            assert_eq!(missing(&refused), ("scope".into(), json!("records:write")));
        }
    }
    missing(&post(&api, &key, &format!("/users/{admin}/deactivate")));
    api.sign_in("admin@a.example");
    // Name and title do not affect signing in, so the key may change them.
    patch(&api, &key, &admin, json!({"title": "Office manager"})).expect(200);
    // The key may change them for a person with the same rights too.
    let reader = api.user(TENANT, "reader@a.example", &["readonly"]);
    patch(
        &api,
        &key,
        &reader,
        json!({"password": NEW_PASSWORD, "external_id": "r"}),
    )
    .expect(200);
    post(&api, &key, &format!("/users/{reader}/deactivate")).expect(200);
}

#[test]
fn who_may_do_as_much_is_changed_and_everybody_changes_themselves() {
    let api = Api::default();
    let owner = api.owner();
    let one = api.user(TENANT, "one@a.example", &["admin"]);
    let other = api.user(TENANT, "other@a.example", &["admin"]);
    let (admin, _) = api.sign_in("one@a.example");
    patch(&api, &admin, &other, json!({"password": NEW_PASSWORD})).expect(200);
    assert_eq!(
        missing(&patch(
            &api,
            &admin,
            &one,
            json!({"roles": ["admin", "owner"]})
        )),
        ("permission".into(), json!("owner"))
    );
    patch(&api, &admin, &one, json!({"password": NEW_PASSWORD})).expect(200);
    patch(
        &api,
        &owner,
        &other,
        json!({"roles": ["owner"], "password": NEW_PASSWORD}),
    )
    .expect(200);
}

#[test]
fn rights_that_are_lost_before_the_commit_are_rights_no_more() {
    for (sql, expected) in [
        (
            "UPDATE users SET roles = '[\"readonly\"]' WHERE email = 'admin@a.example'",
            403,
        ),
        (
            "UPDATE users SET status = 'deactivated' WHERE email = 'admin@a.example'",
            401,
        ),
        ("UPDATE sessions SET revoked_at = 1", 401),
    ] {
        let api = Api::default();
        api.user(TENANT, "admin@a.example", &["admin"]);
        let (admin, _) = api.sign_in("admin@a.example");
        let requests = [
            ("/users", person("late@a.example", &["admin"])),
            (
                "/api-keys",
                json!({"name": "Late", "scopes": ["records:read"]}),
            ),
        ];
        for (path, body) in requests {
            let undo = "UPDATE users SET roles = '[\"admin\"]', status = 'active'; UPDATE sessions SET revoked_at = NULL;";
            let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
            *memory.before_commit.lock() = Some(Box::new(move |connection| {
                connection.execute_batch(sql).unwrap()
            }));
            assert_eq!(
                api.post(path, &admin, body).status,
                expected,
                "{path} {sql}"
            );
            api.sql(undo);
        }
        let left = api.get("/users", &admin).expect(200);
        assert_eq!(left["items"].as_array().unwrap().len(), 1, "{sql}");
        assert_eq!(
            api.get("/api-keys", &admin).expect(200)["items"],
            json!([]),
            "{sql}"
        );
    }
}

#[test]
fn a_person_who_gains_rights_before_the_commit_is_judged_again() {
    let api = Api::default();
    let reader = api.user(TENANT, "reader@a.example", &["readonly"]);
    let (_, key) = api.key(&["access:read", "access:write", "records:read", "schema:read"]);
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let sql = format!(
        "UPDATE meta SET seq = seq + 1; UPDATE users SET roles = '[\"admin\"]', version = (SELECT seq FROM meta) WHERE id = '{reader}'"
    );
    *memory.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(&sql).unwrap()
    }));
    missing(&patch(
        &api,
        &key,
        &reader,
        json!({"password": NEW_PASSWORD}),
    ));
    api.sign_in("reader@a.example");
}

#[test]
fn who_is_refused_costs_no_password_and_no_entry_of_the_directory() {
    let (api, counted) = counting();
    let owner = api.owner();
    let dana = api.get("/me", &owner).expect(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.user(TENANT, "reader@a.example", &["readonly"]);
    api.user(TENANT, "admin@a.example", &["admin"]);
    let (reader, _) = api.sign_in("reader@a.example");
    let (admin, _) = api.sign_in("admin@a.example");
    let (_, key) = api.key(&["access:write"]);
    let (_, portal) = api.key(&["portal:write"]);
    let made = api.post("/users", &owner, priya()).expect(201);
    let before = || {
        (
            counted.0.load(Ordering::Relaxed),
            api.host.world.logins.lock().clone(),
        )
    };
    let state = before();
    let mut taken = priya();
    taken["name"] = json!("Somebody else");
    let mut no_role = person("y@a.example", &[]);
    no_role["roles"] = json!(["emperor"]);
    for (token, path, body, status) in [
        (&reader, "/users", person("y@a.example", &[]), 403),
        (&portal, "/users", person("y@a.example", &[]), 403),
        (&key, "/users", person("y@a.example", &["admin"]), 403),
        (&admin, "/users", person("y@a.example", &["owner"]), 403),
        (&admin, "/users", no_role, 422),
        (&admin, "/users", taken, 409),
        // This person was created before: the request is a repeat.
        (&admin, "/users", priya(), 201),
    ] {
        assert_eq!(api.post(path, token, body).status, status);
        assert_eq!(before(), state, "{status}");
    }
    let change = json!({"password": NEW_PASSWORD, "email": "z@a.example"});
    for (token, id, status) in [
        (&reader, ID, 403),
        (&admin, dana.as_str(), 403),
        (&key, dana.as_str(), 403),
        (&admin, "019bb16e-fe80-78b0-b715-3bf7c3706d99", 404),
    ] {
        assert_eq!(patch(&api, token, id, change.clone()).status, status);
        assert_eq!(before(), state, "{status}");
    }
    let stale = api
        .call("PATCH", &format!("/users/{ID}"))
        .token(&admin)
        .header("if-match", "\"1\"")
        .json(change.clone())
        .send();
    assert_eq!((stale.status, before()), (412, state.clone()));
    // A revoked session belongs to nobody.
    api.sql("UPDATE sessions SET revoked_at = 1");
    assert_eq!(
        api.post("/users", &admin, person("y@a.example", &[]))
            .status,
        401
    );
    assert_eq!(before(), state);
    api.sql("UPDATE sessions SET revoked_at = NULL");
    // An allowed caller causes the work once, and a repeat of the request causes none.
    let again = || {
        api.call("PATCH", &format!("/users/{ID}"))
            .token(&admin)
            .header("idempotency-key", "k")
            .json(change.clone())
            .send()
            .expect(200)
    };
    assert_eq!(again(), again());
    assert_eq!(counted.0.load(Ordering::Relaxed), state.0 + 1);
    assert_ne!(made["email"], again()["email"]);
    api.password_grant("z@a.example", NEW_PASSWORD).expect(200);
}

#[test]
fn nothing_is_read_for_a_caller_who_is_known_not_to_be_allowed() {
    use crm_contract::latest::server::operations::{RECORDS_BATCH, RECORDS_LIST};

    use crate::{
        context::{Caller, Context, Principal},
        fault::Fault,
        ports::store::Statement,
    };
    let api = Api::default();
    let id = api.user(TENANT, "reader@a.example", &["readonly"]);
    let (reader, _) = api.sign_in("reader@a.example");
    api.get("/me", &reader).expect(200);
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let rows = memory.run(&Statement::new("SELECT id FROM sessions", []));
    let session = rows[0][0].as_str().unwrap().to_owned();
    let planned = AtomicUsize::new(0);
    for (operation, expected) in [
        (
            &RECORDS_BATCH,
            Err(Fault::Forbidden("records.write".into())),
        ),
        (&RECORDS_LIST, Ok(())),
    ] {
        planned.store(0, Ordering::Relaxed);
        let (id, session) = (id.clone(), session.clone());
        let cx = Context {
            caller: Some(Caller {
                tenant: tenant(TENANT),
                principal: Principal::User { id, session },
            }),
            ..Context::operator(tenant(TENANT), operation, api.host.ports.clock.now())
        };
        let plan = |_: &_| {
            planned.fetch_add(1, Ordering::Relaxed);
            Ok((crate::work::Reads::default(), ()))
        };
        let read = now(api.core.work.read::<_, Fault>(&cx, plan)).map(|_| ());
        assert_eq!(
            planned.load(Ordering::Relaxed),
            usize::from(expected.is_ok())
        );
        assert_eq!(read, expected);
    }
}

#[test]
fn a_password_is_measured_as_it_is_hashed() {
    let api = Api::default();
    let owner = api.owner();
    let reader = api.user(TENANT, "reader@a.example", &["readonly"]);
    let composed = "\u{e9}";
    let apart = "e\u{301}";
    let long = |letter: &str, count: usize| letter.repeat(count);
    for (n, password) in [long(apart, 200), long(apart, 256), long(composed, 12)]
        .iter()
        .enumerate()
    {
        let email = format!("{n}@a.example");
        let mut body = person(&email, &[]);
        body["password"] = json!(password);
        api.post("/users", &owner, body).expect(201);
        let sent = json!({"grant_type": "password", "email": email, "password": password});
        api.grant(sent).expect(200);
        patch(&api, &owner, &reader, json!({"password": password})).expect(200);
    }
    for (password, rule) in [
        (long(apart, 11), "min_length"),
        (long(apart, 257), "max_length"),
        (long(composed, 257), "max_length"),
        (long(" ", 12), "blank"),
        (long("\u{3000}\u{a0}", 6), "blank"),
    ] {
        let mut body = person("x@a.example", &[]);
        body["password"] = json!(password);
        for refused in [
            api.post("/users", &owner, body),
            patch(&api, &owner, &reader, json!({"password": password})),
        ] {
            assert_eq!(
                refused.refusal(),
                (422, "FIELD_INVALID".into()),
                "{password}"
            );
            let error = &refused.json()["context"]["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["rule"]),
                (&json!("/body/password"), &json!(rule))
            );
        }
    }
}
