//! Unique values within one commit are checked against the state after all operations, whatever their order.

use proptest::prelude::*;

use super::*;
use crate::records::tests::types::BatchRequestMode::{Atomic, PerItem};

fn set(n: usize, code: Option<&str>) -> Json {
    json!({"op": "update", "type": "thing", "id": id(n), "fields": {"code": code}})
}

fn create(n: usize, code: &str) -> Json {
    json!({"op": "create", "type": "thing", "id": id(n), "fields": {"code": code}})
}

fn delete(n: usize) -> Json {
    json!({"op": "delete", "type": "thing", "id": id(n)})
}

fn restore(n: usize) -> Json {
    json!({"op": "restore", "type": "thing", "id": id(n)})
}

/// Records 1, 2 and so on with these codes.
fn world(codes: &[&str]) -> World {
    let world = World::new();
    for (n, code) in codes.iter().enumerate() {
        let fields = json!({"code": code, "title": format!("t{}", n + 1)});
        world.create("thing", Some(id(n + 1)), fields).unwrap();
    }
    world
}

fn code(world: &World, n: usize) -> Json {
    world
        .get(&id(n))
        .map_or(Json::Null, |record| fields(&record)["code"].clone())
}

fn statuses(world: &World, mode: types::BatchRequestMode, operations: &[Json]) -> Vec<i64> {
    let results = world.batch(mode, operations.to_vec()).unwrap();
    results.iter().map(|result| result.status).collect()
}

#[test]
fn records_exchange_their_values_in_one_batch() {
    let ways: [&[Json]; 6] = [
        &[set(1, Some("b")), set(2, Some("a"))],
        &[set(1, Some("z")), set(2, Some("a")), set(1, Some("b"))],
        &[set(1, None), set(2, Some("a")), set(1, Some("b"))],
        &[
            set(2, None),
            set(1, Some("B")),
            set(2, Some("A")),
            set(3, Some("d")),
        ],
        &[set(2, Some("a")), set(1, Some("c")), set(3, Some("b"))],
        &[set(3, Some("a")), set(1, Some("b")), set(2, Some("c"))],
    ];
    let ends = [
        ["b", "a", "c"],
        ["b", "a", "c"],
        ["b", "a", "c"],
        ["B", "A", "d"],
        ["c", "a", "b"],
        ["b", "c", "a"],
    ];
    for mode in [Atomic, PerItem] {
        for (way, end) in ways.iter().zip(ends) {
            let world = world(&["a", "b", "c"]);
            world.store.trips();
            let all = statuses(&world, mode, way);
            assert!(all.iter().all(|status| *status == 200), "{way:?}: {all:?}");
            assert_eq!(world.store.trips(), (1, 1));
            assert_eq!([1, 2, 3].map(|n| code(&world, n)), end.map(Json::from));
            let deleted = world.store.run(&crate::ports::store::Statement::new(
                "SELECT 1 FROM records WHERE deleted_at IS NOT NULL",
                [],
            ));
            assert_eq!(deleted, Vec::<Vec<_>>::new());
        }
    }
}

#[test]
fn what_a_delete_frees_is_taken_in_the_same_batch_and_given_back_by_a_restore() {
    for mode in [Atomic, PerItem] {
        let world = world(&["a", "b"]);
        assert_eq!(
            statuses(&world, mode, &[delete(1), create(3, "a")]),
            [204, 201]
        );
        // The same in the reverse order.
        assert_eq!(
            statuses(&world, mode, &[create(4, "b"), delete(2)]),
            [201, 204]
        );
        // The current holder gives the value up for the record that is restored.
        assert_eq!(
            statuses(&world, mode, &[restore(1), set(3, Some("c"))]),
            [200, 200]
        );
        assert_eq!(statuses(&world, mode, &[delete(4), restore(2)]), [204, 200]);
        assert_eq!(
            [1, 2, 3, 4].map(|n| code(&world, n)),
            [json!("a"), json!("b"), json!("c"), Json::Null]
        );
    }
}

#[test]
fn a_value_that_stays_another_s_refuses_its_own_operation_alone() {
    let world = world(&["a", "b", "c"]);
    let operations = [
        set(1, Some("b")),
        json!({"op": "update", "type": "thing", "id": id(2), "fields": {"title": "x"}}),
        set(3, Some("d")),
        create(4, "c"),
        create(5, "d"),
    ];
    let results = world.batch(PerItem, operations.to_vec()).unwrap();
    let status: Vec<i64> = results.iter().map(|result| result.status).collect();
    assert_eq!(status, [409, 200, 200, 201, 409]);
    let error = |n: usize| {
        let error = serde_json::to_value(results[n].error.as_ref().unwrap()).unwrap();
        (error["code"].clone(), error["context"]["existing"].clone())
    };
    assert_eq!(error(0), (json!("UNIQUE_VIOLATION"), json!(id(2))));
    assert_eq!(error(4), (json!("UNIQUE_VIOLATION"), json!(id(3))));
    let (code, context) = world.batch(Atomic, operations.to_vec()).unwrap_err();
    assert_eq!(code, "BATCH_REJECTED");
    let failed: Vec<&Json> = context["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| &failure["index"])
        .collect();
    assert_eq!(failed, [0, 4]);
}

#[test]
fn a_chain_that_ends_at_a_value_of_another_is_refused_as_far_as_it_hangs_on_it() {
    const LONG: usize = 300;
    let codes: Vec<String> = (1..=LONG + 1).map(|n| format!("k{n}")).collect();
    let world = world(&codes.iter().map(String::as_str).collect::<Vec<_>>());
    // Each record takes the next record's value. The last record keeps its own, so there is a conflict.
    let mut operations: Vec<Json> = (1..=LONG)
        .map(|n| set(n, Some(&format!("k{}", n + 1))))
        .collect();
    operations
        .push(json!({"op": "update", "type": "thing", "id": id(7), "fields": {"title": "x"}}));
    world.store.trips();
    let results = statuses(&world, PerItem, &operations);
    assert!(results[..LONG].iter().all(|status| *status == 409));
    assert_eq!(results[LONG], 200);
    assert_eq!(world.store.trips(), (1, 1));
    // When the last record changes too, all operations succeed.
    operations.push(set(LONG + 1, Some("k1")));
    assert!(
        statuses(&world, PerItem, &operations)
            .iter()
            .all(|status| *status == 200)
    );
}

#[test]
fn a_record_that_was_refused_is_not_pointed_to() {
    let world = world(&["a"]);
    let operations = [
        create(2, "a"),
        json!({"op": "create", "type": "thing", "id": id(3), "fields": {"parent": id(2)}}),
    ];
    assert_eq!(statuses(&world, PerItem, &operations), [409, 422]);
    let operations = [&operations[..], &[set(1, Some("b"))]].concat();
    assert_eq!(statuses(&world, PerItem, &operations), [201, 201, 200]);
}

#[test]
fn a_constraint_that_nobody_raced_for_is_a_fault_and_not_a_busy_tenant() {
    let world = world(&["a"]);
    // A unique index that the program does not know.
    world.store.run(&crate::ports::store::Statement::new(
        "CREATE UNIQUE INDEX \"u.thing.title\" ON records (data ->> '$.title') WHERE type = 'thing'",
        [],
    ));
    world.store.trips();
    let (code, _) = world
        .create("thing", None, json!({"title": "t1", "code": "b"}))
        .unwrap_err();
    assert_eq!(code, "INTERNAL");
    assert!(world.store.trips().1 <= 2);
}

/// An operation on a record of the model.
#[derive(Clone, Debug)]
enum Step {
    Set(usize, Option<usize>),
    Delete(usize),
    Restore(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1usize..6, prop::option::weighted(0.8, 0usize..6)).prop_map(|(n, code)| Step::Set(n, code)),
        1 => (1usize..6).prop_map(Step::Delete),
        1 => (1usize..6).prop_map(Step::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_atomic_batch_is_refused_exactly_if_two_hold_one_value_in_the_end(steps in prop::collection::vec(step(), 1..10)) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let world = world(&names[..5]);
        let mut codes: Vec<Option<usize>> = (0..5).map(Some).collect();
        let mut live = [true; 5];
        let mut lost = false;
        for step in &steps {
            match step {
                Step::Set(n, code) if live[n - 1] => codes[n - 1] = *code,
                Step::Delete(n) if live[n - 1] => live[n - 1] = false,
                Step::Restore(n) => live[n - 1] = true,
                _ => lost = true,
            }
        }
        let held: Vec<usize> = (0..5).filter(|n| live[*n]).filter_map(|n| codes[n]).collect();
        let distinct: std::collections::BTreeSet<&usize> = held.iter().collect();
        let operations = steps.iter().map(|step| match step {
            Step::Set(n, code) => set(*n, code.map(|code| names[code])),
            Step::Delete(n) => delete(*n),
            Step::Restore(n) => restore(*n),
        });
        let operations: Vec<Json> = operations.collect();
        let done = world.batch(Atomic, operations.clone());
        prop_assert_eq!(done.is_ok(), !lost && distinct.len() == held.len(), "{:?}", done);
        if done.is_ok() {
            for n in 0..5 {
                let expected = codes[n].filter(|_| live[n]).map_or(Json::Null, |code| names[code].into());
                prop_assert_eq!(code(&world, n + 1), expected);
            }
        } else {
            // Each operation stands alone: a refused one changes nothing, and the others take effect.
            let results = statuses(&world, PerItem, &operations);
            prop_assert!(results.iter().all(|status| [200, 204, 404, 409].contains(status)), "{:?}", results);
            if distinct.len() != held.len() && !lost {
                prop_assert!(results.contains(&409));
            }
        }
    }
}
