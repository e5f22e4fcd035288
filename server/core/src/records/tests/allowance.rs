//! The bounds of one request: the work of its patterns, and the size of the failures in its answer.

use super::{unchanged::define, *};
use crate::{allowance::MOST_TOLD, ports::store::Statement, schema::pattern::Pattern};

#[test]
fn values_are_judged_once_however_often_the_write_is_tried() {
    let world = World::new();
    let pattern = "(?:judged-once|b)*";
    let definition = format!(r#"{{"pattern":"{pattern}"}}"#);
    define(&world, "title", &definition);
    let judged = || Pattern::judged(pattern, world.cx().caller.unwrap().tenant);
    let made = world.thing(json!({"title": "b"}));
    assert_eq!(judged(), Some(1));
    for count in 2..5 {
        // Another client changes the record between the read and the commit.
        let update = format!(
            "UPDATE records SET version = version + 1 WHERE id = '{}'",
            made.id
        );
        *world.store.before_commit.lock() = Some(Box::new(move |connection| {
            connection.execute_batch(&update).unwrap();
        }));
        world.store.trips();
        let title = "b".repeat(count);
        world
            .update(&made.id, None, json!({"title": title}))
            .unwrap();
        assert_eq!(world.store.trips().1, 2, "it was tried twice");
        assert_eq!(judged(), Some(count));
    }
}

#[test]
fn other_definitions_judge_the_values_of_the_same_write_anew() {
    let world = World::new();
    let made = world.thing(json!({"title": "a"}));
    *world.store.before_commit.lock() = Some(Box::new(|connection| {
        let sql = r#"UPDATE fields SET definition = json_patch(definition, '{"pattern":"a*"}') WHERE type = 'thing' AND name = 'title';
            UPDATE meta SET schema_rev = schema_rev + 1"#;
        connection.execute_batch(sql).unwrap();
    }));
    let (code, _) = world
        .update(&made.id, None, json!({"title": "b"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
}

/// Fields with the longest labels and patterns.
fn verbose(world: &World, fields: usize) {
    let pattern = format!("x{}", "\u{1F4A1}".repeat(499));
    let label = "\u{1F4A1}".repeat(100);
    for n in 0..fields {
        let definition = json!({"type": "text", "label": label, "pattern": pattern});
        world.store.run(&Statement::new(
            "INSERT INTO fields (type, name, version, definition, created_at, updated_at) VALUES ('thing', ?1, 1, ?2, 0, 0)",
            vec![format!("f{n}").into(), definition.to_string().into()],
        ));
    }
    world.store.run(&Statement::new(
        "UPDATE meta SET schema_rev = schema_rev + 1",
        [],
    ));
}

#[test]
fn refusals_of_a_batch_are_told_within_one_bound() {
    let (fields, operations) = (120, 300);
    for mode in [
        types::BatchRequestMode::PerItem,
        types::BatchRequestMode::Atomic,
    ] {
        let world = World::new();
        verbose(&world, fields);
        let values: serde_json::Map<String, Json> =
            (0..fields).map(|n| (format!("f{n}"), json!("a"))).collect();
        let operation = json!({"op": "create", "type": "thing", "fields": values});
        let outcome = world.batch(mode, vec![operation; operations]);
        let contexts: Vec<Json> = match outcome {
            Ok(results) => (results.into_iter())
                .map(|result| serde_json::to_value(result.error.unwrap().context).unwrap())
                .collect(),
            Err((code, context)) => {
                assert_eq!(code, "BATCH_REJECTED");
                let failures = context["failures"].as_array().unwrap();
                failures.iter().map(|one| one["context"].clone()).collect()
            }
        };
        assert_eq!(contexts.len(), operations);
        let listed = |context: &Json| context["errors"].as_array().unwrap().len();
        let mut told = 0;
        for context in &contexts {
            assert!(listed(context) >= 1);
            assert_eq!(
                listed(context) + context["more_errors"].as_u64().unwrap() as usize,
                fields
            );
            told += context["errors"].to_string().len();
        }
        assert_eq!(listed(&contexts[0]), 100);
        assert_eq!(listed(&contexts[operations - 1]), 1);
        let one = contexts[operations - 1]["errors"].to_string().len();
        let most = MOST_TOLD as usize + contexts.len() * one + 100_000;
        assert!(told < most, "{told} bytes");
    }
}

#[test]
fn a_request_that_is_tried_again_is_told_as_much() {
    let world = World::new();
    verbose(&world, 120);
    let values: serde_json::Map<String, Json> =
        (0..120).map(|n| (format!("f{n}"), json!("a"))).collect();
    let refused = json!({"op": "create", "type": "thing", "fields": values});
    let missing = json!({"op": "create", "type": "thing", "fields": {"friends": (0..20).map(id).collect::<Vec<_>>()}});
    let fine = json!({"op": "create", "type": "thing", "id": id(900), "fields": {"code": "a"}});
    let operations = || vec![refused.clone(), missing.clone(), fine.clone()];
    let listed = |world: &World| -> Vec<usize> {
        let results = world
            .batch(types::BatchRequestMode::PerItem, operations())
            .unwrap();
        let errors = results.into_iter().filter_map(|result| result.error);
        errors
            .map(|error| {
                let context = serde_json::to_value(error.context).unwrap();
                context["errors"].as_array().unwrap().len()
            })
            .collect()
    };
    *world.store.before_commit.lock() = Some(Box::new(|connection| {
        let sql = "UPDATE meta SET access_rev = access_rev + 1";
        connection.execute_batch(sql).unwrap();
    }));
    world.store.trips();
    let tried_twice = listed(&world);
    assert_eq!(world.store.trips().1, 2);
    assert_eq!(tried_twice, [100, 20]);
}
