//! Deprecations through the whole API of a core with deprecated things: uses are counted and listed, and each notice is
//! given once.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
};
use crm_runtime::server::{DeprecatedKind, Deprecation, UsedDeprecations};
use serde_json::{Value, json};

use crate::{
    core::Config,
    ports::store::{Statement, StoreError},
    testing::{
        api::{Api, OTHER_TENANT, TENANT, now, tenant},
        faults::{Fault, When},
        host::NOW,
    },
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The day on which tests begin.
const TODAY: i64 = NOW / DAY_MS;

/// Announced 60 days ago, with a sunset in 30 and a half days.
static OPERATION: Deprecation = Deprecation {
    kind: DeprecatedKind::Operation,
    version: 1,
    element: "/paths/~1me/get",
    title: "GET /me",
    operation: Some("me_get"),
    deprecated_at: Some((TODAY - 60) * 86_400),
    sunset: Some((TODAY + 31) * 86_400),
    sunset_date: Some("Mon, 15 Feb 2027 00:00:00 GMT"),
    replacement: Some("GET /me/permissions"),
    link: Some("</openapi.yaml#/paths/~1me/get>; rel=\"deprecation\""),
    successor: Some("/me/permissions"),
};
static PARAMETER: Deprecation = Deprecation {
    kind: DeprecatedKind::Parameter,
    version: 1,
    element: "/components/parameters/Fields",
    title: "query parameter fields",
    operation: None,
    deprecated_at: Some((TODAY - 10) * 86_400),
    sunset: Some((TODAY + 100) * 86_400),
    sunset_date: None,
    replacement: None,
    link: None,
    successor: None,
};
static THINGS: &[&Deprecation] = &[&PARAMETER, &OPERATION];

const OF_OPERATION: &str = "v1/paths/~1me/get";
const OF_PARAMETER: &str = "v1/components/parameters/Fields";

/// An API with these deprecations. The test records the uses that generated code would record.
fn api() -> Api {
    let mut api = Api::with(Config {
        deprecations: THINGS,
        ..Config::default()
    });
    api.router = api
        .router
        .layer(from_fn(|mut request: Request, next: Next| async move {
            let mut used = UsedDeprecations::default();
            if request.uri().path() == "/me" {
                used.add(&OPERATION);
                if request.uri().query().is_some() {
                    used.add(&PARAMETER);
                }
                request.extensions_mut().insert(used);
            }
            next.run(request).await
        }));
    api
}

fn usage(api: &Api, token: &str, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/deprecations/usage{query}"), token);
    page.expect(200)["items"].as_array().unwrap().clone()
}

/// The notices of the change log, in its order: thing, kind, when.
fn logged(api: &Api, tenant_id: &str) -> Vec<(String, String, i64)> {
    let memory = api.host.world.memory(&tenant(tenant_id)).unwrap();
    let sql = "SELECT record_id, op, at FROM changes WHERE type = 'deprecation' ORDER BY seq";
    memory
        .run(&Statement::new(sql, []))
        .into_iter()
        .map(|row| {
            let text = |at: usize| row[at].as_str().unwrap().to_owned();
            (text(0), text(1), row[2].as_i64().unwrap())
        })
        .collect()
}

#[test]
fn what_goes_is_listed_in_the_order_of_its_announcement() {
    let api = api();
    let owner = api.owner();
    let page = api.get("/deprecations", &owner).expect(200);
    assert_eq!(
        page["items"][0],
        json!({
            "name": OF_OPERATION, "version": 1, "kind": "operation", "operation": "me_get", "pointer": "/paths/~1me/get",
            "title": "GET /me", "announced_at": (TODAY - 60) * DAY_MS, "sunset_at": (TODAY + 31) * DAY_MS,
            "replacement": "GET /me/permissions", "notices": [],
        })
    );
    assert_eq!(page["items"][1]["name"], OF_PARAMETER);
    assert_eq!(page["items"][1]["operation"], Value::Null);
    let first = api
        .get("/deprecations?limit=1&fields=title", &owner)
        .expect(200);
    assert_eq!(
        first["items"],
        json!([{"name": OF_OPERATION, "title": "GET /me"}])
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = api
        .get(&format!("/deprecations?limit=1&cursor={cursor}"), &owner)
        .expect(200);
    assert_eq!(
        (&second["items"][0]["name"], &second["next_cursor"]),
        (&json!(OF_PARAMETER), &Value::Null)
    );
    let of_one = api
        .get("/deprecations?operation=me_get", &owner)
        .expect(200);
    assert_eq!(of_one["items"].as_array().unwrap().len(), 1);
    let other = api.get(
        &format!("/deprecations?operation=me_get&cursor={cursor}"),
        &owner,
    );
    assert_eq!(other.refusal(), (400, "CURSOR_INVALID".into()));
}

#[test]
fn a_use_is_told_at_once_and_written_down_later() {
    let api = api();
    let owner = api.owner();
    let reply = api.get("/me?fields=id", &owner);
    reply.expect(200);
    assert_eq!(
        reply.header("deprecation"),
        format!("@{}", (TODAY - 60) * 86_400)
    );
    assert_eq!(reply.header("sunset"), OPERATION.sunset_date.unwrap());
    api.host.wait(5);
    api.get("/me", &owner).expect(200);
    assert!(
        usage(&api, &owner, "").is_empty(),
        "a request writes nothing"
    );
    now(api.core.write_usage());
    let uses = usage(&api, &owner, "");
    let of = |thing: &str| uses.iter().find(|one| one["deprecation"] == thing).unwrap();
    let of_operation = of(OF_OPERATION);
    assert_eq!(
        (
            &of_operation["count"],
            &of_operation["first_used_at"],
            &of_operation["last_used_at"]
        ),
        (&json!(2), &json!(NOW), &json!(NOW + 5))
    );
    assert_eq!(of_operation["used_by"]["kind"], "user");
    assert_eq!(of_operation["days"], json!([{"day": TODAY, "count": 2}]));
    assert_eq!(of(OF_PARAMETER)["count"], 1);
    // Further uses are added, by day.
    api.host.wait(DAY_MS);
    let owner = api.sign_in("dana@alderfinch.example").0;
    api.get("/me", &owner).expect(200);
    now(api.core.write_usage());
    let uses = usage(&api, &owner, &format!("?deprecation={OF_OPERATION}"));
    assert_eq!(uses.len(), 1);
    assert_eq!(
        (&uses[0]["count"], &uses[0]["days"][1]),
        (&json!(3), &json!({"day": TODAY + 1, "count": 1}))
    );
}

#[test]
fn each_caller_counts_by_itself_and_each_tenant_sees_its_own() {
    let api = api();
    let owner = api.owner();
    let (_, key) = api.key(&["integrations:read"]);
    api.get("/me", &owner).expect(200);
    api.host.wait(1);
    api.get("/me", &key).expect(200);
    now(api.core.write_usage());
    let uses = usage(&api, &key, "");
    let kinds: Vec<_> = uses
        .iter()
        .map(|one| one["used_by"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["user", "key"]);
    let id = uses[1]["used_by"]["id"].as_str().unwrap();
    assert_eq!(
        usage(&api, &owner, &format!("?used_by={id}")),
        [uses[1].clone()]
    );
    let first = api.get("/deprecations/usage?limit=1", &owner).expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(
        usage(&api, &owner, &format!("?limit=1&cursor={cursor}")),
        [uses[1].clone()]
    );
    api.user(OTHER_TENANT, "eve@birch.example", &["owner"]);
    let other = api.sign_in("eve@birch.example").0;
    assert!(usage(&api, &other, "").is_empty());
}

#[test]
fn a_token_that_was_revoked_is_nobodys_use() {
    let api = api();
    let owner = api.owner();
    let (_, key) = api.key(&["records:read"]);
    let keys = api.get("/api-keys", &owner).expect(200);
    let id = keys["items"][0]["id"].as_str().unwrap();
    api.call("DELETE", &format!("/api-keys/{id}"))
        .token(&owner)
        .send()
        .expect(204);
    assert_eq!(api.get("/me", &key).status, 401);
    now(api.core.write_usage());
    assert!(usage(&api, &owner, "").is_empty());
    let shown = api.get(&format!("/api-keys/{id}"), &owner).expect(200);
    assert_eq!(shown["last_used_at"], Value::Null);
}

#[test]
fn a_key_tells_when_it_was_last_used() {
    let api = api();
    let owner = api.owner();
    let (_, key) = api.key(&["records:read"]);
    api.get("/records/contact", &key).expect(200);
    api.host.wait(7);
    // A refusal is a use as well.
    assert_eq!(api.get("/records/contact?limit=0", &key).status, 400);
    let last_used = || {
        let keys = api.get("/api-keys?fields=last_used_at", &owner).expect(200);
        keys["items"][0]["last_used_at"].clone()
    };
    assert_eq!(last_used(), Value::Null);
    now(api.core.write_usage());
    assert_eq!(last_used(), json!(NOW + 7));
    // Without further uses the counts stay.
    now(api.core.write_usage());
    assert_eq!(last_used(), json!(NOW + 7));
}

#[test]
fn a_store_that_is_busy_gets_it_the_next_time() {
    let api = api();
    let owner = api.owner();
    api.get("/me", &owner).expect(200);
    api.host.world.faults.arm(Fault {
        step: 1,
        when: When::Before,
        error: StoreError::Busy("another".into()),
    });
    now(api.core.write_usage());
    assert!(api.host.world.faults.disarm());
    assert!(!api.core.usage.is_empty());
    now(api.core.write_usage());
    assert_eq!(usage(&api, &owner, "")[0]["count"], 1);
}

#[test]
fn what_is_kept_is_bounded_in_time() {
    let api = api();
    let owner = api.owner();
    api.get("/me", &owner).expect(200);
    now(api.core.write_usage());
    api.host.wait(92 * DAY_MS);
    let use_it = || {
        let owner = api.sign_in("dana@alderfinch.example").0;
        api.get("/me?fields=id", &owner).expect(200);
        now(api.core.write_usage());
        owner
    };
    let days = |owner: &str| {
        let uses = usage(&api, owner, &format!("?deprecation={OF_OPERATION}"));
        uses[0]["days"].as_array().unwrap().len()
    };
    // A clock that has just jumped deletes nothing.
    assert_eq!(days(&use_it()), 2);
    for _ in 0..3 {
        api.host.wait(DAY_MS / 2);
        use_it();
    }
    let owner = use_it();
    let uses = usage(&api, &owner, &format!("?deprecation={OF_OPERATION}"));
    assert_eq!(
        (&uses[0]["count"], uses[0]["days"].as_array().unwrap().len()),
        (&json!(6), 2)
    );
    api.sql("UPDATE deprecation_uses SET last_at = 5 WHERE deprecation LIKE '%Fields'");
    let (_, key) = api.key(&["integrations:read"]);
    api.get("/me", &key).expect(200);
    now(api.core.write_usage());
    let left = usage(&api, &key, "");
    assert!(
        left.iter().all(|one| one["deprecation"] == OF_OPERATION),
        "{left:?}"
    );
}

#[test]
fn a_notice_is_given_to_each_tenant_once() {
    let api = api();
    api.owner();
    for _ in 0..3 {
        now(api.core.give_notices(usize::MAX));
    }
    let first = [
        (OF_PARAMETER.to_owned(), "announced".to_owned(), NOW),
        (OF_OPERATION.to_owned(), "announced".to_owned(), NOW),
    ];
    for id in [TENANT, OTHER_TENANT] {
        assert_eq!(logged(&api, id), first, "{id}");
    }
    api.host.wait(DAY_MS);
    for _ in 0..3 {
        now(api.core.give_notices(usize::MAX));
    }
    let all = logged(&api, TENANT);
    assert_eq!(
        all[2..],
        [(OF_OPERATION.to_owned(), "days_30".to_owned(), NOW + DAY_MS)]
    );
    let owner = api.sign_in("dana@alderfinch.example").0;
    let shown = api.get("/deprecations", &owner).expect(200);
    let kinds: Vec<_> = shown["items"][0]["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| {
            (
                notice["kind"].as_str().unwrap(),
                notice["at"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(kinds, [("announced", NOW), ("days_30", NOW + DAY_MS)]);
}

#[test]
fn tenants_take_turns_at_their_notices_under_one_budget() {
    let api = api();
    api.owner();
    let told = || {
        let logs = [TENANT, OTHER_TENANT].map(|id| logged(&api, id));
        logs.iter().filter(|log| !log.is_empty()).count()
    };
    for tenants in 1..=2 {
        now(api.core.give_notices(1));
        assert_eq!(told(), tenants);
    }
}

#[test]
fn processes_that_race_give_one_notice() {
    let api = api();
    api.owner();
    // Another process without the state of the first one.
    let other = now(crate::Core::start(
        api.host.ports.clone(),
        Config {
            deprecations: THINGS,
            ..Config::default()
        },
    ))
    .unwrap();
    now(api.core.give_notices(usize::MAX));
    now(other.give_notices(usize::MAX));
    assert_eq!(logged(&api, TENANT).len(), 2);
    // A process that read before the other wrote finds that its guard failed, and reads again.
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    api.sql(
        "CREATE TABLE kept AS SELECT * FROM deprecation_notices; \
         DELETE FROM deprecation_notices; DELETE FROM changes WHERE type = 'deprecation'",
    );
    *memory.before_commit.lock() = Some(Box::new(|connection| {
        let theirs = "INSERT INTO deprecation_notices SELECT * FROM kept";
        connection.execute_batch(theirs).unwrap();
    }));
    now(api.core.give_notices_to(&tenant(TENANT))).unwrap();
    assert!(memory.before_commit.lock().is_none());
    assert!(
        logged(&api, TENANT).is_empty(),
        "they write the entries too"
    );
}

#[test]
fn the_sequence_goes_on_behind_a_notice() {
    let api = api();
    let owner = api.owner();
    now(api.core.give_notices(usize::MAX));
    let made = api.post(
        "/records/contact",
        &owner,
        json!({"fields": {"kind": "person", "last_name": "Okafor"}}),
    );
    let version = made.expect(201)["version"].as_i64().unwrap();
    let notices = api.get("/deprecations", &owner).expect(200);
    let last = notices["items"][0]["notices"][0]["sequence"]
        .as_i64()
        .unwrap();
    assert!(version > last, "{version} {last}");
}
