//! Recomputing a database that an earlier program wrote: what was found is still found, and new spellings are found
//! too.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    ports::{
        directory::TenantEntry,
        store::{Statement, Value},
    },
    testing::{
        World,
        api::{Api, TENANT, now, tenant},
        host::NOW,
        id, ready,
    },
};

/// More statements than any test needs.
const MANY: usize = 1_000;

/// Writes a record's keys, slots and words as the earlier folding did.
fn wrote_before(world: &World, id: &str, keys: Json, slot: &str, words: &[&str]) {
    let run = |sql: &str, params: Vec<Value>| {
        world.store.run(&Statement::new(sql.to_owned(), params));
    };
    run(
        "UPDATE records SET keys = ?2, key_2 = ?3 WHERE id = ?1",
        vec![id.into(), keys.to_string().into(), slot.into()],
    );
    run(
        "DELETE FROM words WHERE record = (SELECT num FROM records WHERE id = ?1)",
        vec![id.into()],
    );
    for word in words {
        run(
            "INSERT INTO words SELECT ?2, num FROM records WHERE id = ?1",
            vec![id.into(), (*word).into()],
        );
    }
    run("UPDATE meta SET folding = 0, refolded = 0", vec![]);
}

fn state(world: &World) -> Vec<Vec<Value>> {
    let sql = "SELECT id, keys, key_2, apart, (SELECT group_concat(word, ' ' ORDER BY word) FROM words WHERE record = num) AS words FROM records ORDER BY num";
    world.store.run(&Statement::new(sql, []))
}

fn refold(world: &World, statements: usize) -> Left {
    let tenant = world.cx().caller.unwrap().tenant;
    ready(world.core.refold_tenant(&tenant, statements)).unwrap()
}

fn folding(world: &World) -> i64 {
    world.store.run(&meta())[0][0].as_i64().unwrap()
}

fn found(world: &World, q: &str) -> Vec<String> {
    let page = world.search(q, None, 50);
    page.items.iter().map(|record| record.id.clone()).collect()
}

#[test]
fn what_an_earlier_program_wrote_is_as_if_it_were_written_now() {
    let world = World::new();
    let values = [
        json!({"title": "Straße", "code": "Straße 1", "tags": ["Ada@Example.com"]}),
        json!({"title": "José", "code": "JOSÉ"}),
        json!({"title": "がぎ", "code": "が"}),
        json!({"title": "plain", "code": "plain"}),
    ];
    let ids: Vec<String> = values
        .iter()
        .map(|data| world.thing(data.clone()).id)
        .collect();
    let now = state(&world);
    let before = [
        (
            json!({"title": "straße", "code": "straße 1"}),
            "straße",
            vec!["straße", "1"],
        ),
        (
            json!({"title": "jose", "code": "jose"}),
            "jose",
            vec!["jose"],
        ),
        (
            json!({"title": "かき", "code": "か"}),
            "かき",
            vec!["かき", "か"],
        ),
        (json!({}), "plain", vec!["plain"]),
    ];
    for (id, (keys, slot, words)) in ids.iter().zip(&before) {
        wrote_before(&world, id, keys.clone(), slot, words);
    }
    assert_ne!(state(&world), now);
    assert_eq!(found(&world, "strasse"), [""; 0]);
    assert_eq!(refold(&world, MANY), Left::Nothing);
    assert_eq!(state(&world), now);
    assert_eq!(folding(&world), REVISION);
    assert_eq!(found(&world, "STRASSE"), [ids[0].clone()]);
    assert_eq!(found(&world, "かき"), [""; 0]);
}

#[test]
fn it_is_cut_off_and_goes_on() {
    let world = World::new();
    let ids: Vec<String> = (0..250).map(|n| id(1_000 + n)).collect();
    for (n, id) in ids.iter().enumerate() {
        let data = json!({"title": format!("Größe {n}")});
        world.create("thing", Some(id.clone()), data).unwrap();
    }
    let now = state(&world);
    for (n, id) in ids.iter().enumerate() {
        let (key, number) = (format!("große {n}"), n.to_string());
        wrote_before(&world, id, json!({"title": key}), &key, &["große", &number]);
    }
    let old = state(&world);
    assert_eq!(refold(&world, 1), Left::Something);
    let state_now = state(&world);
    assert_eq!(state_now[..100], now[..100]);
    assert_eq!(
        state_now[100..],
        old[100..],
        "a step folds a hundred records"
    );
    // Another client writes a record between the read and the commit of the next step.
    let id = ids[150].clone();
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        let meddle = "UPDATE records SET version = version + 1 WHERE id = ?1";
        connection.execute(meddle, [id]).unwrap();
    }));
    assert_eq!(refold(&world, 1), Left::Something);
    assert_eq!(state(&world)[100..], old[100..], "its budget is spent");
    assert_eq!(refold(&world, 1), Left::Something);
    assert_eq!(refold(&world, 1), Left::Something);
    assert_eq!(folding(&world), 0);
    assert_eq!(refold(&world, 1), Left::Nothing);
    assert_eq!(state(&world), now);
    // The tenant is known to be done, so nothing is read.
    world.store.trips();
    assert_eq!(refold(&world, 1), Left::Nothing);
    assert_eq!(world.store.trips(), (0, 0));
}

#[test]
fn a_step_that_others_are_in_the_way_of_ends_with_its_budget() {
    let world = World::new();
    let id = id(1_000);
    let data = json!({"title": "Größe"});
    world.create("thing", Some(id.clone()), data).unwrap();
    wrote_before(&world, &id, json!({"title": "große"}), "große", &["große"]);
    // At each try another client has just taken the unique text.
    let others = "CREATE TRIGGER others BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: index ''records_other'''); END";
    let connection = world.store.connection.lock();
    connection.execute_batch(others).unwrap();
    drop(connection);
    world.store.trips();
    assert_eq!(refold(&world, 1), Left::Something);
    assert_eq!(world.store.trips().1, 1, "a try for the first statement");
    assert_eq!(refold(&world, 5), Left::Something);
    assert!(world.store.trips().1 <= 3);
}

#[test]
fn a_step_folds_so_many_characters_and_one_record_at_least() {
    let size = |num: i64, size: i64| vec![num.into(), size.into()];
    assert_eq!(last_of(&vec![]), None);
    assert_eq!(last_of(&vec![size(7, 9_000_000), size(8, 1)]), Some(7));
    assert_eq!(
        last_of(&vec![size(7, 400_000), size(8, 100_000), size(9, 1)]),
        Some(8)
    );
}

#[test]
fn of_two_texts_that_became_one_the_later_is_set_apart() {
    // In either order: the text that equals its own folded form may be that of the first or of the second record.
    for (first, second) in [("Straße", "STRASSE"), ("STRASSE", "Straße")] {
        let world = World::new();
        let made = [first, second].map(|code| {
            let id = world.thing(json!({"title": code})).id;
            let data = json!({"title": code, "code": code}).to_string();
            let sql = "UPDATE records SET data = ?2 WHERE id = ?1";
            world
                .store
                .run(&Statement::new(sql, [id.as_str().into(), data.into()]));
            let key = code.to_lowercase();
            wrote_before(
                &world,
                &id,
                json!({"title": key, "code": key}),
                &key,
                &[&key],
            );
            id
        });
        // A third record, whose old key is the new key of another record, and whose own key changes.
        assert_eq!(refold(&world, MANY), Left::Nothing);
        let apart: Vec<bool> = state(&world).iter().map(|row| row[3] != 0.into()).collect();
        assert_eq!(apart, [false, true], "{first} {second}");
        let refused = world
            .create("thing", None, json!({"code": "strasse"}))
            .unwrap_err();
        assert_eq!(refused.0, "UNIQUE_VIOLATION");
        // The record that was set apart can be changed, and rejoins the index with another text.
        world
            .update(&made[1], None, json!({"title": "Other"}))
            .unwrap();
        world
            .update(&made[1], None, json!({"code": "other"}))
            .unwrap();
        assert_eq!(
            world
                .create("thing", None, json!({"code": "OTHER"}))
                .unwrap_err()
                .0,
            "UNIQUE_VIOLATION"
        );
        world.update(&made[0], None, json!({"code": null})).unwrap();
        world
            .update(&made[1], None, json!({"code": "Straße"}))
            .unwrap();
    }
}

#[test]
fn an_old_key_that_is_another_s_new_one_is_in_nobody_s_way() {
    // The records are more than a step apart, so the first is recomputed while the last still has its old key.
    let world = World::new();
    let code = |world: &World, id: &str, code: &str, key: &str| {
        let data = json!({"title": "x", "code": code}).to_string();
        let sql = "UPDATE records SET data = ?2 WHERE id = ?1";
        world
            .store
            .run(&Statement::new(sql, [id.into(), data.into()]));
        wrote_before(world, id, json!({"code": key}), "x", &[key]);
    };
    let first = world.thing(json!({"title": "x"})).id;
    for _ in 0..120 {
        world.thing(json!({"title": "x"}));
    }
    let last = world.thing(json!({"title": "x"})).id;
    code(&world, &first, " jose ", " jose ");
    code(&world, &last, "JOSÉ", "jose");
    assert_eq!(refold(&world, MANY), Left::Nothing);
    let keys = |id: &str| {
        let row = state(&world)
            .into_iter()
            .find(|row| row[0] == id.into())
            .unwrap();
        (row[1].as_str().unwrap().to_owned(), row[3].clone())
    };
    assert_eq!(keys(&first), (r#"{"code":"jose"}"#.to_owned(), 0.into()));
    assert_eq!(
        keys(&last),
        (r#"{"code":"jose","_code":"josé"}"#.to_owned(), 0.into())
    );
}

#[test]
fn white_space_of_an_earlier_program_is_empty_and_takes_nobody_s_place() {
    let world = World::new();
    let ids = [" ", "\u{3000}"].map(|code| {
        let id = world.thing(json!({"title": "x"})).id;
        let data = json!({"title": "x", "code": code}).to_string();
        let sql = "UPDATE records SET data = ?2 WHERE id = ?1";
        world
            .store
            .run(&Statement::new(sql, [id.as_str().into(), data.into()]));
        wrote_before(&world, &id, json!({}), "x", &["x"]);
        id
    });
    assert_eq!(refold(&world, MANY), Left::Nothing);
    let empty = json!({"field": "code", "op": "is_empty"});
    let page = world
        .list(Some(empty), Some("code"), None, None, 50)
        .unwrap();
    let found: BTreeSet<&str> = page.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(found, ids.iter().map(String::as_str).collect());
}

#[test]
fn a_record_that_is_apart_comes_back_in_once_each_of_its_texts_is_its_own() {
    let api = Api::default();
    let token = api.owner();
    let unique = |name: &str| json!({"name": name, "label": name, "type": "text", "unique": true});
    let kind = json!({"name": "gadget", "label": "Gadget", "plural_label": "Gadgets", "fields": [unique("code"), unique("mark")]});
    api.post("/object-types", &token, kind).expect(201);
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    let ids = [("Straße", "Größe"), ("STRASSE", "GRÖSSE")].map(|(code, mark)| {
        let made = api.post("/records/gadget", &token, json!({"fields": {}}));
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let data = json!({"code": code, "mark": mark});
        let keys = json!({"code": code.to_lowercase(), "mark": mark.to_lowercase()});
        let sql = "UPDATE records SET data = ?2, keys = ?3 WHERE id = ?1";
        let params = [data, keys].map(|json| Value::from(json.to_string()));
        let params = [vec![Value::from(id.as_str())], params.to_vec()].concat();
        memory.run(&Statement::new(sql, params));
        id
    });
    memory.run(&Statement::new(
        "UPDATE meta SET folding = 0, refolded = 0",
        [],
    ));
    let folded = now(api.core.refold_tenant(&tenant(TENANT), MANY));
    assert_eq!(folded.unwrap(), Left::Nothing);
    let apart = || {
        let sql = "SELECT apart <> 0 AS is_apart FROM records WHERE type = 'gadget' ORDER BY num";
        let rows = memory.run(&Statement::new(sql, []));
        rows.iter()
            .map(|row| row[0] == 1.into())
            .collect::<Vec<_>>()
    };
    let change = |fields: Json| {
        let path = format!("/records/gadget/{}", ids[1]);
        let call = api.call("PATCH", &path).token(&token);
        call.json(json!({ "fields": fields })).send().expect(200);
    };
    assert_eq!(apart(), [false, true]);
    change(json!({"code": "other"}));
    assert_eq!(
        apart(),
        [false, true],
        "the other text is still another record's"
    );
    change(json!({"mark": null}));
    assert_eq!(apart(), [false, false]);
    // The record is now like one that this program wrote: other records cannot take its text, and it can be changed.
    let taken = api.post(
        "/records/gadget",
        &token,
        json!({"fields": {"code": "OTHER"}}),
    );
    assert_eq!(taken.refusal().1, "UNIQUE_VIOLATION");
    change(json!({"mark": "own"}));
    assert_eq!(apart(), [false, false]);
}

/// A writing statement opens a cursor for each index of its table, and SQLite limits their number.
#[test]
fn a_record_of_a_type_with_many_unique_texts_is_changed() {
    let api = Api::default();
    let token = api.owner();
    let unique = |n: usize| json!({"name": format!("code_{n}"), "label": "Code", "type": "text", "unique": true});
    let fields: Vec<Json> = (0..100).map(unique).collect();
    let kind =
        json!({"name": "gadget", "label": "Gadget", "plural_label": "Gadgets", "fields": fields});
    api.post("/object-types", &token, kind).expect(201);
    for filled in [1, 20, 40] {
        let codes = |text: &str| -> Json {
            let code = |n: usize| (format!("code_{n}"), format!("{text} {filled} {n}").into());
            (0..filled)
                .map(code)
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let made = api.post("/records/gadget", &token, json!({"fields": codes("a")}));
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let call = api.call("PATCH", &format!("/records/gadget/{id}"));
        call.token(&token)
            .json(json!({"fields": codes("b")}))
            .send()
            .expect(200);
    }
}

#[test]
fn of_two_records_with_one_text_the_one_that_is_not_apart_is_named_first() {
    let world = World::new();
    let ids = ["first", "second"].map(|code| world.thing(json!({"title": "x", "code": code})).id);
    let sql = "UPDATE records SET apart = num, data = json_set(data, '$.code', 'second'), keys = '{\"code\":\"second\"}' WHERE id = ?1";
    world
        .store
        .run(&Statement::new(sql, [ids[0].as_str().into()]));
    let refused = world
        .create("thing", None, json!({"code": "SECOND"}))
        .unwrap_err();
    assert_eq!(refused.0, "UNIQUE_VIOLATION");
    assert_eq!(refused.1["existing"], ids[1].as_str(), "{}", refused.1);
}

#[test]
fn of_several_tenants_each_has_its_turn_under_one_budget() {
    let api = Api::default();
    let token = api.owner();
    let create = json!({"op": "create", "type": "contact", "fields": {"last_name": "A"}});
    let batch = json!({"mode": "atomic", "operations": vec![create; 101]});
    api.post("/records/batch", &token, batch).expect(200);
    for n in 0..7 {
        let entry = TenantEntry {
            id: tenant(&id(n)),
            name: n.to_string(),
            created_at: NOW,
        };
        now(api.host.ports.directory.create_tenant(&entry)).unwrap();
    }
    let world = &api.host.world;
    let tenants: Vec<TenantId> = world.tenants.lock().keys().cloned().collect();
    for tenant in &tenants {
        let memory = world.memory(tenant).unwrap();
        let sql = "UPDATE meta SET folding = 0, refolded = 0";
        memory.run(&Statement::new(sql, []));
    }
    let is_left = |tenant: &&TenantId| {
        let memory = world.memory(tenant).unwrap();
        memory.run(&meta())[0][0] != REVISION.into()
    };
    // Each run does one step. The tenant with the records needs three, the others one each.
    let steps = tenants.len() + 2;
    for run in 1..steps {
        assert_eq!(now(api.core.refold(1)), Left::Something);
        let left: Vec<&TenantId> = tenants.iter().filter(is_left).collect();
        assert!(
            tenants.len() - left.len() <= run,
            "more than one step at once"
        );
        if run == tenants.len() {
            assert_eq!(left, [&tenant(TENANT)], "each other one had its turn");
        }
    }
    assert_eq!(now(api.core.refold(1)), Left::Nothing);
    assert_eq!(tenants.iter().filter(is_left).count(), 0);
}
