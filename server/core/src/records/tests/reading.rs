//! Lists, search and history.

use super::*;

#[test]
fn lists_filter_sort_project_and_page() {
    let world = World::new();
    for n in 0..5 {
        world.thing(json!({"title": format!("T{n}"), "count": n % 2}));
    }
    let filter = json!({"field": "count", "op": "eq", "value": 0});
    let first = world
        .list(Some(filter.clone()), Some("-title"), Some("title"), None, 2)
        .unwrap();
    assert_eq!(
        first.items.iter().map(fields).collect::<Vec<_>>(),
        [json!({"title": "T4"}), json!({"title": "T2"})]
    );
    let cursor = first.page.next.unwrap();
    let second = world
        .list(
            Some(filter.clone()),
            Some("-title"),
            Some("title"),
            Some(cursor.clone()),
            2,
        )
        .unwrap();
    assert_eq!(
        (
            fields(&second.items[0]),
            second.items.len(),
            second.page.next
        ),
        (json!({"title": "T0"}), 1, None)
    );
    assert_eq!(
        world
            .list(Some(filter), Some("title"), None, Some(cursor.clone()), 2)
            .unwrap_err()
            .0,
        "CURSOR_INVALID"
    );
    assert_eq!(
        world
            .list(None, Some("-title"), None, Some(cursor), 2)
            .unwrap_err()
            .0,
        "CURSOR_INVALID"
    );
    let (code, context) = world
        .list(
            Some(json!({"field": "x", "op": "eq", "value": 0})),
            Some("y"),
            None,
            None,
            2,
        )
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"].as_array().unwrap().len()),
        ("VALIDATION_FAILED", 2)
    );
    assert_eq!(
        world
            .list(None, None, Some("title,nothing"), None, 2)
            .unwrap_err()
            .0,
        "VALIDATION_FAILED"
    );
}

#[test]
fn search_finds_every_word_whatever_its_case_and_marks() {
    let world = World::new();
    let a = world
        .thing(json!({"title": "São José", "body": "boiler repair", "site": {"city": "Bristol"}}));
    let b = world.thing(json!({"title": "Sao Paulo"}));
    let found = |q: &str| {
        world
            .search(q, None, 50)
            .items
            .into_iter()
            .map(|record| record.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found("SAO"), [b.id.clone(), a.id.clone()]);
    assert_eq!(found("sao bris"), std::slice::from_ref(&a.id));
    assert!(found("bris sao").is_empty());
    assert!(found("!!").is_empty());
    world.update(&a.id, None, json!({"title": "Rio"})).unwrap();
    assert_eq!(found("sao"), std::slice::from_ref(&b.id));
    assert_eq!(found("rio boil"), std::slice::from_ref(&a.id));
    let page = world.search("r", None, 1);
    assert_eq!(page.page.next, None);
    world.update(&b.id, None, json!({"body": "river"})).unwrap();
    let page = world.search("r", None, 1);
    assert_eq!(page.items[0].id, b.id);
    assert_eq!(world.search("r", page.page.next, 1).items[0].id, a.id);
}

#[test]
fn history_tells_who_changed_what() {
    let world = World::new();
    let created = world.thing(json!({"title": "a"}));
    let updated = world
        .update(&created.id, None, json!({"title": null, "count": 3}))
        .unwrap();
    let history = world.history(&created.id);
    assert_eq!(
        serde_json::to_value(&history[0]).unwrap(),
        json!({"version": updated.version, "at": crate::testing::NOW, "actor": {"kind": "user", "id": id(crate::testing::USER)}, "kind": "update", "changes": {"count": {"before": null, "after": 3}, "title": {"before": "a", "after": null}}})
    );
    assert_eq!(history[1].changes["serial"].after, json!(1));
}
