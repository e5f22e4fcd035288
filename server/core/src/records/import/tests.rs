//! Imports of rows into a tenant in memory, and their dry runs.

use crm_runtime::JsonObject;
use serde_json::{Value as Json, json};

use super::{Imported, InMemory, Rehearsed, Row, import, rehearse};
use crate::{
    records::{id::mint, refusals::ItemCode, tests::fields, write::Effect},
    refusal::Refusal,
    testing::{World, id, ready, thing},
};

fn object(value: Json) -> JsonObject {
    value.as_object().unwrap().clone()
}

fn bring(
    world: &World,
    rows: impl IntoIterator<Item = (String, JsonObject)>,
) -> Vec<Result<Imported, Refusal<ItemCode>>> {
    let rows = rows.into_iter().map(|(id, fields)| Row { id, fields });
    let cx = world.cx();
    let done = import(&world.core.work, &cx, "thing", "code", rows.collect());
    ready(done).unwrap()
}

fn rehearsed(world: &World, rows: &[(String, Json)]) -> Vec<Rehearsed> {
    rehearsed_by(world, rows, rows.len())
}

/// Rehearses the rows in batches of this size.
fn rehearsed_by(world: &World, rows: &[(String, Json)], batch: usize) -> Vec<Rehearsed> {
    let rows: Vec<Row> = rows
        .iter()
        .map(|(id, fields)| Row {
            id: id.clone(),
            fields: object(fields.clone()),
        })
        .collect();
    let (cx, thing) = (world.cx(), thing());
    let mut seen = InMemory::default();
    let mut all = Vec::new();
    for rows in rows.chunks(batch) {
        let done = rehearse(&world.core.work, &cx, &thing, rows, &mut seen);
        all.extend(ready(done).unwrap());
    }
    all
}

/// For each row, the ids of the records or rows that have its code.
fn holders(rehearsed: &[Rehearsed]) -> Vec<Option<&str>> {
    let one = |row: &Rehearsed| {
        assert!(row.taken.iter().all(|taken| taken.field == "code"));
        assert!(row.taken.len() <= 1);
    };
    rehearsed.iter().for_each(one);
    let by = rehearsed
        .iter()
        .map(|row| row.taken.first().map(|taken| taken.by.as_str()));
    by.collect()
}

#[test]
fn a_second_import_changes_nothing_and_a_refused_row_refuses_all() {
    let world = World::new();
    let rows = |titles: &[(&str, &str)]| {
        let row = |(code, title): &(&str, &str)| {
            json!({"code": code, "title": title, "state": "open", "serial": 40})
                .as_object()
                .unwrap()
                .clone()
        };
        titles.iter().map(row).collect::<Vec<_>>()
    };
    let import = |rows: Vec<crm_runtime::JsonObject>| {
        let ids = mint(world.cx().now, &*world.core.work.ports.random, rows.len());
        bring(&world, ids.into_iter().zip(rows))
    };
    let effects = |rows| {
        import(rows)
            .into_iter()
            .map(|outcome| {
                outcome
                    .map(|done| done.effect)
                    .map_err(|refusal| refusal.problem().code())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        effects(rows(&[("a", "1"), ("b", "2"), ("A", "3")])),
        [
            Ok(Effect::Created),
            Ok(Effect::Created),
            Ok(Effect::Updated)
        ]
    );
    assert_eq!(
        effects(rows(&[("A", "3"), ("b", "2")])),
        [Ok(Effect::Unchanged), Ok(Effect::Unchanged)]
    );
    world.store.trips();
    assert_eq!(
        effects(rows(&[("a", "4"), ("b", "2"), ("c", "5")])),
        [
            Ok(Effect::Updated),
            Ok(Effect::Unchanged),
            Ok(Effect::Created)
        ]
    );
    assert_eq!(world.store.trips(), (1, 1));
    let mut bad = rows(&[("d", "6"), ("e", "7")]);
    bad[1].insert("count".into(), "x".into());
    let outcomes = import(bad);
    assert!(outcomes[0].is_ok());
    let refusal = outcomes[1].as_ref().unwrap_err();
    assert_eq!(
        refusal.problem().context()["errors"][0]["pointer"],
        "/rows/1/fields/count"
    );
    let listed = world
        .list(None, Some("code"), None, None, 50)
        .unwrap()
        .items;
    assert_eq!(
        listed
            .iter()
            .map(|record| fields(record)["title"].clone())
            .collect::<Vec<_>>(),
        ["4", "2", "5"]
    );
    assert_eq!(fields(&listed[0])["serial"], 40);
}

#[test]
fn a_rehearsal_finds_who_has_a_unique_value() {
    let world = World::new();
    let a = world.thing(json!({"code": "a"})).id;
    let b = world.thing(json!({"code": "b"})).id;
    world.store.trips();
    let rows = [
        (
            id(1),
            json!({"code": "A", "title": "the tenant's, however it is written"}),
        ),
        (id(2), json!({"code": "new"})),
        (id(3), json!({"code": "New", "title": "an earlier row's"})),
        (a.clone(), json!({"code": "a", "title": "its own"})),
        (b.clone(), json!({"code": "c"})),
        (
            id(4),
            json!({"code": "b", "title": "let go by an earlier row"}),
        ),
        (id(5), json!({"code": "c"})),
        (id(6), json!({"title": "none"})),
    ];
    let found = rehearsed(&world, &rows);
    let (two, held) = (id(2), &*b);
    assert_eq!(
        holders(&found),
        [
            Some(&*a),
            None,
            Some(&*two),
            None,
            None,
            None,
            Some(held),
            None
        ]
    );
    assert_eq!(world.store.trips(), (1, 0));
    assert!(found.iter().all(|row| row.data.is_ok()));
}

#[test]
fn a_rehearsal_remembers_across_batches() {
    let world = World::new();
    let old = world.thing(json!({"code": "old"})).id;
    let mut rows = vec![(old.clone(), json!({"code": "0"}))];
    rows.extend((1..600).map(|n| (id(n), json!({"code": n.to_string()}))));
    rows.extend([
        (id(700), json!({"code": "old"})),
        (id(701), json!({"code": "0"})),
        (id(702), json!({"code": "1"})),
    ]);
    let found = rehearsed_by(&world, &rows, 500);
    assert_eq!(holders(&found)[600..], [None, Some(&*old), Some(&*id(1))]);
    assert!(holders(&found)[..600].iter().all(Option::is_none));
}

#[test]
fn a_rehearsal_judges_what_the_record_would_be() {
    let world = World::new();
    let lines = json!([{"description": "x", "quantity": 1000, "unit_price": {"amount": 500, "currency": "GBP"}}]);
    let there = world.thing(json!({"lines": lines, "currency": "GBP"})).id;
    let money = |amount: i64| json!({"amount": amount, "currency": "GBP"});
    let rows = [
        (there.clone(), json!({"title": "x", "discount": money(100)})),
        (there.clone(), json!({"discount": money(501)})),
        (id(1), json!({"lines": lines, "balance": money(200)})),
        (id(2), json!({"lines": lines, "balance": money(501)})),
        (id(3), json!({"count": "many", "nothing": 1})),
        (id(4), json!({"serial": -1})),
    ];
    let found = rehearsed(&world, &rows);
    let wrong = |row: &Rehearsed| {
        let refusal = row.data.as_ref().unwrap_err();
        let errors = refusal.problem().context()["errors"]
            .as_array()
            .unwrap()
            .clone();
        let pointers = errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned());
        pointers.collect::<Vec<_>>()
    };
    let data = |row: &Rehearsed| row.data.as_ref().unwrap().clone();
    assert_eq!(data(&found[0])["total"], money(400));
    assert_eq!(data(&found[0])["balance"], money(400));
    assert_eq!(wrong(&found[1]), ["/fields/discount"]);
    assert_eq!(data(&found[2])["balance"], money(200));
    assert_eq!(wrong(&found[3]), ["/fields/balance"]);
    assert_eq!(wrong(&found[4]), ["/fields/count", "/fields/nothing"]);
    assert_eq!(wrong(&found[5]), ["/fields/serial"]);
    // The import has the results that the rehearsal predicted.
    for ((id, row), rehearsed) in rows.into_iter().zip(&found).skip(2) {
        let mut row = object(row);
        row.insert("code".into(), id.clone().into());
        assert_eq!(
            bring(&world, [(id, row)])[0].is_ok(),
            rehearsed.data.is_ok()
        );
    }
}

#[test]
fn a_number_that_an_import_states_is_never_given_again() {
    let world = World::new();
    let serial = |record: &Json| record["serial"].as_i64().unwrap();
    assert_eq!(serial(&fields(&world.thing(json!({})))), 1);
    // Stated and counted numbers in one batch: the counted ones are higher than all stated ones.
    let rows = [
        (id(1), json!({"code": "a"})),
        (id(2), json!({"code": "b", "serial": 40})),
        (id(3), json!({"code": "c", "serial": 7})),
        (id(4), json!({"code": "d"})),
    ];
    let rows = rows.map(|(id, fields)| (id, object(fields)));
    assert!(bring(&world, rows).iter().all(Result::is_ok));
    let of = |n: usize| serial(&fields(&world.get(&id(n)).unwrap()));
    assert_eq!([1, 2, 3, 4].map(of), [41, 40, 7, 42]);
    assert_eq!(serial(&fields(&world.thing(json!({})))), 43);
    // A lower number does not move the counter; a stated number in an update does.
    let again = [
        (id(3), json!({"code": "c", "serial": 9})),
        (id(4), json!({"code": "d", "serial": 100})),
    ];
    let again = again.map(|(id, fields)| (id, object(fields)));
    assert!(bring(&world, again).iter().all(Result::is_ok));
    assert_eq!(serial(&fields(&world.thing(json!({})))), 101);
}
