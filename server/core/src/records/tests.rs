//! The operations on records, through the handlers, on a tenant in memory.

use crm_contract::latest::{
    server::{RecordsHandlers, records},
    types,
};
use crm_runtime::RawJson;
use serde_json::{Value as Json, json};

use crate::testing::{World, id, ready};

mod allowance;
mod batches;
mod client;
mod command;
mod cost;
mod heavy;
mod letters;
mod reading;
mod repeats;
mod unchanged;
mod unique;

pub use client::{Refused, fields, refused};

#[test]
fn what_is_created_is_read_with_defaults_and_without_what_is_empty() {
    let world = World::new();
    let created = world.thing(json!({"title": "São", "tags": [], "body": "", "email": " A@Example.ORG ", "phone": "+44 (1632) 960-147"}));
    assert_eq!(
        fields(&created),
        json!({"title": "São", "flag": true, "status": "new", "state": "draft", "email": "A@example.org", "phone": "+441632960147", "serial": 1})
    );
    let got = world.get(&created.id).unwrap();
    assert_eq!(
        (fields(&got), got.version, got.created_by),
        (fields(&created), created.version, created.created_by)
    );
    assert_eq!(fields(&world.thing(json!({})))["serial"], 2);
}

#[test]
fn all_that_definitions_refuse_is_said_at_once() {
    let world = World::new();
    let (code, context) = world
        .create("thing", None, json!({"title": 1, "count": 1001, "status": "odd", "parent": id(9), "nothing": 1, "day": "2026-01-01", "total": {"amount": 1, "currency": "GBP"}, "email": "x"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
    let mut rules: Vec<(String, String)> = context["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap().into(),
                error["rule"].as_str().unwrap().into(),
            )
        })
        .collect();
    rules.sort();
    let expected = [
        ("count", "max"),
        ("day", "type"),
        ("email", "email"),
        ("nothing", "unknown_field"),
        ("status", "options"),
        ("title", "type"),
        ("total", "server_owned"),
    ];
    assert_eq!(
        rules,
        expected.map(|(name, rule)| (format!("/body/fields/{name}"), rule.to_owned()))
    );
    let (code, _) = world
        .create("thing", None, json!({"serial": 7, "state": "open"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_SERVER_OWNED");
    let (code, context) = world
        .create("thing", None, json!({"parent": id(9), "owner": id(8)}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"].as_array().unwrap().len()),
        ("FIELD_INVALID", 2)
    );
    // Values cannot point to teams and files, so every id is refused.
    let (code, context) = world
        .create("thing", None, json!({"team": id(1), "files": [id(2)]}))
        .unwrap_err();
    assert_eq!(
        (
            code.as_str(),
            &context["errors"][0]["rule"],
            &context["errors"][1]["rule"]
        ),
        ("FIELD_INVALID", &json!("file"), &json!("team"))
    );
    world.thing(json!({"team": null, "files": []}));
    assert_eq!(
        world.create("nothing", None, json!({})).unwrap_err().0,
        "NOT_FOUND"
    );
    assert_eq!(
        world.create("job", None, json!({})).unwrap_err().0,
        "FIELD_INVALID"
    );
}

#[test]
fn the_same_create_twice_makes_one_record() {
    let world = World::new();
    let first = world
        .create("thing", Some(id(1)), json!({"title": "a", "count": 1}))
        .unwrap();
    world.update(&id(1), None, json!({"title": "b"})).unwrap();
    let again = world
        .create("thing", Some(id(1)), json!({"count": 1, "title": "a"}))
        .unwrap();
    assert_eq!(fields(&again)["title"], "b");
    assert!(again.version > first.version);
    let other = world
        .create("thing", Some(id(1)), json!({"title": "c"}))
        .unwrap_err();
    let elsewhere = world
        .create("contact", Some(id(1)), json!({"last_name": "c"}))
        .unwrap_err();
    assert_eq!(other.0, "ID_TAKEN");
    assert_eq!(other, elsewhere);
}

#[test]
fn an_update_touches_what_it_names_and_null_clears() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "count": 1, "tags": ["x"]}));
    let updated = world
        .update(&created.id, None, json!({"title": "b", "tags": null}))
        .unwrap();
    assert!(updated.version > created.version);
    assert_eq!(
        (
            &fields(&updated)["title"],
            &fields(&updated)["count"],
            fields(&updated).get("tags")
        ),
        (&json!("b"), &json!(1), None)
    );
    let same = world
        .update(&created.id, None, json!({"title": "b", "tags": []}))
        .unwrap();
    assert_eq!(same, updated);
    assert_eq!(world.history(&created.id).len(), 2);
    assert_eq!(
        world
            .update(&id(77), None, json!({"title": "b"}))
            .unwrap_err()
            .0,
        "NOT_FOUND"
    );
}

#[test]
fn if_match_refuses_what_was_decided_on_an_old_state() {
    let world = World::new();
    let created = world.thing(json!({"title": "a"}));
    let tag = format!("\"{}\"", created.version);
    let updated = world
        .update(&created.id, Some(&tag), json!({"title": "b"}))
        .unwrap();
    assert_eq!(
        world
            .update(&created.id, Some(&tag), json!({"title": "c"}))
            .unwrap_err(),
        (
            "VERSION_MISMATCH".into(),
            json!({"version": updated.version})
        )
    );
    world
        .update(&created.id, Some("*"), json!({"title": "c"}))
        .unwrap();
}

#[test]
fn fields_that_two_callers_change_at_once_both_stay() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "count": 1}));
    let other = format!(
        "UPDATE meta SET seq = seq + 1; UPDATE records SET version = (SELECT seq FROM meta), data = json_set(data, '$.count', 2) WHERE id = '{}'",
        created.id
    );
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(&other).unwrap()
    }));
    let updated = world
        .update(&created.id, None, json!({"title": "b"}))
        .unwrap();
    assert_eq!(
        (&fields(&updated)["title"], &fields(&updated)["count"]),
        (&json!("b"), &json!(2))
    );
    assert_eq!(world.get(&created.id).unwrap(), updated);
}

/// Merging separate edits relies on these versions.
#[test]
fn each_field_has_the_version_of_its_own_last_change() {
    let world = World::new();
    let made = world.thing(json!({"title": "a", "count": 1}));
    let versions = || -> Json {
        let row = world.store.run(&crate::ports::store::Statement::new(
            "SELECT field_versions, first_version FROM records",
            [],
        ));
        assert_eq!(row[0][1].as_i64(), Some(made.version));
        serde_json::from_str(row[0][0].as_str().unwrap()).unwrap()
    };
    assert_eq!(versions(), json!({}));
    let second = world.update(&made.id, None, json!({"title": "b", "count": 1}));
    let second = second.unwrap().version;
    assert_eq!(versions(), json!({"title": second}));
    let third = world.update(&made.id, None, json!({"count": null, "day": 5}));
    let third = third.unwrap().version;
    assert_eq!(
        versions(),
        json!({"title": second, "count": third, "day": third})
    );
    world.delete(&made.id).unwrap();
    assert_eq!(versions()["title"], json!(second));
}

#[test]
fn deletion_is_soft_and_restore_brings_back() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "code": "X"}));
    world.delete(&created.id).unwrap();
    assert_eq!(world.get(&created.id).unwrap_err().0, "NOT_FOUND");
    assert_eq!(world.delete(&created.id).unwrap_err().0, "NOT_FOUND");
    assert!(
        world
            .list(None, None, None, None, 50)
            .unwrap()
            .items
            .is_empty()
    );
    assert!(world.search("a", None, 50).items.is_empty());
    let restored = world.restore(&created.id).unwrap();
    assert_eq!(fields(&restored), fields(&created));
    assert_eq!(world.restore(&created.id).unwrap(), restored);
    world.delete(&created.id).unwrap();
    let other = world.thing(json!({"code": "x"}));
    assert_eq!(
        world.restore(&created.id).unwrap_err(),
        (
            "UNIQUE_VIOLATION".into(),
            json!({"field": "code", "existing": other.id})
        )
    );
    let kinds: Vec<String> = world
        .history(&created.id)
        .iter()
        .map(|entry| {
            serde_json::to_value(&entry.kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(kinds, ["delete", "restore", "delete", "create"]);
}

#[test]
fn a_unique_value_has_one_holder_however_it_is_written() {
    let world = World::new();
    let first = world.thing(json!({"code": "Ä-1"}));
    let violation = (
        "UNIQUE_VIOLATION".to_owned(),
        json!({"field": "code", "existing": first.id}),
    );
    assert_eq!(
        world
            .create("thing", None, json!({"code": " a\u{308}-1"}))
            .unwrap_err(),
        violation
    );
    let second = world.thing(json!({"code": "b"}));
    assert_eq!(
        world
            .update(&second.id, None, json!({"code": "ä-1"}))
            .unwrap_err(),
        violation
    );
    world
        .update(&first.id, None, json!({"code": "ä-1"}))
        .unwrap();
    world
        .update(&first.id, None, json!({"code": null}))
        .unwrap();
    world
        .update(&second.id, None, json!({"code": "Ä-1"}))
        .unwrap();
}

#[test]
fn a_unique_value_that_is_raced_has_one_winner() {
    let world = World::new();
    let winner = world.thing(json!({"title": "w"}));
    let take = format!(
        "UPDATE records SET data = json_set(data, '$.code', 'x') WHERE id = '{}'",
        winner.id
    );
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(&take).unwrap()
    }));
    assert_eq!(
        world
            .create("thing", None, json!({"code": "X"}))
            .unwrap_err(),
        (
            "UNIQUE_VIOLATION".into(),
            json!({"field": "code", "existing": winner.id})
        )
    );
}

#[test]
fn relations_point_to_records_that_are_there_and_of_their_type() {
    let world = World::new();
    let parent = world.thing(json!({"title": "p"}));
    let contact = world
        .create("contact", None, json!({"last_name": "c"}))
        .unwrap();
    world.thing(json!({"parent": parent.id, "friends": [parent.id]}));
    let rule = |fields: Json| {
        world.create("thing", None, fields).unwrap_err().1["errors"][0]["rule"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(rule(json!({"parent": contact.id})), "target");
    assert_eq!(rule(json!({"friends": [parent.id, id(5)]})), "relation");
    let delete = format!(
        "UPDATE records SET deleted_at = 1 WHERE id = '{}'",
        parent.id
    );
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(&delete).unwrap()
    }));
    assert_eq!(rule(json!({"parent": parent.id})), "relation");
}

#[test]
fn totals_follow_the_lines() {
    let world = World::new();
    let line = |quantity: i64, amount: i64| json!({"description": "d", "quantity": quantity, "unit_price": {"amount": amount, "currency": "GBP"}, "tax_ppm": 200_000});
    let created =
        world.thing(json!({"currency": "GBP", "lines": [line(1_500, 33), line(1_000, 100)]}));
    let total =
        |record: &types::Record<RawJson>| fields(record)["total"]["amount"].as_i64().unwrap();
    assert_eq!(
        (total(&created), &fields(&created)["balance"]),
        (180, &json!({"amount": 180, "currency": "GBP"}))
    );
    let updated = world
        .update(
            &created.id,
            None,
            json!({"discount": {"amount": 50, "currency": "GBP"}}),
        )
        .unwrap();
    assert_eq!(total(&updated), 120);
    assert!(
        world.history(&created.id)[0]
            .changes
            .contains_key("tax_total")
    );
    let (code, context) = world
        .update(
            &created.id,
            None,
            json!({"discount": {"amount": 50, "currency": "EUR"}}),
        )
        .unwrap_err();
    assert_eq!(
        (
            code.as_str(),
            context["errors"][0]["pointer"].as_str().unwrap()
        ),
        ("FIELD_INVALID", "/body/fields/discount/currency")
    );
}
