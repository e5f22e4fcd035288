//! Filter trees that are too deep, too wide, contain SQL, or are no trees at all; and every operator.

use contract_tests::{
    business::{Business, mark},
    contract::elements,
    raw::Answer,
    world::World,
};
use serde_json::{Value, json};

async fn list(world: &World, kind: &str, filter: &str) -> Answer {
    let business = world.business("web").await;
    world
        .raw("web")
        .get(format!("/records/{kind}"))
        .query("filter", filter)
        .bearer(&business.owner_token)
        .send()
        .await
}

async fn refused(world: &World, filter: &Value) {
    let answer = list(world, "contact", &filter.to_string()).await;
    let context = answer.refused("VALIDATION_FAILED");
    let pointer = context["errors"][0]["pointer"].as_str().unwrap_or_default();
    assert!(pointer.starts_with("/query/filter"), "{filter}: {context}");
}

fn leaf() -> Value {
    json!({"field": "first_name", "op": "eq", "value": "Maria"})
}

fn nested(depth: usize, wrap: impl Fn(Value) -> Value) -> Value {
    (1..depth).fold(leaf(), |inner, _| wrap(inner))
}

pub async fn filters_that_are_too_deep_or_too_wide(world: &World) {
    list(
        world,
        "contact",
        &nested(8, |inner| json!({"not": inner})).to_string(),
    )
    .await
    .expect(200);
    for depth in [9, 60, 100] {
        for wrap in [
            |it| json!({"not": it}),
            |it| json!({"and": [it]}),
            |it| json!({"or": [it]}),
        ] {
            let filter = nested(depth, wrap);
            let answer = list(world, "contact", &filter.to_string()).await;
            let context = answer.refused("VALIDATION_FAILED");
            let pointer = context["errors"][0]["pointer"].as_str().unwrap_or_default();
            assert!(pointer.starts_with("/query/filter"), "{context}");
        }
    }
    let leaves = |number: usize| json!({"or": vec![leaf(); number]});
    list(world, "contact", &leaves(64).to_string())
        .await
        .expect(200);
    refused(world, &leaves(65)).await;
    refused(world, &json!({"and": [leaves(40), leaves(40)]})).await;
    let values =
        |number: usize| json!({"field": "first_name", "op": "in", "value": vec!["x"; number]});
    list(world, "contact", &values(1_000).to_string())
        .await
        .expect(200);
    refused(world, &values(1_001)).await;
}

pub async fn filters_that_carry_sql(world: &World) {
    for name in [
        "first_name' OR 1=1 --",
        "first_name\"",
        "first_name; DROP TABLE records",
        "1",
        "*",
        "json_extract(data,'$.x')",
        "first_name--",
        "first_name.",
        "a.b.c",
        "",
    ] {
        refused(world, &json!({"field": name, "op": "eq", "value": "x"})).await;
    }
    for op in ["=", "LIKE", "eq OR 1=1", "", "EQ"] {
        refused(
            world,
            &json!({"field": "first_name", "op": op, "value": "x"}),
        )
        .await;
    }
    for value in [
        "' OR '1'='1",
        "\" OR 1=1 --",
        "%",
        "_",
        "x'; DROP TABLE records; --",
        "$.x",
        "\\",
    ] {
        for op in ["eq", "contains", "starts_with", "gt"] {
            let filter = json!({"field": "last_name", "op": op, "value": value}).to_string();
            let page = list(world, "contact", &filter).await.expect(200);
            if op != "gt" {
                assert_eq!(elements(&page["items"]).count(), 0, "{filter} found {page}");
            }
        }
    }
    let business = world.business("web").await;
    let get = async |path: &str| {
        world
            .raw("web")
            .get(path)
            .bearer(&business.owner_token)
            .send()
            .await
    };
    for query in [
        "sort=first_name%27",
        "sort=first_name%20desc",
        "sort=first_name%3B",
        "fields=%22x%22",
    ] {
        get(&format!("/records/contact?{query}"))
            .await
            .refused("VALIDATION_FAILED");
    }
    // The table that the SQL names still exists.
    get(&format!("/records/contact/{}", business.contact))
        .await
        .expect(200);
}

pub async fn filters_that_are_no_filters(world: &World) {
    for text in [
        "x1",
        "{}",
        "[]",
        "\"and\"",
        "{\"and\"",
        "null",
        "12",
        "{\"and\": []}",
        "{\"a\": 1, \"a\": 2}",
    ] {
        let answer = list(world, "contact", text).await;
        let context = answer.refused("VALIDATION_FAILED");
        let pointer = context["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert!(pointer.starts_with("/query/filter"), "{text}: {context}");
    }
    for filter in [
        json!({"and": leaf()}),
        json!({"not": [leaf()]}),
        json!({"and": [leaf()], "or": [leaf()]}),
        json!({"field": "first_name"}),
        json!({"field": "first_name", "op": "eq"}),
        json!({"field": "first_name", "op": "eq", "value": 1}),
        json!({"field": "first_name", "op": "eq", "value": "x", "extra": 1}),
        json!({"field": "first_name", "op": "in", "value": "x"}),
        json!({"field": "first_name", "op": "within", "value": {}}),
        json!({"field": "created_at", "op": "contains", "value": "x"}),
        json!({"field": "created_at", "op": "eq", "value": {"relative": "someday"}}),
        json!({"field": "created_at", "op": "eq", "value": {"relative": "today", "zone": "Mars/Base"}}),
        json!({"field": "tags", "op": "has_any", "value": "x"}),
        json!({"field": "parent.parent.first_name", "op": "eq", "value": "x"}),
        json!({"field": "first_name.parent", "op": "eq", "value": "x"}),
    ] {
        refused(world, &filter).await;
    }
}

/// Each operator finds the right ones of three records.
pub async fn every_operator_answers(world: &World) {
    let business = world.business("web").await;
    let kind = format!("op_{}", mark());
    let fields = json!([
        {"name": "name", "type": "text", "label": "Name"},
        {"name": "size", "type": "integer", "label": "Size"},
        {"name": "price", "type": "money", "label": "Price"},
        {"name": "on", "type": "date", "label": "On"},
        {"name": "tags", "type": "multi_select", "label": "Tags"},
        {"name": "place", "type": "geo", "label": "Place"},
        {"name": "who", "type": "relation", "label": "Who", "target": "contact"},
        {"name": "done", "type": "boolean", "label": "Done"},
    ]);
    post(
        &business,
        "/object-types",
        json!({"name": kind, "label": "Op", "fields": fields}),
    )
    .await;
    let path = format!("/records/{kind}");
    let records = [
        json!({"name": "Élan vital", "size": 1, "price": {"amount": 100, "currency": "GBP"}, "on": 20_000,
            "tags": ["x", "y"], "place": {"latitude": 51.45, "longitude": -2.58}, "who": business.contact}),
        json!({"name": "elastic", "size": 2, "price": {"amount": 200, "currency": "GBP"}, "on": 20_001,
            "tags": ["y"], "place": {"latitude": 48.85, "longitude": 2.35}, "done": true}),
        json!({"name": "rest"}),
    ];
    for fields in records {
        post(&business, &path, json!({"fields": fields})).await;
    }
    let box_ = json!({"box": {"south": 50, "west": -5, "north": 52, "east": 0}});
    let circle = json!({"center": {"latitude": 48.85, "longitude": 2.35}, "radius": 1_000});
    let mixed = json!({"and": [{"field": "size", "op": "gte", "value": 1},
        {"not": {"field": "tags", "op": "has_any", "value": ["x"]}}]});
    for (filter, expected) in [
        (
            json!({"field": "size", "op": "eq", "value": 1}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "size", "op": "ne", "value": 1}),
            vec!["elastic", "rest"],
        ),
        (
            json!({"field": "size", "op": "lt", "value": 2}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "size", "op": "lte", "value": 2}),
            vec!["Élan vital", "elastic"],
        ),
        (
            json!({"field": "size", "op": "gt", "value": 1}),
            vec!["elastic"],
        ),
        (
            json!({"field": "price", "op": "gt", "value": {"amount": 150, "currency": "GBP"}}),
            vec!["elastic"],
        ),
        (
            json!({"field": "on", "op": "gte", "value": 20_001}),
            vec!["elastic"],
        ),
        (
            json!({"field": "name", "op": "in", "value": ["rest", "none"]}),
            vec!["rest"],
        ),
        (
            json!({"field": "size", "op": "not_in", "value": [1, 2]}),
            vec!["rest"],
        ),
        (
            json!({"field": "name", "op": "contains", "value": "LAN V"}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "name", "op": "starts_with", "value": "elas"}),
            vec!["elastic"],
        ),
        (
            json!({"field": "name", "op": "starts_with", "value": "ela"}),
            vec!["Élan vital", "elastic"],
        ),
        (json!({"field": "size", "op": "is_empty"}), vec!["rest"]),
        (
            json!({"field": "tags", "op": "not_empty"}),
            vec!["Élan vital", "elastic"],
        ),
        (
            json!({"field": "tags", "op": "has_any", "value": ["x", "z"]}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "tags", "op": "has_all", "value": ["x", "y"]}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "place", "op": "within", "value": box_}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "place", "op": "within", "value": circle}),
            vec!["elastic"],
        ),
        (
            json!({"field": "who.last_name", "op": "eq", "value": "Okafor"}),
            vec!["Élan vital"],
        ),
        (
            json!({"field": "done", "op": "eq", "value": true}),
            vec!["elastic"],
        ),
        (
            json!({"field": "created_at", "op": "eq", "value": {"relative": "this_year", "zone": "UTC"}}),
            vec!["Élan vital", "elastic", "rest"],
        ),
        (
            json!({"field": "on", "op": "gt", "value": {"relative": "today"}}),
            vec![],
        ),
        (mixed, vec!["elastic"]),
    ] {
        let page = list(world, &kind, &filter.to_string()).await.expect(200);
        let found: Vec<&str> = elements(&page["items"])
            .map(|record| record["fields"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{filter}");
    }
}

async fn post(business: &Business, path: &str, body: Value) -> Value {
    business
        .raw
        .post(path, body)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(201)
}
