//! Which texts count as equal, in search, filters, unique fields and lists of email addresses.

use super::*;

fn made(world: &World, data: Json) -> Json {
    fields(&world.thing(data))
}

fn listed(world: &World, filter: Json) -> usize {
    let page = world.list(Some(filter), None, None, None, 50);
    page.unwrap().items.len()
}

#[test]
fn search_and_filters_fold_case_in_full() {
    let world = World::new();
    world.thing(json!({"title": "Hauptstraße 5", "body": "Ὀδυσσεύς"}));
    for q in ["HAUPTSTRASSE", "hauptstraße", "haupts", "ΟΔΥΣΣΕΥΣ"] {
        assert_eq!(world.search(q, None, 50).items.len(), 1, "{q}");
    }
    for (op, value) in [
        ("eq", " HAUPTSTRASSE 5\u{a0}"),
        ("contains", "STRASSE"),
        ("contains", "strasse 5"),
        ("starts_with", " HAUPTSTRASS"),
        ("starts_with", "hauptstrasse "),
    ] {
        assert_eq!(
            listed(&world, json!({"field": "title", "op": op, "value": value})),
            1,
            "{value}"
        );
    }
    let part = json!({"field": "title", "op": "starts_with", "value": "haupt "});
    assert_eq!(listed(&world, part), 0);
    world.thing(json!({"title": "が"}));
    for value in ["か", "ガ"] {
        assert_eq!(
            listed(
                &world,
                json!({"field": "title", "op": "contains", "value": value})
            ),
            0
        );
    }
    assert_eq!(
        listed(
            &world,
            json!({"field": "title", "op": "eq", "value": "か\u{3099}"})
        ),
        1
    );
}

#[test]
fn unique_texts_keep_their_accents_and_not_their_case() {
    let world = World::new();
    for code in ["José", "Jose", "が", "か", "Straße", "ΟΔΟΣ"] {
        world.thing(json!({"code": code}));
    }
    for code in [
        "JOSÉ",
        "jose\u{301}",
        " JOSE",
        "か\u{3099}",
        "STRASSE",
        "οδος",
    ] {
        let refused = world
            .create("thing", None, json!({"code": code}))
            .unwrap_err();
        assert_eq!(refused.0, "UNIQUE_VIOLATION", "{code}");
    }
    // Filters ignore accents, even on unique fields.
    assert_eq!(
        listed(
            &world,
            json!({"field": "code", "op": "eq", "value": "josé"})
        ),
        2
    );
    assert_eq!(
        listed(
            &world,
            json!({"field": "code", "op": "in", "value": ["JOSE", "strasse"]})
        ),
        3
    );
}

#[test]
fn a_restored_record_meets_those_whose_text_is_its_own_alone() {
    let world = World::new();
    let gone = world.thing(json!({"code": "José"}));
    world.delete(&gone.id).unwrap();
    world.thing(json!({"code": "Jose"}));
    world.restore(&gone.id).unwrap();
    world.delete(&gone.id).unwrap();
    world.thing(json!({"code": "JOSÉ"}));
    assert_eq!(world.restore(&gone.id).unwrap_err().0, "UNIQUE_VIOLATION");
}

#[test]
fn white_space_at_the_ends_is_no_part_of_a_value_and_alone_is_none() {
    let world = World::new();
    let data = made(
        &world,
        json!({
            "title": "\u{3000} Boiler  one\u{2003}", "code": " \u{a0}", "body": "  keeps\n its lines \n", "email": " Ada@EXAMPLE.com ",
            "phone": "\u{2003}+441632960147 ", "web": " https://a.example ", "status": " done ", "tags": [" a", "a "],
            "price": {"amount": 1, "currency": " GBP "},
            "site": {"line1": " 1 High St ", "line2": " ", "city": ""},
        }),
    );
    for (name, value) in [
        ("title", json!("Boiler  one")),
        ("code", Json::Null),
        ("body", json!("  keeps\n its lines \n")),
        ("email", json!("Ada@example.com")),
        ("phone", json!("+441632960147")),
        ("web", json!("https://a.example")),
        ("status", json!("done")),
        ("tags", json!(["a"])),
        ("price", json!({"amount": 1, "currency": "GBP"})),
        ("site", json!({"line1": "1 High St"})),
    ] {
        assert_eq!(data.get(name).unwrap_or(&Json::Null), &value, "{name}");
    }
    let blank = json!({
        "title": "\u{2003}", "code": "\u{3000}", "body": " \n\t ", "email": " ", "phone": "\u{a0}", "web": " ",
        "site": {"line1": " ", "city": "", "region": null},
    });
    for _ in 0..2 {
        // Twice, because an empty value is never a duplicate.
        let data = made(&world, blank.clone());
        for name in blank.as_object().unwrap().keys() {
            assert!(data.get(name).is_none(), "{name}");
        }
    }
    for name in ["title", "code", "email", "phone", "web", "site"] {
        assert_eq!(
            listed(&world, json!({"field": name, "op": "is_empty"})),
            if name == "code" { 3 } else { 2 },
            "{name}"
        );
    }
}

#[test]
fn what_is_required_is_more_than_white_space() {
    let world = World::new();
    for (object_type, fields) in [
        (
            "price_item",
            json!({"name": " \u{a0}", "unit_price": {"amount": 1, "currency": "GBP"}}),
        ),
        (
            "property",
            json!({"contact": crate::testing::id(1), "address": {"line1": " ", "city": ""}}),
        ),
        ("note", json!({"body": "\n \t"})),
    ] {
        let (code, context) = world.create(object_type, None, fields).unwrap_err();
        assert_eq!(
            (code.as_str(), &context["errors"][0]["rule"]),
            ("FIELD_INVALID", &json!("required")),
            "{object_type}"
        );
    }
    let line = json!({"description": " ", "quantity": 1000, "unit_price": {"amount": 1, "currency": "GBP"}});
    let (code, context) = world
        .create("thing", None, json!({"lines": [line], "currency": "GBP"}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), &context["errors"][0]["pointer"]),
        ("FIELD_INVALID", &json!("/body/fields/lines/0/description"))
    );
}

#[test]
fn email_addresses_in_lists_are_compared_as_the_type_email_is() {
    let world = World::new();
    let data = made(
        &world,
        json!({"tags": [" Zoë@Example.COM", "zoe\u{308}@EXAMPLE.com", "VIP", "vip"]}),
    );
    assert_eq!(data["tags"], json!(["Zoë@example.com", "VIP", "vip"]));
    for op in ["has_any", "has_all"] {
        for (value, found) in [
            ("ZOË@example.com ", 1),
            ("zoe@EXAMPLE.COM", 1),
            ("zoe@example.org", 0),
            ("VIP", 1),
            ("Vip", 0),
        ] {
            let filter = json!({"field": "tags", "op": op, "value": [value]});
            assert_eq!(listed(&world, filter), found, "{op} {value}");
        }
    }
}

#[test]
fn what_an_earlier_program_kept_is_no_change_when_it_is_sent_back() {
    let world = World::new();
    let record = world.thing(json!({"title": "x"}));
    let stored = json!({"title": " x ", "body": " y ", "tags": ["a ", "Ada@EXAMPLE.com"], "site": {"line1": " 1 ", "city": ""}});
    let sql = "UPDATE records SET data = ?1";
    let statement = crate::ports::store::Statement::new(sql, [stored.to_string().into()]);
    world.store.run(&statement);
    let same = world.update(&record.id, None, stored).unwrap();
    assert_eq!(same.version, record.version);
    let other = world
        .update(&record.id, None, json!({"body": "y"}))
        .unwrap();
    assert_eq!(fields(&other)["body"], "y");
}

#[test]
fn a_change_of_one_text_leaves_no_key_behind() {
    let world = World::new();
    let made = world.thing(json!({"title": "Élan", "code": "JOSÉ", "tags": ["A@b.example"]}));
    let keys = |world: &World| {
        let rows = world.store.run(&crate::ports::store::Statement::new(
            "SELECT keys FROM records",
            [],
        ));
        serde_json::from_str::<Json>(rows[0][0].as_str().unwrap()).unwrap()
    };
    assert_eq!(
        keys(&world),
        json!({"title": "elan", "_title": "élan", "code": "jose", "_code": "josé", "tags": ["a@b.example"]})
    );
    world
        .update(&made.id, None, json!({"code": "plain", "tags": ["b"]}))
        .unwrap();
    assert_eq!(keys(&world), json!({"title": "elan", "_title": "élan"}));
    world.update(&made.id, None, json!({"code": "X"})).unwrap();
    assert_eq!(
        keys(&world),
        json!({"title": "elan", "_title": "élan", "code": "x"})
    );
}
