//! Which texts are equal and which differ, on both hosts: case, accents, white space, email addresses in lists.

use contract_tests::{business::mark, contract::elements, raw::Draft, world::World};
use serde_json::{Value, json};

pub async fn texts_are_compared_by_their_letters(world: &World) {
    let business = world.business("web").await;
    let raw = &business.raw;
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let (kind, word) = (format!("street_{}", mark()), format!("Straße{}", mark()));
    let body = json!({"name": kind, "label": "Street", "fields": [
        {"name": "name", "type": "text", "label": "Name", "unique": true, "searchable": true},
        {"name": "mails", "type": "multi_select", "label": "Mails"},
        {"name": "site", "type": "address", "label": "Site"},
    ]});
    owner(raw.post("/object-types", body))
        .send()
        .await
        .expect(201);
    let path = format!("/records/{kind}");
    let make = async |fields: Value| {
        owner(raw.post(path.clone(), json!({"fields": fields})))
            .send()
            .await
    };
    let first = make(json!({"name": format!(" {word}\u{a0}"), "mails": [" Zoë@Example.COM ", "zoë@example.com"]}))
        .await
        .expect(201);
    assert_eq!(
        first["fields"],
        json!({"name": word, "mails": ["Zoë@example.com"]})
    );

    let upper = word.to_uppercase();
    let context = make(json!({"name": upper}))
        .await
        .refused("UNIQUE_VIOLATION");
    assert_eq!(context["existing"], first["id"]);
    for name in ["José", "Jose", "が", "か"] {
        make(json!({"name": name})).await.expect(201);
    }
    for name in ["JOSE\u{301}", " jose ", "か\u{3099}"] {
        make(json!({"name": name}))
            .await
            .refused("UNIQUE_VIOLATION");
    }
    for _ in 0..2 {
        let empty = make(json!({"name": "\u{3000} ", "site": {"line1": " ", "city": ""}}));
        assert_eq!(empty.await.expect(201)["fields"], json!({}));
    }

    let page = owner(raw.get("/search"))
        .query("q", &upper)
        .send()
        .await
        .expect(200);
    assert_eq!(elements(&page["items"]).count(), 1);
    let filter = async |filter: Value| {
        let list = owner(raw.get(path.clone())).query("filter", &filter.to_string());
        elements(&list.send().await.expect(200)["items"]).count()
    };
    for (field, op, value, found) in [
        ("name", "eq", json!(format!("{upper} ")), 1),
        ("name", "contains", json!("STRASSE"), 1),
        ("name", "in", json!(["jose"]), 2),
        ("name", "eq", json!("か"), 1),
        ("mails", "has_any", json!(["ZOË@EXAMPLE.com"]), 1),
        ("mails", "has_all", json!(["zoe@example.com"]), 1),
        ("name", "is_empty", Value::Null, 2),
        ("site", "is_empty", Value::Null, 7),
    ] {
        let tree = match value {
            Value::Null => json!({"field": field, "op": op}),
            value => json!({"field": field, "op": op, "value": value}),
        };
        assert_eq!(filter(tree.clone()).await, found, "{tree}");
    }
}
