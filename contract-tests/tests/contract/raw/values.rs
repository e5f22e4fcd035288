//! Well-formed values that are not allowed: wrong ids, unknown names, values out of range, fields that only the server
//! sets.

use contract_tests::{
    business::{mark, new_id},
    contract::members,
    raw::{Answer, Draft},
    world::World,
};
use serde_json::{Value, json};

/// A request of the owner.
async fn owner(world: &World, draft: Draft) -> Answer {
    let business = world.business("web").await;
    draft.bearer(&business.owner_token).send().await
}

pub async fn ids_that_are_no_uuid_v7(world: &World) {
    let raw = world.raw("web");
    let v4 = "9f3c1f5e-7b0a-4d5e-8f3a-2b1c0d9e8f7a";
    let wrong = [
        "1",
        "x",
        v4,
        "019BB16E-FE80-78B0-B715-3BF7C3706D85",
        "019bb16efe8078b0b7153bf7c3706d85",
        "019bb16e-fe80-78b0-c715-3bf7c3706d85",
        "019bb16e-fe80-78b0-b715-3bf7c3706d8",
        "%20",
        "019bb16e-fe80-78b0-b715-3bf7c3706d85%00",
        "..%2f..%2fusers",
        "%F0%9F%A4%A1",
        "null",
    ];
    for id in wrong {
        for path in ["/records/contact/", "/users/", "/api-keys/"] {
            let answer = owner(world, raw.get(format!("{path}{id}"))).await;
            answer.refused("VALIDATION_FAILED");
        }
    }
    let contact = json!({"kind": "person", "first_name": "Ada"});
    for id in ["1", v4, "", "019BB16E-FE80-78B0-B715-3BF7C3706D85"] {
        let answer = owner(
            world,
            raw.post("/records/contact", json!({"id": id, "fields": contact})),
        )
        .await;
        answer.names("VALIDATION_FAILED", "/body/id", "format");
        let relation = json!({"kind": "person", "first_name": "Ada", "parent": id});
        let answer = owner(
            world,
            raw.post("/records/contact", json!({"fields": relation})),
        )
        .await;
        answer.refused("FIELD_INVALID");
    }
    // A relation to a record that does not exist.
    let relation = json!({"kind": "person", "first_name": "Ada", "parent": new_id()});
    let answer = owner(
        world,
        raw.post("/records/contact", json!({"fields": relation})),
    )
    .await;
    let context = answer.refused("FIELD_INVALID");
    assert_eq!(
        context["errors"][0]["pointer"], "/body/fields/parent",
        "{context}"
    );
}

pub async fn unknown_fields_and_types(world: &World) {
    let raw = world.raw("web");
    for kind in ["nothing", "contacts", "users", "sqlite_master"] {
        owner(world, raw.get(format!("/records/{kind}")))
            .await
            .refused("NOT_FOUND");
        let body = json!({"fields": {"name": "x"}});
        owner(world, raw.post(format!("/records/{kind}"), body))
            .await
            .refused("NOT_FOUND");
        owner(world, raw.get(format!("/object-types/{kind}")))
            .await
            .refused("NOT_FOUND");
    }
    for kind in [
        "Contact",
        "con-tact",
        "1contact",
        "contact%20",
        "%27",
        "contact%3Bdrop",
        "é",
    ] {
        let path = format!("/records/{}", kind.replace('é', "%C3%A9"));
        owner(world, raw.get(path))
            .await
            .names("VALIDATION_FAILED", "/path/type", "pattern");
    }
    let body = json!({"fields": {"kind": "person", "first_name": "Ada", "wings": 2}});
    let context = owner(world, raw.post("/records/contact", body))
        .await
        .refused("FIELD_INVALID");
    assert_eq!(
        context["errors"][0]["pointer"], "/body/fields/wings",
        "{context}"
    );
    for query in [
        "fields=wings",
        "sort=wings",
        "sort=-wings,first_name",
        "fields=first_name,wings",
    ] {
        let answer = owner(world, raw.get(format!("/records/contact?{query}"))).await;
        answer.refused("VALIDATION_FAILED");
    }
    let filter = json!({"field": "wings", "op": "eq", "value": 2}).to_string();
    let answer = owner(world, raw.get("/records/contact").query("filter", &filter)).await;
    answer.refused("VALIDATION_FAILED");
}

/// Every operation refuses a query parameter that it does not know, and every body a property.
pub async fn unknown_parameters_and_properties(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    for operation in &world.contract.operations {
        let path = super::filled(&operation.path, &business.contact);
        let method = operation.method.parse().unwrap();
        let token = match operation.path.starts_with("/portal") {
            true => &business.portal_token,
            false => &business.owner_token,
        };
        let mut draft = raw.request(method, path).query("surprise", "1");
        if operation.secured {
            draft = draft.bearer(token);
        }
        if operation.body.is_some() {
            draft = draft.json(&json!({"surprise": 1}));
        }
        let answer = draft.send().await;
        answer.names("VALIDATION_FAILED", "/query/surprise", "unknown_parameter");
    }
}

pub async fn parameters_out_of_range(world: &World) {
    let raw = world.raw("web");
    for limit in [
        "0",
        "201",
        "-1",
        "1.5",
        "abc",
        "",
        "9999999999999999999",
        "5 ",
        "+5",
        "0x10",
    ] {
        let answer = owner(world, raw.get("/records/contact").query("limit", limit)).await;
        let context = answer.refused("VALIDATION_FAILED");
        assert_eq!(
            context["errors"][0]["pointer"], "/query/limit",
            "{limit}: {context}"
        );
    }
    for (name, value) in [
        ("include_deleted", "yes"),
        ("include_deleted", "1"),
        ("fields", ""),
        ("fields", "First"),
        ("sort", "a,b,c,d,e,f"),
        ("sort", "--name"),
        ("filter", "x"),
        ("cursor", ""),
    ] {
        let answer = owner(world, raw.get("/records/contact").query(name, value)).await;
        let context = answer.refused("VALIDATION_FAILED");
        let pointer = context["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert!(
            pointer.starts_with(&format!("/query/{name}")),
            "{name}={value}: {context}"
        );
    }
    let twice = owner(world, raw.get("/records/contact?limit=5&limit=6")).await;
    twice.refused("VALIDATION_FAILED");
    let long = "k".repeat(258);
    let body = json!({"fields": {"kind": "person", "first_name": "Ada"}});
    // Non-ASCII bytes, valid and invalid as UTF-8: hosts decode headers differently and must refuse equally.
    let foreign: [&[u8]; 4] = ["caf\u{e9}".as_bytes(), b"caf\xe9", b"a\xffb", b"\xa0"];
    for key in [&b""[..], long.as_bytes()].into_iter().chain(foreign) {
        let draft = raw
            .post("/records/contact", body.clone())
            .header("idempotency-key", key);
        let context = owner(world, draft).await.refused("VALIDATION_FAILED");
        assert_eq!(
            context["errors"][0]["pointer"], "/header/Idempotency-Key",
            "{context}"
        );
    }
}

/// Fields that the built-in types mark as set by the server cannot be written.
pub async fn fields_that_the_server_owns(world: &World) {
    let raw = world.raw("web");
    let mut checked = 0;
    for (_, schema) in members(&world.contract.document["components"]["schemas"]) {
        let Some(kind) = schema["x-record-type"].as_str() else {
            continue;
        };
        for (name, property) in members(&schema["properties"]) {
            if property["x-field"]["server_owned"] != true {
                continue;
            }
            let fields = Value::Object([(name.to_owned(), json!(1))].into_iter().collect());
            let body = json!({"fields": fields});
            let answer = owner(world, raw.post(format!("/records/{kind}"), body)).await;
            let context = answer.refused("FIELD_SERVER_OWNED");
            let pointer = format!("/body/fields/{name}");
            let named = contract_tests::contract::elements(&context["errors"])
                .any(|error| error["pointer"] == pointer.as_str());
            assert!(named, "{kind}.{name}: {context}");
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

/// A type with a field of every type: each accepts values of its type and refuses others.
pub async fn every_field_type_refuses_what_it_is_not(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    let kind = format!("all_{}", mark());
    let option = json!([{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]);
    let id = &business.contact;
    let rows: Vec<(&str, Value, Vec<Value>, Vec<Value>)> = vec![
        (
            "text",
            json!({}),
            vec![json!("x")],
            vec![json!(1), json!([]), json!({}), json!("a\nb")],
        ),
        (
            "long_text",
            json!({}),
            vec![json!("a\nb")],
            vec![json!(1), json!(true)],
        ),
        (
            "integer",
            json!({"min": 1, "max": 5}),
            vec![json!(1), json!(5)],
            vec![json!("1"), json!(1.5), json!(0), json!(6), json!(true)],
        ),
        (
            "decimal",
            json!({"scale": 2}),
            vec![json!(150)],
            vec![json!("1.50"), json!(1.5)],
        ),
        (
            "boolean",
            json!({}),
            vec![json!(true), json!(false)],
            vec![json!("true"), json!(1)],
        ),
        (
            "select",
            json!({"options": option}),
            vec![json!("a")],
            vec![json!("c"), json!(["a"])],
        ),
        (
            "multi_select",
            json!({"options": option}),
            vec![json!(["a", "b"])],
            vec![json!("a"), json!(["c"]), json!([1])],
        ),
        (
            "date",
            json!({}),
            vec![json!(20_000), json!(-1)],
            vec![json!("2026-01-01"), json!(1.5), json!(99_999_999)],
        ),
        (
            "datetime",
            json!({}),
            vec![json!(1_768_208_401_000_i64)],
            vec![json!("2026-01-01T00:00:00Z")],
        ),
        (
            "duration",
            json!({}),
            vec![json!(0), json!(90_000)],
            vec![json!("PT1H"), json!(-1)],
        ),
        (
            "money",
            json!({}),
            vec![json!({"amount": 100, "currency": "GBP"})],
            vec![
                json!(100),
                json!({"amount": 1}),
                json!({"amount": 1, "currency": "gbp"}),
                json!({"amount": 1, "currency": "GBP", "extra": 1}),
            ],
        ),
        (
            "email",
            json!({}),
            vec![json!("a@b.example")],
            vec![json!("a"), json!("a b@c"), json!(1)],
        ),
        (
            "phone",
            json!({}),
            vec![json!("+441632960147")],
            vec![json!("0163"), json!("+4416x")],
        ),
        (
            "url",
            json!({}),
            vec![json!("https://x.example/a")],
            vec![
                json!("x"),
                json!("javascript:alert(1)"),
                json!("file:///etc/passwd"),
            ],
        ),
        (
            "address",
            json!({}),
            vec![json!({"city": "Bristol"})],
            vec![json!("Bristol"), json!({}), json!({"town": "Bristol"})],
        ),
        (
            "geo",
            json!({}),
            vec![json!({"latitude": 51.4, "longitude": -2.6})],
            vec![
                json!([51, 2]),
                json!({"latitude": 91, "longitude": 0}),
                json!({"latitude": 1}),
            ],
        ),
        (
            "relation",
            json!({"target": "contact"}),
            vec![json!(id)],
            vec![json!("x"), json!(new_id()), json!([id])],
        ),
        (
            "relation_list",
            json!({"target": "contact"}),
            vec![json!([id])],
            vec![json!(id), json!([new_id()]), json!([1])],
        ),
        (
            "user",
            json!({}),
            vec![json!(business.owner_id)],
            vec![json!(new_id()), json!("owner")],
        ),
        (
            "rating",
            json!({}),
            vec![json!(3)],
            vec![json!("3"), json!(-1), json!(1.5)],
        ),
        (
            "lines",
            json!({}),
            vec![
                json!([{"description": "x", "quantity": 1000, "unit_price": {"amount": 1, "currency": "GBP"}}]),
            ],
            vec![json!([{"description": "x"}]), json!({}), json!([1])],
        ),
        (
            "file_list",
            json!({}),
            vec![json!([])],
            vec![json!("x"), json!([1]), json!([new_id()])],
        ),
        (
            "team",
            json!({}),
            vec![],
            vec![json!(new_id()), json!("x"), json!(1)],
        ),
    ];
    let fields: Vec<Value> = rows
        .iter()
        .map(|(field_type, settings, ..)| {
            let mut field =
                json!({"name": format!("f_{field_type}"), "type": field_type, "label": field_type});
            let object = field.as_object_mut().unwrap();
            object.extend(settings.as_object().unwrap().clone());
            field
        })
        .collect();
    let body = json!({"name": kind, "label": "All", "fields": fields});
    owner(world, raw.post("/object-types", body))
        .await
        .expect(201);
    let path = format!("/records/{kind}");
    for (field_type, _, good, bad) in &rows {
        let name = format!("f_{field_type}");
        let body = |value: &Value| json!({"fields": Value::Object([(name.clone(), value.clone())].into_iter().collect())});
        for value in good {
            let record = owner(world, raw.post(&path, body(value))).await.expect(201);
            if *value != json!([]) {
                assert_eq!(record["fields"][&name], *value, "{field_type}");
            }
        }
        for value in bad {
            let answer = owner(world, raw.post(&path, body(value))).await;
            assert!(answer.status != 201, "{field_type} took {value}");
            let context = answer.refused("FIELD_INVALID");
            let pointer = context["errors"][0]["pointer"].as_str().unwrap_or_default();
            assert!(
                pointer.starts_with(&format!("/body/fields/{name}")),
                "{value}: {context}"
            );
        }
    }
}
