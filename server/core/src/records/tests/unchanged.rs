//! A value that is sent back as stored is no change, so later definitions do not check it.

use super::*;

pub(super) fn define(world: &World, field: &str, change: &str) {
    world.store.run(&crate::ports::store::Statement::new(
        format!(
            "UPDATE fields SET definition = json_patch(definition, '{change}') WHERE type = 'thing' AND name = '{field}'"
        ),
        [],
    ));
    world.store.run(&crate::ports::store::Statement::new(
        "UPDATE meta SET schema_rev = schema_rev + 1",
        [],
    ));
}

/// A field, its value, the later definition, and another value that this definition refuses.
fn cases() -> Vec<(&'static str, Json, &'static str, Json)> {
    let line = |quantity: i64| json!([{"description": "d", "quantity": quantity, "unit_price": {"amount": 1, "currency": "GBP"}}]);
    vec![
        (
            "status",
            json!("done"),
            r#"{"options":[{"value":"new","label":"New"}]}"#,
            json!("odd"),
        ),
        (
            "tags",
            json!(["a", "b"]),
            r#"{"max_length":1}"#,
            json!(["b", "a"]),
        ),
        (
            "title",
            json!("long enough"),
            r#"{"max_length":3}"#,
            json!("longer"),
        ),
        (
            "body",
            json!("two\nlines"),
            r#"{"pattern":"x*"}"#,
            json!("y"),
        ),
        (
            "code",
            json!("C-1"),
            r#"{"pattern":"[0-9]+"}"#,
            json!("C-2"),
        ),
        ("count", json!(7), r#"{"max":5}"#, json!(8)),
        ("ratio", json!(7), r#"{"min":50}"#, json!(8)),
        ("day", json!(100), r#"{"min":200}"#, json!(101)),
        ("at", json!(100), r#"{"min":200}"#, json!(101)),
        ("span", json!(100), r#"{"min":200}"#, json!(101)),
        ("stars", json!(5), r#"{"max":3}"#, json!(4)),
        (
            "price",
            json!({"amount": 7, "currency": "GBP"}),
            r#"{"max":5}"#,
            json!({"amount": 8, "currency": "GBP"}),
        ),
        (
            "email",
            json!("a@example.org"),
            r#"{"max_length":5}"#,
            json!("b@example.org"),
        ),
        (
            "phone",
            json!("+441632960147"),
            r#"{"pattern":"x"}"#,
            json!("+441632960148"),
        ),
        (
            "web",
            json!("https://a.example/x"),
            r#"{"max_length":5}"#,
            json!("https://a.example/y"),
        ),
        (
            "friends",
            json!([id(900), id(901)]),
            r#"{"max_length":1}"#,
            json!([id(901), id(900)]),
        ),
        ("lines", line(1000), r#"{"max_length":0}"#, line(2000)),
    ]
}

#[test]
fn a_value_sent_back_as_it_is_stored_is_not_judged_anew() {
    for (field, value, change, other) in cases() {
        let world = World::new();
        for n in [900, 901] {
            world.create("thing", Some(id(n)), json!({})).unwrap();
        }
        let made = world.thing(json!({"currency": "GBP", "title": "t", (field): value}));
        define(&world, field, change);
        let stored = fields(&world.get(&made.id).unwrap())[field].clone();
        assert_eq!(stored, value);
        let same = world
            .update(&made.id, None, json!({(field): value}))
            .unwrap_or_else(|error| panic!("{field}: {error:?}"));
        assert_eq!(same.version, made.version, "{field}");
        let beside = world
            .update(&made.id, None, json!({"flag": false, (field): value}))
            .unwrap_or_else(|error| panic!("{field}: {error:?}"));
        assert_eq!(fields(&beside)["flag"], false);
        assert_eq!(world.history(&made.id)[0].changes.len(), 1, "{field}");
        let batch = |value: &Json| {
            let update = json!({"op": "update", "type": "thing", "id": made.id, "fields": {"flag": true, (field): value}});
            world
                .batch(types::BatchRequestMode::PerItem, vec![update])
                .unwrap()[0]
                .status
        };
        assert_eq!(batch(&value), 200, "{field}");
        // Any other value is checked, also one of another kind, and so are the values of a new record.
        for other in [&other, &json!({"odd": 1})] {
            let (code, _) = world
                .update(&made.id, None, json!({(field): other}))
                .unwrap_err();
            assert_eq!(code, "FIELD_INVALID", "{field}");
        }
        assert_eq!(batch(&other), 422, "{field}");
        let (code, _) = world
            .create("thing", None, json!({(field): value}))
            .unwrap_err();
        assert_eq!(code, "FIELD_INVALID", "{field}");
    }
}

#[test]
fn another_spelling_of_what_is_stored_is_no_change_either() {
    for (field, stored, change, spellings) in [
        (
            "status",
            json!("done"),
            r#"{"options":[{"value":"new","label":"New"}]}"#,
            vec![json!(" done"), json!("done\u{3000}")],
        ),
        (
            "tags",
            json!(["caf\u{e9}", "a@b.example"]),
            r#"{"options":[{"value":"new","label":"New"}]}"#,
            vec![
                json!([" cafe\u{301} ", "a@B.example"]),
                json!(["caf\u{e9}", "a@b.example", "A@b.example"]),
            ],
        ),
        (
            "title",
            json!("caf\u{e9}"),
            r#"{"max_length":3}"#,
            vec![json!(" cafe\u{301} ")],
        ),
        (
            "body",
            json!(" caf\u{e9}\n"),
            r#"{"pattern":"x"}"#,
            vec![json!(" cafe\u{301}\n")],
        ),
        (
            "email",
            json!("Ada@b.example"),
            r#"{"pattern":"x"}"#,
            vec![json!(" Ada@B.Example ")],
        ),
        (
            "phone",
            json!("+441632960147"),
            r#"{"pattern":"x"}"#,
            vec![json!("+44 (1632) 960-147")],
        ),
        (
            "price",
            json!({"amount": 7, "currency": "GBP"}),
            r#"{"max":5}"#,
            vec![json!({"amount": 7.0, "currency": " GBP "})],
        ),
        ("state", json!("draft"), "{}", vec![json!(" draft")]),
        (
            "count",
            Json::Null,
            r#"{"server_owned":true}"#,
            vec![json!(null)],
        ),
        (
            "title",
            Json::Null,
            r#"{"server_owned":true}"#,
            vec![json!("  ")],
        ),
    ] {
        let world = World::new();
        let values = match field {
            "state" => json!({}),
            _ => json!({(field): stored}),
        };
        let made = world.thing(values);
        define(&world, field, change);
        for spelling in spellings {
            let same = world.update(&made.id, None, json!({(field): spelling}));
            let same = same.unwrap_or_else(|error| panic!("{field} {spelling}: {error:?}"));
            assert_eq!(same.version, made.version, "{field} {spelling}");
            let held = fields(&same).get(field).cloned().unwrap_or_default();
            assert_eq!(held, stored, "{field} {spelling}");
        }
    }
    // If case is part of a value, a different case is a change.
    let world = World::new();
    let made = world.thing(json!({"title": "long"}));
    define(&world, "title", r#"{"max_length":3}"#);
    let (code, _) = world
        .update(&made.id, None, json!({"title": "Long"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
}

#[test]
fn what_is_wrong_is_told_without_what_is_unchanged() {
    let world = World::new();
    let made = world.thing(json!({"title": "long enough", "count": 7}));
    define(&world, "title", r#"{"max_length":3}"#);
    let sent = json!({"title": "long enough", "count": "x"});
    let (code, context) = world.update(&made.id, None, sent.clone()).unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
    assert_eq!(context["errors"].as_array().unwrap().len(), 1);
    assert_eq!(context["errors"][0]["pointer"], "/body/fields/count");
    // For a record that does not exist, the answer lists only the failures of the values.
    let (code, _) = world.update(&id(77), None, sent).unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
}

#[test]
fn a_field_that_is_required_later_refuses_no_change_elsewhere() {
    let world = World::new();
    let made = world.thing(json!({"title": "a"}));
    define(&world, "count", r#"{"required":true}"#);
    world.update(&made.id, None, json!({"title": "b"})).unwrap();
    // The field was empty and stays empty.
    world
        .update(&made.id, None, json!({"title": "c", "count": null}))
        .unwrap();
    world.update(&made.id, None, json!({"count": 1})).unwrap();
    let (code, _) = world
        .update(&made.id, None, json!({"count": null}))
        .unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
    assert_eq!(
        world.create("thing", None, json!({})).unwrap_err().0,
        "FIELD_INVALID"
    );
}

#[test]
fn a_whole_record_is_sent_back_as_it_was_read() {
    let world = World::new();
    let made = world.thing(json!({"title": "a", "tags": ["x"], "lines": [], "place": {"latitude": 1, "longitude": -2.5}}));
    let read = fields(&world.get(&made.id).unwrap());
    let same = world.update(&made.id, None, read.clone()).unwrap();
    assert_eq!(same.version, made.version);
    let mut changed = read;
    changed["title"] = json!("b");
    let updated = world.update(&made.id, None, changed.clone()).unwrap();
    assert_eq!(fields(&updated), changed);
    // A value that only the server sets is refused once it differs.
    for (field, value) in [("serial", json!(9)), ("state", json!("open"))] {
        let (code, _) = world
            .update(&made.id, None, json!({(field): value}))
            .unwrap_err();
        assert_eq!(code, "FIELD_SERVER_OWNED");
    }
}

#[test]
fn the_same_create_again_is_not_judged_anew() {
    let world = World::new();
    let create = || world.create("thing", Some(id(1)), json!({"title": "long enough"}));
    let first = create().unwrap();
    define(&world, "title", r#"{"max_length":3}"#);
    let again = create().unwrap();
    assert_eq!(
        (again.version, fields(&again)),
        (first.version, fields(&first))
    );
}

#[test]
fn an_import_brings_the_same_rows_again() {
    let world = World::new();
    let made = world.thing(json!({"code": "a", "status": "done"}));
    define(
        &world,
        "status",
        r#"{"options":[{"value":"new","label":"New"}]}"#,
    );
    let rows = || {
        let fields = json!({"code": "a", "status": "done", "title": "t"});
        vec![crate::records::import::Row {
            id: made.id.clone(),
            fields: fields.as_object().unwrap().clone(),
        }]
    };
    let (cx, object_type) = (world.cx(), crate::testing::thing());
    let later = {
        let mut status = crate::schema::Field::clone(object_type.field("status").unwrap());
        status.definition.options.truncate(1);
        let mut later = crate::schema::ObjectType::clone(&object_type);
        later
            .fields
            .insert("status".into(), std::sync::Arc::new(status));
        later
    };
    let rehearsed = ready(crate::records::import::rehearse(
        &world.core.work,
        &cx,
        &later,
        &rows(),
        &mut crate::records::import::InMemory::default(),
    ));
    assert!(rehearsed.unwrap()[0].data.is_ok());
    let done = ready(crate::records::import::import(
        &world.core.work,
        &cx,
        "thing",
        "code",
        rows(),
    ));
    let done = done.unwrap();
    assert!(done[0].is_ok(), "{:?}", done[0]);
    assert_eq!(fields(&world.get(&made.id).unwrap())["title"], "t");
}
