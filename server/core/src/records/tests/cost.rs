//! The cost of reads and writes: round trips, and the indexes that they use.

use super::*;
use crate::page::Place;

#[test]
fn a_read_is_one_round_trip_and_a_write_two_at_most_whatever_the_number_of_records() {
    let world = World::new();
    world.thing(json!({"title": "cold"}));
    // Definitions and roles were not remembered: one read for them, and one that found them missing.
    assert_eq!(world.store.trips(), (3, 1));
    let warm = world.thing(json!({"title": "warm", "code": "w"}));
    assert_eq!(world.store.trips(), (1, 1));
    // Nothing needs to be read. The commit proves what is remembered of the caller.
    world.thing(json!({"title": "on its own"}));
    assert_eq!(world.store.trips(), (0, 1));
    world.get(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    world
        .list(
            Some(json!({"field": "parent.title", "op": "eq", "value": "x"})),
            Some("-title"),
            None,
            None,
            50,
        )
        .unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    assert_eq!(world.count("thing"), 3);
    assert_eq!(world.store.trips(), (1, 0));
    world.search("warm", None, 50);
    assert_eq!(world.store.trips(), (1, 0));
    world.history(&warm.id);
    assert_eq!(world.store.trips(), (1, 0));
    world
        .update(
            &warm.id,
            None,
            json!({"title": "x", "parent": warm.id, "code": "v"}),
        )
        .unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.update(&warm.id, None, json!({"title": "x"})).unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    let many = (0..1000).map(|n| json!({"op": "create", "type": "thing", "fields": {"title": format!("t{n}"), "parent": warm.id, "code": format!("c{n}")}}));
    world
        .batch(types::BatchRequestMode::Atomic, many.collect())
        .unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.delete(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.restore(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 1));
}

#[test]
fn what_a_write_reads_it_finds_by_index() {
    let world = World::new();
    let plan = |sql: &str| {
        world.store.plan(&crate::ports::store::Statement::new(
            sql.to_owned(),
            ["[]".into()],
        ))
    };
    let thing = crate::testing::thing();
    let plain = &thing.field("code").unwrap().sql.plain;
    let unique = plan(&format!(
        "SELECT id FROM records WHERE type = 'thing' AND deleted_at IS NULL AND {plain} IN (SELECT value FROM json_each(?1))"
    ));
    assert!(unique.contains("u.thing.code (<expr>=?)"), "{unique}");
    let restore = plan(&format!(
        "SELECT r.id, o.id FROM records r JOIN records o ON {} = {} WHERE o.type = 'thing' AND o.deleted_at IS NULL AND o.id <> r.id AND r.id IN (SELECT value FROM json_each(?1))",
        crate::schema::index::Expressions::of("o", plain),
        crate::schema::index::Expressions::of("r", plain)
    ));
    assert!(restore.contains("u.thing.code (<expr>=?)"), "{restore}");
    let search = world.store.plan(
        &super::super::search::statement(
            "two words",
            &crate::access::visibility::Visible::ALL,
            None,
            &Place::After(9),
            50,
        )
        .unwrap(),
    );
    assert!(
        search.contains("SEARCH records USING INTEGER PRIMARY KEY (rowid=?)")
            && !search.contains("SCAN words"),
        "{search}"
    );
}
