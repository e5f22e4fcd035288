//! A caller who sees one record learns nothing of the others from any operation. No statement goes around the enforcer.

use std::{fs, path::Path};

use crm_contract::latest::{
    server::{RecordsHandlers, records},
    types::BatchRequestMode,
};
use serde_json::json;

use super::*;
use crate::{
    page::Place,
    ports::store::Statement,
    records::{filter, list, sort::Sort},
    testing::{World, id, ready, schema},
};

/// Two customers, and things that only the office sees. The first customer is the caller.
fn world() -> World {
    let mut world = World::new();
    let contact = |n: usize, first_name: &str| {
        let fields = json!({"first_name": first_name, "last_name": "Alder", "about": "late payer"});
        world.create("contact", Some(id(n)), fields).unwrap();
    };
    contact(1, "Ann");
    contact(2, "Bob");
    let fields = json!({"title": "Alder boiler", "code": "B-1"});
    world.create("thing", Some(id(3)), fields).unwrap();
    world.as_customer(&id(1));
    world
}

fn list(world: &World, object_type: &str) -> (Vec<String>, Option<i64>) {
    let request = records::ListRequest {
        r#type: object_type.into(),
        filter: None,
        sort: None,
        fields: None,
        cursor: None,
        limit: 50,
        include_deleted: true,
        total: true,
    };
    let answer = ready(RecordsHandlers::list(&world.core, &world.cx(), request)).unwrap();
    let page = answer.body.into_value().unwrap();
    let ids = page.items.into_iter().map(|record| record.id);
    (ids.collect(), page.page.total)
}

/// The answers to reading a record, changing it, and reading its history.
fn told(world: &World, object_type: &str, n: usize) -> Vec<String> {
    let (core, cx) = (&world.core, world.cx());
    let get = records::GetRequest {
        r#type: object_type.into(),
        id: id(n),
        fields: None,
        include_deleted: true,
        if_none_match: None,
    };
    let update = records::UpdateRequest {
        r#type: object_type.into(),
        id: id(n),
        if_match: Some("\"999\"".into()),
        idempotency_key: None,
        body: crm_contract::latest::types::RecordUpdate {
            fields: JsonObject::new(),
        },
    };
    let history = records::HistoryRequest {
        r#type: object_type.into(),
        id: id(n),
        fields: None,
        cursor: None,
        limit: 50,
        include_deleted: true,
        total: true,
    };
    let answers = [
        ready(core.get(&cx, get))
            .map(|_| "read".to_owned())
            .unwrap_or_else(|no| no.to_string()),
        ready(core.update(&cx, update))
            .map(|_| "changed".to_owned())
            .unwrap_or_else(|no| no.to_string()),
        ready(core.history(&cx, history))
            .map(|_| "history".to_owned())
            .unwrap_or_else(|no| no.to_string()),
    ];
    answers.map(|answer| answer.replace(&id(n), "ID")).into()
}

#[test]
fn lists_counts_and_search_hold_what_the_caller_sees() {
    let world = world();
    assert_eq!(list(&world, "contact"), (vec![id(1)], Some(1)));
    assert_eq!(list(&world, "thing"), (vec![], Some(0)));
    let found = world.search("alder", None, 10);
    let found: Vec<_> = found.items.iter().map(|record| record.id.clone()).collect();
    assert_eq!(found, [id(1)]);
}

#[test]
fn a_record_that_is_not_seen_is_like_one_that_is_not_there() {
    let world = world();
    let nobody = told(&world, "contact", 9);
    assert!(
        nobody
            .iter()
            .all(|answer| answer.contains("There is no contact ID.")),
        "{nobody:?}"
    );
    assert_eq!(told(&world, "contact", 2), nobody);
    assert_eq!(told(&world, "thing", 3), told(&world, "thing", 9));
    // The customer sees their own contact.
    let own = told(&world, "contact", 1);
    assert_eq!((own[0].as_str(), own[2].as_str()), ("read", "history"));
    assert!(own[1].contains("has changed since"), "{own:?}");
}

#[test]
fn of_a_record_only_the_fields_that_the_caller_sees_are_shown() {
    let world = world();
    let request = records::GetRequest {
        r#type: "contact".into(),
        id: id(1),
        fields: None,
        include_deleted: false,
        if_none_match: None,
    };
    let asked = |fields: Option<&str>| {
        let request = records::GetRequest {
            fields: fields.map(str::to_owned),
            ..request.clone()
        };
        match ready(world.core.get(&world.cx(), request)) {
            Ok(records::GetResponse::Ok(ok)) => {
                Ok(ok.body.into_value().unwrap().fields.as_str().to_owned())
            }
            Ok(_) => panic!("nothing was said to match"),
            Err(refused) => Err(refused.to_string()),
        }
    };
    let shown = asked(None).unwrap();
    assert!(
        shown.contains("Ann") && !shown.contains("late payer"),
        "{shown}"
    );
    let hidden = asked(Some("about")).unwrap_err();
    assert_eq!(
        hidden.replace("about", "X"),
        asked(Some("nothing")).unwrap_err().replace("nothing", "X")
    );
    // The answer to a write shows no more.
    let changes =
        [json!({"op": "update", "type": "contact", "id": id(1), "fields": {"first_name": "Anna"}})];
    let results = world
        .batch(BatchRequestMode::Atomic, changes.to_vec())
        .unwrap();
    let written = serde_json::to_string(&results).unwrap();
    assert!(
        written.contains("Anna") && !written.contains("late payer"),
        "{written}"
    );
}

#[test]
fn what_is_pointed_to_has_to_be_seen() {
    let world = world();
    let point = |n: usize| {
        let fields = json!({"title": "mine", "friends": [id(n)]});
        let refused = world.create("thing", None, fields).unwrap_err();
        format!("{refused:?}").replace(&id(n), "ID")
    };
    assert!(point(9).contains("there is no thing ID"), "{}", point(9));
    assert_eq!(point(3), point(9));
    // Naming a record in the same request does not make it visible.
    let changes = [
        json!({"op": "update", "type": "thing", "id": id(3), "fields": {}}),
        json!({"op": "create", "type": "thing", "fields": {"parent": id(3)}}),
    ];
    let results = world
        .batch(BatchRequestMode::PerItem, changes.to_vec())
        .unwrap();
    let statuses: Vec<i64> = results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [404, 422]);
}

#[test]
fn a_unique_value_does_not_say_whose_it_is() {
    let world = world();
    let (code, context) = world
        .create("thing", None, json!({"code": "B-1"}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), &context["field"]),
        ("UNIQUE_VIOLATION", &json!("code"))
    );
    assert_eq!(context.get("existing"), None, "{context}");
    // The refusal says only that the id is taken, even to a repeat of the same create.
    let fields = json!({"title": "Alder boiler", "code": "B-1"});
    let (code, _) = world.create("thing", Some(id(3)), fields).unwrap_err();
    assert_eq!(code, "ID_TAKEN");
}

/// Sees everything except the thing with this number.
fn all_but(n: usize) -> Visible {
    Visible::holding("{t}.id <> {}", id(n))
}

#[test]
fn a_filter_through_a_relation_looks_at_nothing_that_is_not_seen() {
    let world = World::new();
    let thing = |n: usize, fields| drop(world.create("thing", Some(id(n)), fields).unwrap());
    thing(1, json!({"title": "seen"}));
    thing(2, json!({"title": "seen"}));
    thing(3, json!({"title": "child", "parent": id(1)}));
    thing(4, json!({"title": "child", "parent": id(2)}));
    let schema = schema();
    let thing = schema.get("thing").unwrap();
    let found = |visible: &Visible, text: &str| {
        let filter = filter::read(&schema, thing, text, 0).unwrap();
        let page = list::Page {
            object_type: thing,
            filter: Some(&filter),
            visible,
            sort: &Sort::parse(thing, Some("id")).unwrap(),
            place: &Place::Start,
            include_deleted: false,
            limit: 10,
        };
        let rows = world.store.run(&list::statement(&page));
        let count = world.store.run(&list::count(&page));
        assert_eq!(count[0][0].as_i64(), Some(rows.len() as i64));
        let ids = rows
            .into_iter()
            .map(|row| row[0].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let through = r#"{"field": "parent.title", "op": "eq", "value": "seen"}"#;
    assert_eq!(found(&Visible::ALL, through), [id(3), id(4)]);
    assert_eq!(found(&all_but(2), through), [id(3)]);
    let without = r#"{"field": "parent.title", "op": "ne", "value": "other"}"#;
    assert!(!found(&all_but(2), without).contains(&id(2)));
    let whole = r#"{"field": "title", "op": "eq", "value": "child"}"#;
    assert_eq!(found(&all_but(4), whole), [id(3)]);
}

#[test]
fn a_commit_proves_again_that_what_it_points_to_is_seen() {
    let world = World::new();
    world
        .create("thing", Some(id(1)), json!({"title": "a"}))
        .unwrap();
    let holds = |visible: &Visible, n: usize| {
        let of = id(n);
        let statement = visible.guard([of.as_str()]).statement().unwrap();
        let condition = statement
            .sql
            .replace("INSERT INTO guard (ok) SELECT 0 WHERE NOT", "SELECT");
        world
            .store
            .run(&Statement::new(condition, statement.params))[0][0]
            .as_i64()
            == Some(1)
    };
    assert!(holds(&Visible::ALL, 1) && holds(&all_but(2), 1));
    assert!(!holds(&Visible::ALL, 9) && !holds(&all_but(1), 1));
}

/// Statements over records that are not restricted, each with its reason. All others must use [`Visible`].
const UNRESTRICTED: [(&str, usize, &str); 12] = [
    ("access/visibility.rs", 1, "the guard restricts by itself"),
    (
        "auth/grant/portal_code.rs",
        2,
        "signing in: nobody asks yet",
    ),
    ("auth/sessions.rs", 1, "renewing a session: nobody asks yet"),
    (
        "records/refold/sql.rs",
        3,
        "upkeep of all records, for nobody",
    ),
    (
        "schema/words.rs",
        1,
        "words of records that the commit writes",
    ),
    (
        "records/write/commit.rs",
        2,
        "the log of records that the commit writes",
    ),
    (
        "records/write/keys.rs",
        1,
        "whose a unique value is: the caller's columns tell what is seen",
    ),
    (
        "records/write/prepare.rs",
        3,
        "whole records and unique values: the columns tell what is seen",
    ),
    (
        "records/write/rejoin.rs",
        1,
        "the unique indexes of records that the commit writes",
    ),
    (
        "schema/change/words.rs",
        1,
        "search words of all records, for nobody",
    ),
    (
        "schema/handlers.rs",
        2,
        "whether a type has records, before it goes",
    ),
    (
        "work/preamble.rs",
        1,
        "whether the customer who asks is there",
    ),
];

#[test]
fn no_statement_over_records_goes_around_the_enforcer() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![sources.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let mut selecting = 0;
    for path in files {
        let name = path
            .strip_prefix(&sources)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let is_test = name.contains("test") || name.ends_with("conformance.rs");
        if is_test || name.starts_with("work/room") || name.starts_with("work/at_once") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let count = |part: &str| text.matches(part).count();
        let statements: usize = ["FROM records", "JOIN records"].map(count).iter().sum();
        let excused = UNRESTRICTED.iter().find(|(file, ..)| *file == name);
        let excused = excused.map_or(0, |(_, count, _)| *count);
        assert!(
            statements <= count(".restrict(") + excused,
            "{name} selects from records {statements} times and restricts less: see access/visibility.rs"
        );
        selecting += statements;
    }
    assert!(selecting > 20, "{selecting} statements: where did they go?");
}
