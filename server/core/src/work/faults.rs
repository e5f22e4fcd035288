//! A store that fails at each step of a request in turn. The refusal is typed, no change is half done, and the same
//! request works afterwards. If only the answer was lost, a repeat has no second effect.

use serde_json::{Value, json};

use crate::{
    http::Operator,
    ports::store::{Statement, StoreError},
    testing::{
        api::{Api, PASSWORD, Reply, TENANT, tenant, tokens},
        faults::{Fault, When},
    },
};

/// Upper bound of the steps of one request.
const MOST_STEPS: usize = 12;

struct World {
    api: Api,
    token: String,
    job: String,
}

/// A request that can be sent twice. The number makes each one different.
struct Scene {
    name: &'static str,
    /// Whether the second sending counts as the same request: it has a key or an id, or is idempotent by itself.
    repeats: bool,
    prepare: fn(&World, usize) -> Value,
    send: fn(&World, usize, &Value) -> Reply,
}

fn nothing(_: &World, _: usize) -> Value {
    Value::Null
}

fn write(world: &World, method: &str, path: &str, n: usize, body: Value) -> Reply {
    let call = world.api.call(method, path).token(&world.token);
    let call = call.header("idempotency-key", &format!("{method} {path} {n}"));
    if body.is_null() {
        call.send()
    } else {
        call.json(body).send()
    }
}

fn id(kind: u8, n: usize) -> String {
    format!("0190a1b2-0000-7000-80{kind:02x}-{n:012x}")
}

const SCENES: &[Scene] = &[
    Scene {
        name: "read",
        repeats: true,
        prepare: nothing,
        send: |world, _, _| {
            world
                .api
                .get(&format!("/records/job/{}", world.job), &world.token)
        },
    },
    Scene {
        name: "list",
        repeats: true,
        prepare: nothing,
        send: |world, _, _| world.api.get("/records/job?limit=2", &world.token),
    },
    Scene {
        name: "create",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let body = json!({"fields": {"title": format!("Job {n}")}});
            write(world, "POST", "/records/job", n, body)
        },
    },
    Scene {
        name: "create by id",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let body = json!({"id": id(1, n), "fields": {"title": "By id"}});
            world.api.post("/records/job", &world.token, body)
        },
    },
    Scene {
        name: "update",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let path = format!("/records/job/{}", world.job);
            let body = json!({"fields": {"title": format!("Title {n}"), "priority": "low"}});
            write(world, "PATCH", &path, n, body)
        },
    },
    Scene {
        name: "batch",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let create = |title| json!({"op": "create", "type": "job", "fields": {"title": title}});
            let update = json!({"op": "update", "type": "job", "id": world.job, "fields": {"title": format!("Batch {n}")}});
            let body = json!({"mode": "atomic", "operations": [create("A"), update, create("B")]});
            write(world, "POST", "/records/batch", n, body)
        },
    },
    Scene {
        name: "delete",
        repeats: true,
        prepare: |world, _| {
            let body = json!({"fields": {"title": "To go"}});
            world
                .api
                .post("/records/job", &world.token, body)
                .expect(201)["id"]
                .clone()
        },
        send: |world, n, id| {
            let path = format!("/records/job/{}", id.as_str().unwrap());
            write(world, "DELETE", &path, n, Value::Null)
        },
    },
    Scene {
        name: "object type",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let body = json!({"name": format!("machine_{n}"), "label": "Machine", "fields": [{"name": "serial", "label": "Serial", "type": "auto_number"}]});
            write(world, "POST", "/object-types", n, body)
        },
    },
    Scene {
        name: "user",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let body = json!({"email": format!("u{n}@alderfinch.example"), "name": "U", "roles": ["readonly"]});
            write(world, "POST", "/users", n, body)
        },
    },
    Scene {
        name: "API key",
        repeats: true,
        prepare: nothing,
        send: |world, n, _| {
            let body = json!({"name": format!("key {n}"), "scopes": ["records:read"]});
            write(world, "POST", "/api-keys", n, body)
        },
    },
    Scene {
        name: "sign in",
        // Signing in twice makes two sessions.
        repeats: false,
        prepare: nothing,
        send: |world, _, _| {
            world
                .api
                .password_grant("dana@alderfinch.example", PASSWORD)
        },
    },
    Scene {
        name: "refresh",
        repeats: true,
        prepare: |world, _| {
            let (_, refresh) = world.api.sign_in("dana@alderfinch.example");
            refresh.into()
        },
        send: |world, _, refresh| {
            let body = json!({"grant_type": "refresh_token", "refresh_token": refresh});
            world.api.grant(body)
        },
    },
];

impl World {
    fn new() -> Self {
        let mut config = crate::core::Config::default();
        config.sign_in_quota.requests = 1_000;
        config.address_quota.requests = 100_000;
        let api = Api::with(config);
        let token = api.owner();
        let body = json!({"fields": {"title": "The job"}});
        let job = api.post("/records/job", &token, body).expect(201);
        let job = job["id"].as_str().unwrap().to_owned();
        Self { api, token, job }
    }

    /// Every row of every table of the tenant.
    fn dump(&self) -> String {
        let memory = self.api.host.world.memory(&tenant(TENANT)).unwrap();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let tables = memory.run(&Statement::new(tables, []));
        let rows = tables.into_iter().map(|row| {
            let name = row[0].as_str().unwrap_or_default().to_owned();
            let rows = memory.run(&Statement::new(format!("SELECT * FROM \"{name}\""), []));
            format!("{name}: {rows:?}\n")
        });
        rows.collect()
    }

    /// The number of rows in each table, which shows how often a request took effect.
    fn counts(&self) -> Vec<i64> {
        let memory = self.api.host.world.memory(&tenant(TENANT)).unwrap();
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            memory.run(&Statement::new(sql, []))[0][0].as_i64().unwrap()
        };
        let tables = [
            "records",
            "changes",
            "users",
            "api_keys",
            "object_types",
            "fields",
            "sessions",
            "idempotency",
        ];
        tables.map(count).into()
    }
}

fn difference(after: &[i64], before: &[i64]) -> Vec<i64> {
    after
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect()
}

/// Sends each scene with a fault at its first step, then at its second and so on, until a request has no such step.
fn play(when: When, error: &StoreError, check: impl Fn(&World, &Scene, &Reply, &str)) {
    let world = World::new();
    let faults = &world.api.host.world.faults;
    let mut n = 0;
    for scene in SCENES {
        let prepared = (scene.prepare)(&world, n);
        let before = world.counts();
        assert!(
            (scene.send)(&world, n, &prepared).status < 300,
            "{}",
            scene.name
        );
        let effect = difference(&world.counts(), &before);
        for step in 1.. {
            assert!(step < MOST_STEPS, "{} has no end", scene.name);
            n += 1;
            let prepared = (scene.prepare)(&world, n);
            let (dump, before) = (world.dump(), world.counts());
            faults.arm(Fault {
                step,
                when,
                error: error.clone(),
            });
            let reply = (scene.send)(&world, n, &prepared);
            if !faults.disarm() {
                assert!(
                    step > 1 && reply.status < 300,
                    "{} {step}: {reply:?}",
                    scene.name
                );
                break;
            }
            let place = format!("{} failed {when:?} step {step}", scene.name);
            assert!(reply.status >= 500, "{place}: {reply:?}");
            check(&world, scene, &reply, &dump);
            let again = (scene.send)(&world, n, &prepared);
            assert!(again.status < 300, "{place}, and again: {again:?}");
            if scene.repeats || when == When::Before {
                assert_eq!(
                    difference(&world.counts(), &before),
                    effect,
                    "{place}: one effect"
                );
            }
            if scene.name == "refresh" {
                let (access, _) = tokens(&again.json());
                world.api.get("/me", &access).expect(200);
            }
        }
    }
}

#[test]
fn a_store_that_is_busy_at_any_step_leaves_nothing_half_done() {
    play(
        When::Before,
        &StoreError::Busy("test".into()),
        |world, scene, reply, dump| {
            assert_eq!(
                reply.refusal(),
                (503, "TENANT_BUSY".into()),
                "{}",
                scene.name
            );
            assert_eq!(reply.header("retry-after"), "1", "{}", scene.name);
            assert!(world.dump() == dump, "{} is half done", scene.name);
        },
    );
}

#[test]
fn a_store_that_fails_at_any_step_leaves_nothing_half_done() {
    play(
        When::Before,
        &StoreError::Failed("test".into()),
        |world, scene, reply, dump| {
            assert_eq!(reply.refusal(), (500, "INTERNAL".into()), "{}", scene.name);
            assert!(!reply.text.contains("test"), "{}", reply.text);
            assert!(world.dump() == dump, "{} is half done", scene.name);
        },
    );
}

#[test]
fn an_answer_that_is_lost_at_any_step_is_had_by_repeating() {
    play(
        When::After,
        &StoreError::Busy("lost".into()),
        |_, scene, reply, _| {
            assert_eq!(
                reply.refusal(),
                (503, "TENANT_BUSY".into()),
                "{}",
                scene.name
            );
        },
    );
}

#[test]
fn an_import_that_fails_at_any_step_is_had_by_repeating() {
    use crate::records::import::{Row, context, import};
    let world = World::new();
    let faults = &world.api.host.world.faults;
    let rows = |n: usize| -> Vec<Row> {
        (0..3)
            .map(|k| {
                let fields = json!({"name": format!("Part {n}"), "code": format!("P{n}-{k}"), "kind": "material", "unit_price": {"amount": 1, "currency": "GBP"}});
                Row { id: id(2, 10 * n + k), fields: serde_json::from_value(fields).unwrap() }
            })
            .collect()
    };
    let run = |n: usize| {
        let work = &world.api.core.work;
        let cx = context(work, &tenant(TENANT));
        let done = import(work, &cx, "price_item", "code", rows(n));
        futures_util::FutureExt::now_or_never(done).expect("nothing waits")
    };
    let mut n = 0;
    for when in [When::Before, When::After] {
        for step in 1.. {
            assert!(step < MOST_STEPS, "an import has no end");
            n += 1;
            let (dump, before) = (world.dump(), world.counts());
            faults.arm(Fault {
                step,
                when,
                error: StoreError::Busy("test".into()),
            });
            let failed = run(n).is_err();
            if !faults.disarm() {
                assert!(!failed && step > 1);
                break;
            }
            assert!(failed, "step {step}");
            if when == When::Before {
                assert!(world.dump() == dump, "half done at step {step}");
            }
            assert!(run(n).is_ok_and(|rows| rows.iter().all(Result::is_ok)));
            let effect = difference(&world.counts(), &before);
            assert_eq!(
                effect[..2],
                [3, 3],
                "step {step}: three records, three changes"
            );
        }
    }
}

#[test]
fn the_operator_is_refused_the_same_way() {
    let world = World::new();
    let faults = &world.api.host.world.faults;
    faults.arm(Fault {
        step: 1,
        when: When::Before,
        error: StoreError::TooLarge,
    });
    let call = world
        .api
        .call("POST", "/records/job")
        .extension(Operator(tenant(TENANT)));
    let reply = call.json(json!({"fields": {"title": "x"}})).send();
    assert!(faults.disarm());
    assert_eq!(reply.refusal(), (413, "PAYLOAD_TOO_LARGE".into()));
}
