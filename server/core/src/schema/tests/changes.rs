//! Changes of definitions, and the invariants that they keep.

use super::*;

#[test]
fn a_field_s_life() {
    let world = World::new();
    let fax = world
        .create_field(
            "contact",
            json!({"name": "fax", "type": "phone", "label": "Fax", "searchable": true}),
        )
        .unwrap();
    assert_eq!(
        (
            fax.built_in,
            fax.r#type.map(|kind| serde_json::to_value(kind).unwrap())
        ),
        (Some(false), Some(json!("phone")))
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "fax", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "id", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    let record = world
        .create(
            "contact",
            None,
            json!({"last_name": "O", "fax": "+441632960147"}),
        )
        .unwrap();
    assert_eq!(world.search("4416", None, 5).items.len(), 1);
    let relabelled = world
        .update_field(
            "contact",
            "fax",
            json!({"label": "Fax number", "indexed": true, "searchable": false}),
        )
        .unwrap();
    assert_eq!(
        (relabelled.label.as_deref(), relabelled.indexed),
        (Some("Fax number"), Some(true))
    );
    assert!(world.search("4416", None, 5).items.is_empty());
    assert_eq!(world.search("o", None, 5).items.len(), 1);
    world
        .update_field("contact", "fax", json!({"searchable": true}))
        .unwrap();
    assert_eq!(world.search("4416", None, 5).items.len(), 1);
    world.delete_field("contact", "fax").unwrap();
    assert!(world.search("4416", None, 5).items.is_empty());
    let shown = world.search("o", None, 5).items.remove(0);
    assert_eq!(
        (&shown.id, fields(&shown)),
        (&record.id, json!({"kind": "person", "last_name": "O"}))
    );
    assert_eq!(
        world
            .create_field(
                "contact",
                json!({"name": "fax", "type": "phone", "label": "Fax"})
            )
            .unwrap_err()
            .0,
        "NAME_TAKEN"
    );
    assert_eq!(
        world.delete_field("contact", "fax").unwrap_err().0,
        "NOT_FOUND"
    );
    assert_eq!(
        world.delete_field("contact", "last_name").unwrap_err().0,
        "BUILT_IN"
    );
    assert_eq!(
        world
            .update_field(
                "contact",
                "last_name",
                json!({"label": "x", "required": true})
            )
            .unwrap_err(),
        ("BUILT_IN".into(), json!({"properties": ["required"]}))
    );
    world
        .update_field("contact", "last_name", json!({"label": "Surname"}))
        .unwrap();
    let data = world.store.run(&crate::ports::store::Statement::new(
        "SELECT data ->> '$.fax' FROM records",
        [],
    ));
    assert_eq!(data[0][0].as_str(), Some("+441632960147"));
}

#[test]
fn a_field_becomes_unique_only_if_it_is() {
    let world = World::new();
    world.create_type(boiler()).unwrap();
    world
        .create_field(
            "boiler",
            json!({"name": "code", "type": "text", "label": "Code"}),
        )
        .unwrap();
    let first = world
        .create("boiler", None, json!({"serial_number": "1", "code": "x"}))
        .unwrap();
    world
        .create("boiler", None, json!({"serial_number": "2", "code": "X"}))
        .unwrap();
    assert_eq!(
        world
            .update_field("boiler", "code", json!({"unique": true}))
            .unwrap_err(),
        ("UNIQUE_VIOLATION".into(), json!({"field": "code"}))
    );
    world.store.run(&crate::ports::store::Statement::new(
        "DELETE FROM records WHERE id = ?1",
        [first.id.into()],
    ));
    world
        .update_field("boiler", "code", json!({"unique": true}))
        .unwrap();
    assert_eq!(
        world
            .create("boiler", None, json!({"serial_number": "3", "code": "x"}))
            .unwrap_err()
            .0,
        "UNIQUE_VIOLATION"
    );
}

#[test]
fn a_type_changes_under_if_match() {
    let world = World::new();
    let made = world.create_type(boiler()).unwrap();
    let tag = format!("\"{}\"", made.version.unwrap());
    let changed = world
        .update_type(
            "boiler",
            Some(&tag),
            json!({"label": "Appliance", "indexes": []}),
        )
        .unwrap();
    assert_eq!(
        (changed.label.as_deref(), changed.indexes.clone()),
        (Some("Appliance"), Some(vec![]))
    );
    assert_eq!(
        world
            .update_type("boiler", Some(&tag), json!({"label": "x"}))
            .unwrap_err(),
        (
            "VERSION_MISMATCH".into(),
            json!({"version": changed.version})
        )
    );
    assert_eq!(world.get_type("boiler").unwrap(), changed);
    world
        .update_type("job", None, json!({"label": "Order"}))
        .unwrap();
    assert_eq!(
        world.get_type("job").unwrap().label.as_deref(),
        Some("Order")
    );
    assert_eq!(
        world
            .update_type("boiler", None, json!({"indexes": [["fuel", "nothing"]]}))
            .unwrap_err()
            .0,
        "DEFINITION_INVALID"
    );
    world.delete_type("boiler").unwrap();
    assert_eq!(world.get_type("boiler").unwrap_err().0, "NOT_FOUND");
    assert_eq!(world.create_type(boiler()).unwrap_err().0, "NAME_TAKEN");
}

#[test]
fn two_changes_of_the_schema_at_once_are_both_kept() {
    let world = World::new();
    world.get_type("contact").unwrap();
    let other = "INSERT INTO fields VALUES ('contact', 'other', 1, '{\"type\":\"text\",\"label\":\"Other\"}', 0, 0, NULL, NULL); UPDATE meta SET schema_rev = schema_rev + 1";
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(other).unwrap()
    }));
    world
        .create_field(
            "contact",
            json!({"name": "mine", "type": "text", "label": "Mine"}),
        )
        .unwrap();
    let names: Vec<String> = world
        .get_type("contact")
        .unwrap()
        .fields
        .unwrap()
        .into_iter()
        .map(|field| field.name)
        .collect();
    assert!(
        names.ends_with(&["other".to_owned(), "mine".to_owned()]),
        "{names:?}"
    );
}

#[test]
fn a_record_is_never_written_by_old_definitions() {
    let world = World::new();
    world
        .create("contact", None, json!({"last_name": "a"}))
        .unwrap();
    let other = "INSERT INTO fields VALUES ('contact', 'vat', 1, '{\"type\":\"text\",\"label\":\"VAT\",\"required\":true}', 0, 0, NULL, NULL); UPDATE meta SET schema_rev = schema_rev + 1";
    *world.store.before_commit.lock() = Some(Box::new(move |connection| {
        connection.execute_batch(other).unwrap()
    }));
    let (code, context) = world
        .create("contact", None, json!({"last_name": "b"}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"][0]["pointer"].as_str()),
        ("FIELD_INVALID", Some("/body/fields/vat"))
    );
}

#[test]
fn what_too_many_records_hold_stays_searched() {
    let world = World::new();
    world.create_type(boiler()).unwrap();
    world
        .create_field(
            "boiler",
            json!({"name": "maker", "type": "text", "label": "Maker", "searchable": true}),
        )
        .unwrap();
    world.store.run(&crate::ports::store::Statement::new(
        "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?1) \
         INSERT INTO records (id, type, version, data, keys, first_version, content_hash, created_at, updated_at, created_by, updated_by) \
         SELECT n, 'boiler', 1, '{\"maker\":\"Acme\"}', '{}', 1, '', 0, 0, '', '' FROM n",
        [(change::MOST_REINDEXED as i64).into()],
    ));
    let (code, context) = world
        .update_field("boiler", "maker", json!({"searchable": false}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"][0]["rule"].as_str()),
        ("DEFINITION_INVALID", Some("too_many_records"))
    );
    assert_eq!(
        world.delete_field("boiler", "maker").unwrap_err().0,
        "IN_USE"
    );
}

fn patterned(name: &str, pattern: &str) -> Json {
    json!({"name": name, "type": "text", "label": name, "pattern": pattern})
}

#[test]
fn patterns_have_one_bound_and_a_tenant_beyond_it_goes_on() {
    let world = World::new();
    let large = r"\w{1,7}";
    let fields: Vec<Json> = (0..40)
        .map(|n| patterned(&format!("p{n}"), &format!("{large}{n}")))
        .collect();
    let (code, context) = world
        .create_type(json!({"name": "boiler", "label": "Boiler", "fields": fields}))
        .unwrap_err();
    let first = &context["errors"][0];
    assert_eq!(
        (code.as_str(), first["pointer"].as_str()),
        ("DEFINITION_INVALID", Some("/body/fields/9/pattern"))
    );
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .contains("all fields together")
    );
    // The type as an older program allowed it.
    for n in 0..40 {
        let sql = format!(
            "INSERT INTO fields VALUES ('contact', 'p{n}', 1, '{{\"type\":\"text\",\"label\":\"P\",\"pattern\":\"\\\\w{{1,7}}{n}\"}}', 0, 0, NULL, NULL)"
        );
        world
            .store
            .run(&crate::ports::store::Statement::new(sql, []));
    }
    world.store.run(&crate::ports::store::Statement::new(
        "UPDATE meta SET schema_rev = schema_rev + 1",
        [],
    ));
    let values: serde_json::Map<String, Json> = (0..40)
        .map(|n| (format!("p{n}"), format!("x{n}").into()))
        .collect();
    world
        .create("contact", None, values.clone().into())
        .unwrap();
    let mut wrong = values;
    wrong["p39"] = "-".into();
    let (code, context) = world.create("contact", None, wrong.into()).unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"][0]["pointer"].as_str()),
        ("FIELD_INVALID", Some("/body/fields/p39"))
    );
    assert_eq!(
        world
            .update_field("contact", "p0", json!({"label": "Q"}))
            .unwrap()
            .label
            .as_deref(),
        Some("Q")
    );
    assert_eq!(
        world
            .create_field("contact", patterned("more", "x"))
            .unwrap_err()
            .0,
        "DEFINITION_INVALID"
    );
    assert_eq!(
        world
            .update_field("contact", "p0", json!({"pattern": "x"}))
            .unwrap_err()
            .0,
        "DEFINITION_INVALID"
    );
    world
        .create_field(
            "contact",
            json!({"name": "plain", "type": "text", "label": "Plain"}),
        )
        .unwrap();
}

#[test]
fn a_pattern_makes_room_for_another_of_its_field() {
    let world = World::new();
    let large = |n: usize| patterned(&format!("p{n}"), &format!(r"\w{{1,16}}{n}"));
    for n in 0..4 {
        world.create_field("contact", large(n)).unwrap();
    }
    assert_eq!(
        world.create_field("contact", large(4)).unwrap_err().0,
        "DEFINITION_INVALID"
    );
    world
        .update_field("contact", "p0", json!({"pattern": r"\w{1,16}x"}))
        .unwrap();
    world
        .update_field("contact", "p0", json!({"pattern": null}))
        .unwrap();
    world.create_field("contact", large(4)).unwrap();
}

#[test]
fn definitions_of_a_tenant_have_one_bound_of_bytes() {
    let world = World::new();
    let large = "😀".repeat(90_000);
    let one = |name: String| json!({"name": name, "type": "long_text", "label": "Large", "default": large});
    let mut made = 0;
    let refused = loop {
        match world.create_field("contact", one(format!("f{made}"))) {
            Ok(_) => made += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(
        (refused.0.as_str(), refused.1["limit"].as_str()),
        ("LIMIT_EXCEEDED", Some("definition_bytes"))
    );
    assert_eq!(made, crate::schema::MOST_DEFINITION_BYTES / 360_200);
    let small = json!({"name": "small", "type": "long_text", "label": "Small", "default": "x"});
    world.create_field("contact", small).unwrap();
    let longer = json!({"default": large});
    let refused = world.update_field("contact", "small", longer.clone());
    assert_eq!(refused.unwrap_err().0, "DEFINITION_INVALID");
    let boiler = json!({"name": "boiler", "label": "Boiler", "fields": [one("a".into())]});
    assert_eq!(world.create_type(boiler).unwrap_err().0, "LIMIT_EXCEEDED");
    world
        .update_field("contact", "f0", json!({"default": "x"}))
        .unwrap();
    world.update_field("contact", "small", longer).unwrap();
}
