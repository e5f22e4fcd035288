//! A write stores the slot values that SQL computes from the JSON. The assignment of slots does not change.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    ports::store::Statement,
    records::row,
    schema::{Definition, Kind, built_in},
    testing::{self, Memory, World},
};

/// A type with an indexed field of every kind that can be indexed.
fn every_kind() -> ObjectType {
    let mut fields = IndexMap::new();
    for kind in Kind::ALL {
        if kind.order() == Order::None || kind == Kind::AutoNumber {
            continue;
        }
        let definition: Definition =
            serde_json::from_value(json!({"type": kind.name(), "label": "x"})).unwrap();
        let slot = u8::try_from(fields.len()).unwrap();
        let field = Field::new(kind.name(), definition, false).in_slot(Some(slot));
        fields.insert(kind.name().to_owned(), Arc::new(field));
    }
    ObjectType {
        name: "every".into(),
        fields,
        ..ObjectType::clone(&testing::thing())
    }
}

fn data() -> impl Strategy<Value = Map<String, Json>> {
    let text = prop_oneof!["[a-cA-C]{0,3}", "\\PC{0,8}", "[ÁéSs]{98,103}", "[0-9]{1,5}"];
    let number = prop_oneof![-3i64..3, -(1i64 << 53) + 1..(1 << 53)];
    prop::collection::vec(prop::option::of((text, number, any::<bool>())), 24).prop_map(|values| {
        let mut data = Map::new();
        for (kind, value) in Kind::ALL.into_iter().zip(values) {
            let Some((text, number, flag)) = value else {
                continue;
            };
            let value = match kind.order() {
                _ if kind == Kind::Boolean => flag.into(),
                Order::Number => number.into(),
                Order::Money => json!({"amount": number, "currency": "GBP"}),
                _ => text.into(),
            };
            data.insert(kind.name().to_owned(), value);
        }
        data
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_write_puts_into_the_slots_what_sql_computes(data in data()) {
        static STORE: LazyLock<Memory> = LazyLock::new(|| Memory::new(&[]));
        let object_type = every_kind();
        STORE.connection.lock().execute_batch("DELETE FROM records").unwrap();
        STORE.run(&Statement::new(
            "INSERT INTO records (id, type, version, data, keys, first_version, content_hash, created_at, updated_at, created_by, updated_by) VALUES ('a', 'every', 1, ?1, ?2, 1, '', 0, 0, '', '')",
            [Json::Object(data.clone()).to_string().into(), row::keys(&object_type, &data).into()],
        ));
        STORE.run(&Statement::new(fill(&object_type).unwrap(), []));
        let values = values(&object_type, &data);
        let columns: Vec<String> = (0..values.len()).map(|slot| column(slot as u8)).collect();
        let filled = STORE.run(&Statement::new(format!("SELECT {} FROM records", columns.join(", ")), []));
        prop_assert_eq!(&filled[0], &values);
    }
}

#[test]
fn the_program_s_own_fields_keep_their_slots() {
    // A new or different slot for a stored field means that all records must be filled again. A host does that when
    // `index_statements` changes, and it takes minutes for a large tenant, so such a change must be intended.
    let lines: Vec<String> = built_in::types()
        .unwrap()
        .iter()
        .map(|object_type| {
            let mut slots: Vec<(u8, &str)> = object_type
                .fields
                .values()
                .filter_map(|field| Some((field.slot?, field.name.as_str())))
                .collect();
            slots.sort_unstable();
            let slots: Vec<String> = slots
                .iter()
                .map(|(slot, name)| format!("{slot} {name}"))
                .collect();
            format!("{}: {}", object_type.name, slots.join(", "))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "contact: 0 last_name, 1 first_name, 2 kind, 3 company_name, 4 parent, 5 account_manager",
            "property: 0 contact, 1 name",
            "request: 0 status, 1 preferred_at, 2 source, 3 contact, 4 property, 5 assignee",
            "price_item: 0 name, 1 kind, 2 tax_rate, 3 active",
            "tax_rate: ",
            "quote: 0 status, 1 valid_until, 2 contact, 3 property, 4 request, 5 total",
            "job: 0 status, 1 scheduled_at, 2 assignee, 3 priority, 4 contact, 5 property, 6 request, 7 quote, 8 total",
            "visit: 0 assignee, 1 starts_at, 2 status, 3 job, 4 contact, 5 property",
            "invoice: 0 status, 1 due_on, 2 contact, 3 issued_on, 4 property, 5 job, 6 quote, 7 total, 8 balance",
            "payment: 0 contact, 1 received_at, 2 invoice, 3 status, 4 method",
            "credit_note: 0 contact, 1 invoice, 2 total",
            "message: 0 contact, 1 sent_at, 2 job, 3 direction, 4 channel, 5 author",
            "note: 0 contact, 1 property, 2 request, 3 job, 4 visit",
            "time_entry: 0 user, 1 started_at, 2 job, 3 visit, 4 kind",
        ]
    );
}

fn stored(world: &World, columns: &str) -> Vec<Vec<Value>> {
    world.store.run(&Statement::new(
        format!("SELECT {columns} FROM records WHERE type = 'thing' ORDER BY num"),
        [],
    ))
}

#[test]
fn a_record_s_slots_follow_its_fields() {
    let world = World::new();
    let made = world.thing(json!({"title": "É", "count": 3}));
    let now = |n: i64, title: &str| -> Vec<Vec<Value>> {
        vec![vec![
            "new".into(),
            AFTER_ALL_NUMBERS.into(),
            title.into(),
            n.into(),
            Value::Null,
        ]]
    };
    let columns = "key_0, key_1, key_2, key_3, key_11";
    assert_eq!(stored(&world, columns), now(3, "e"));
    world
        .update(&made.id, None, json!({"count": null, "title": "Ø"}))
        .unwrap();
    assert_eq!(stored(&world, columns), now(AFTER_ALL_NUMBERS, "ø"));
}

#[test]
fn an_update_sets_the_columns_that_changed_alone() {
    let world = World::new();
    let made = world.thing(json!({"title": "a"}));
    // Setting a column updates every index over it.
    let guard = "CREATE TRIGGER t BEFORE UPDATE OF key_0, key_1, key_2, keys, deleted_at, type, first_version, created_at ON records BEGIN SELECT RAISE(ABORT, 'set'); END";
    world.store.connection.lock().execute_batch(guard).unwrap();
    world
        .update(&made.id, None, json!({"count": 4, "body": null}))
        .unwrap();
    assert!(world.update(&made.id, None, json!({"title": "b"})).is_err());
}
