//! The operations on records, through the handlers, on a tenant in memory.

use crm_contract::v1::{
    server::{RecordsHandlers, records},
    types,
};
use crm_runtime::{
    RawJson,
    server::{ErrorCode, Problem},
};
use serde_json::{Value as Json, json};

use crate::testing::{World, id, ready};

pub type Refused = (String, Json);

pub fn refused<E: ErrorCode>(problem: Problem<E>) -> Refused {
    (
        problem.code().code().to_owned(),
        Json::Object(problem.context().clone()),
    )
}

pub fn fields(record: &types::Record<RawJson>) -> Json {
    record.fields.parse().unwrap()
}

impl World {
    pub fn create(
        &self,
        object_type: &str,
        id: Option<String>,
        fields: Json,
    ) -> Result<types::Record<RawJson>, Refused> {
        let body = types::RecordCreate {
            id,
            fields: fields.as_object().unwrap().clone(),
        };
        let request = records::CreateRequest {
            r#type: object_type.into(),
            idempotency_key: None,
            body,
        };
        match ready(self.core.create(&self.cx(), request)).map_err(refused)? {
            records::CreateResponse::Created(created) => {
                let body = created.body.into_value().unwrap();
                assert_eq!(created.e_tag, Some(format!("\"{}\"", body.version)));
                assert_eq!(
                    created.location,
                    Some(format!("/records/{object_type}/{}", body.id))
                );
                Ok(body)
            }
            records::CreateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn thing(&self, fields: Json) -> types::Record<RawJson> {
        self.create("thing", None, fields).unwrap()
    }

    pub fn get(&self, id: &str) -> Result<types::Record<RawJson>, Refused> {
        let request = records::GetRequest {
            r#type: "thing".into(),
            id: id.into(),
            fields: None,
            include_deleted: false,
            if_none_match: None,
        };
        match ready(self.core.get(&self.cx(), request)).map_err(refused)? {
            records::GetResponse::Ok(found) => Ok(found.body.into_value().unwrap()),
            records::GetResponse::NotModified(_) => panic!("nothing was said to match"),
        }
    }

    pub fn update(
        &self,
        id: &str,
        if_match: Option<&str>,
        fields: Json,
    ) -> Result<types::Record<RawJson>, Refused> {
        let body = types::RecordUpdate {
            fields: fields.as_object().unwrap().clone(),
        };
        let request = records::UpdateRequest {
            r#type: "thing".into(),
            id: id.into(),
            if_match: if_match.map(str::to_owned),
            idempotency_key: None,
            body,
        };
        match ready(self.core.update(&self.cx(), request)).map_err(refused)? {
            records::UpdateResponse::Ok(updated) => Ok(updated.body.into_value().unwrap()),
            records::UpdateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn delete(&self, id: &str) -> Result<(), Refused> {
        let request = records::DeleteRequest {
            r#type: "thing".into(),
            id: id.into(),
            if_match: None,
            idempotency_key: None,
        };
        ready(self.core.delete(&self.cx(), request))
            .map(drop)
            .map_err(refused)
    }

    pub fn restore(&self, id: &str) -> Result<types::Record<RawJson>, Refused> {
        let request = records::RestoreRequest {
            r#type: "thing".into(),
            id: id.into(),
            idempotency_key: None,
        };
        match ready(self.core.restore(&self.cx(), request)).map_err(refused)? {
            records::RestoreResponse::Ok(restored) => Ok(restored.body.into_value().unwrap()),
            records::RestoreResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn list(
        &self,
        filter: Option<Json>,
        sort: Option<&str>,
        fields: Option<&str>,
        cursor: Option<String>,
        limit: i64,
    ) -> Result<types::RecordPage<RawJson>, Refused> {
        let request = records::ListRequest {
            r#type: "thing".into(),
            filter: filter.map(|filter| filter.to_string()),
            sort: sort.map(str::to_owned),
            fields: fields.map(str::to_owned),
            limit,
            cursor,
            include_deleted: false,
        };
        ready(self.core.list(&self.cx(), request))
            .map(|page| page.body.into_value().unwrap())
            .map_err(refused)
    }

    pub fn batch(
        &self,
        mode: types::BatchRequestMode,
        operations: Vec<Json>,
    ) -> Result<Vec<types::BatchResult<RawJson>>, Refused> {
        let operations = serde_json::from_value(operations.into()).unwrap();
        let request = records::BatchRequest {
            idempotency_key: None,
            body: types::BatchRequest { mode, operations },
        };
        match ready(self.core.batch(&self.cx(), request)).map_err(refused)? {
            records::BatchResponse::Ok(done) => Ok(done.body.into_value().unwrap().results),
            records::BatchResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn search(
        &self,
        q: &str,
        cursor: Option<String>,
        limit: i64,
    ) -> types::RecordPage<RawJson> {
        let request = records::SearchRequest {
            q: q.into(),
            types: None,
            fields: None,
            limit,
            cursor,
        };
        ready(self.core.search(&self.cx(), request))
            .map_err(refused)
            .unwrap()
            .body
            .into_value()
            .unwrap()
    }

    pub fn history(&self, id: &str) -> Vec<types::HistoryEntry> {
        let request = records::HistoryRequest {
            r#type: "thing".into(),
            id: id.into(),
            fields: None,
            limit: 50,
            cursor: None,
            include_deleted: true,
        };
        ready(self.core.history(&self.cx(), request))
            .map_err(refused)
            .unwrap()
            .body
            .items
    }
}

#[test]
fn what_is_created_is_read_with_defaults_and_without_what_is_empty() {
    let world = World::new();
    let created = world.thing(json!({"title": "São", "tags": [], "body": "", "email": " A@Example.ORG ", "phone": "+44 (1632) 960-147"}));
    assert_eq!(
        fields(&created),
        json!({"title": "São", "flag": true, "status": "new", "state": "draft", "email": "A@example.org", "phone": "+441632960147", "serial": 1})
    );
    let got = world.get(&created.id).unwrap();
    assert_eq!(
        (fields(&got), got.version, got.created_by),
        (fields(&created), created.version, created.created_by)
    );
    assert_eq!(fields(&world.thing(json!({})))["serial"], 2);
}

#[test]
fn all_that_definitions_refuse_is_said_at_once() {
    let world = World::new();
    let (code, context) = world
        .create("thing", None, json!({"title": 1, "count": 1001, "status": "odd", "parent": id(9), "nothing": 1, "day": "2026-01-01", "total": {"amount": 1, "currency": "GBP"}, "email": "x"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_INVALID");
    let mut rules: Vec<(String, String)> = context["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap().into(),
                error["rule"].as_str().unwrap().into(),
            )
        })
        .collect();
    rules.sort();
    let expected = [
        ("count", "max"),
        ("day", "type"),
        ("email", "email"),
        ("nothing", "unknown_field"),
        ("status", "options"),
        ("title", "type"),
        ("total", "server_owned"),
    ];
    assert_eq!(
        rules,
        expected.map(|(name, rule)| (format!("/body/fields/{name}"), rule.to_owned()))
    );
    let (code, _) = world
        .create("thing", None, json!({"serial": 7, "state": "open"}))
        .unwrap_err();
    assert_eq!(code, "FIELD_SERVER_OWNED");
    let (code, context) = world
        .create("thing", None, json!({"parent": id(9), "owner": id(8)}))
        .unwrap_err();
    assert_eq!(
        (code.as_str(), context["errors"].as_array().unwrap().len()),
        ("FIELD_INVALID", 2)
    );
    // Nothing makes teams and files, so there is none to point to.
    let (code, context) = world
        .create("thing", None, json!({"team": id(1), "files": [id(2)]}))
        .unwrap_err();
    assert_eq!(
        (
            code.as_str(),
            &context["errors"][0]["rule"],
            &context["errors"][1]["rule"]
        ),
        ("FIELD_INVALID", &json!("file"), &json!("team"))
    );
    world.thing(json!({"team": null, "files": []}));
    assert_eq!(
        world.create("nothing", None, json!({})).unwrap_err().0,
        "NOT_FOUND"
    );
    assert_eq!(
        world.create("job", None, json!({})).unwrap_err().0,
        "FIELD_INVALID"
    );
}

#[test]
fn the_same_create_twice_makes_one_record() {
    let world = World::new();
    let first = world
        .create("thing", Some(id(1)), json!({"title": "a", "count": 1}))
        .unwrap();
    world.update(&id(1), None, json!({"title": "b"})).unwrap();
    let again = world
        .create("thing", Some(id(1)), json!({"count": 1, "title": "a"}))
        .unwrap();
    assert_eq!(fields(&again)["title"], "b");
    assert!(again.version > first.version);
    let other = world
        .create("thing", Some(id(1)), json!({"title": "c"}))
        .unwrap_err();
    let elsewhere = world
        .create("contact", Some(id(1)), json!({"last_name": "c"}))
        .unwrap_err();
    assert_eq!(other.0, "ID_TAKEN");
    assert_eq!(other, elsewhere);
}

#[test]
fn an_update_touches_what_it_names_and_null_clears() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "count": 1, "tags": ["x"]}));
    let updated = world
        .update(&created.id, None, json!({"title": "b", "tags": null}))
        .unwrap();
    assert!(updated.version > created.version);
    assert_eq!(
        (
            &fields(&updated)["title"],
            &fields(&updated)["count"],
            fields(&updated).get("tags")
        ),
        (&json!("b"), &json!(1), None)
    );
    let same = world
        .update(&created.id, None, json!({"title": "b", "tags": []}))
        .unwrap();
    assert_eq!(same, updated);
    assert_eq!(world.history(&created.id).len(), 2);
    assert_eq!(
        world
            .update(&id(77), None, json!({"title": "b"}))
            .unwrap_err()
            .0,
        "NOT_FOUND"
    );
}

#[test]
fn if_match_refuses_what_was_decided_on_an_old_state() {
    let world = World::new();
    let created = world.thing(json!({"title": "a"}));
    let tag = format!("\"{}\"", created.version);
    let updated = world
        .update(&created.id, Some(&tag), json!({"title": "b"}))
        .unwrap();
    assert_eq!(
        world
            .update(&created.id, Some(&tag), json!({"title": "c"}))
            .unwrap_err(),
        (
            "VERSION_MISMATCH".into(),
            json!({"version": updated.version})
        )
    );
    world
        .update(&created.id, Some("*"), json!({"title": "c"}))
        .unwrap();
}

#[test]
fn fields_that_two_callers_change_at_once_both_stay() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "count": 1}));
    let other = format!(
        "UPDATE meta SET seq = seq + 1; UPDATE records SET version = (SELECT seq FROM meta), data = json_set(data, '$.count', 2) WHERE id = '{}'",
        created.id
    );
    *world.store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        connection.execute_batch(&other).unwrap()
    }));
    let updated = world
        .update(&created.id, None, json!({"title": "b"}))
        .unwrap();
    assert_eq!(
        (&fields(&updated)["title"], &fields(&updated)["count"]),
        (&json!("b"), &json!(2))
    );
    assert_eq!(world.get(&created.id).unwrap(), updated);
}

#[test]
fn deletion_is_soft_and_restore_brings_back() {
    let world = World::new();
    let created = world.thing(json!({"title": "a", "code": "X"}));
    world.delete(&created.id).unwrap();
    assert_eq!(world.get(&created.id).unwrap_err().0, "NOT_FOUND");
    assert_eq!(world.delete(&created.id).unwrap_err().0, "NOT_FOUND");
    assert!(
        world
            .list(None, None, None, None, 50)
            .unwrap()
            .items
            .is_empty()
    );
    assert!(world.search("a", None, 50).items.is_empty());
    let restored = world.restore(&created.id).unwrap();
    assert_eq!(fields(&restored), fields(&created));
    assert_eq!(world.restore(&created.id).unwrap(), restored);
    world.delete(&created.id).unwrap();
    let other = world.thing(json!({"code": "x"}));
    assert_eq!(
        world.restore(&created.id).unwrap_err(),
        (
            "UNIQUE_VIOLATION".into(),
            json!({"field": "code", "existing": other.id})
        )
    );
    let kinds: Vec<String> = world
        .history(&created.id)
        .iter()
        .map(|entry| {
            serde_json::to_value(&entry.kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(kinds, ["delete", "restore", "delete", "create"]);
}

#[test]
fn a_unique_value_has_one_holder_however_it_is_written() {
    let world = World::new();
    let first = world.thing(json!({"code": "Ä-1"}));
    let violation = (
        "UNIQUE_VIOLATION".to_owned(),
        json!({"field": "code", "existing": first.id}),
    );
    assert_eq!(
        world
            .create("thing", None, json!({"code": "a-1"}))
            .unwrap_err(),
        violation
    );
    let second = world.thing(json!({"code": "b"}));
    assert_eq!(
        world
            .update(&second.id, None, json!({"code": "A-1"}))
            .unwrap_err(),
        violation
    );
    world
        .update(&first.id, None, json!({"code": "ä-1"}))
        .unwrap();
    world
        .update(&first.id, None, json!({"code": null}))
        .unwrap();
    world
        .update(&second.id, None, json!({"code": "A-1"}))
        .unwrap();
}

#[test]
fn a_unique_value_that_is_raced_has_one_winner() {
    let world = World::new();
    let winner = world.thing(json!({"title": "w"}));
    let take = format!(
        "UPDATE records SET data = json_set(data, '$.code', 'x') WHERE id = '{}'",
        winner.id
    );
    *world.store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        connection.execute_batch(&take).unwrap()
    }));
    assert_eq!(
        world
            .create("thing", None, json!({"code": "X"}))
            .unwrap_err(),
        (
            "UNIQUE_VIOLATION".into(),
            json!({"field": "code", "existing": winner.id})
        )
    );
}

#[test]
fn relations_point_to_records_that_are_there_and_of_their_type() {
    let world = World::new();
    let parent = world.thing(json!({"title": "p"}));
    let contact = world
        .create("contact", None, json!({"last_name": "c"}))
        .unwrap();
    world.thing(json!({"parent": parent.id, "friends": [parent.id]}));
    let rule = |fields: Json| {
        world.create("thing", None, fields).unwrap_err().1["errors"][0]["rule"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(rule(json!({"parent": contact.id})), "target");
    assert_eq!(rule(json!({"friends": [parent.id, id(5)]})), "relation");
    let delete = format!(
        "UPDATE records SET deleted_at = 1 WHERE id = '{}'",
        parent.id
    );
    *world.store.before_commit.lock().unwrap() = Some(Box::new(move |connection| {
        connection.execute_batch(&delete).unwrap()
    }));
    assert_eq!(rule(json!({"parent": parent.id})), "relation");
}

#[test]
fn totals_follow_the_lines() {
    let world = World::new();
    let line = |quantity: i64, amount: i64| json!({"description": "d", "quantity": quantity, "unit_price": {"amount": amount, "currency": "GBP"}, "tax_ppm": 200_000});
    let created =
        world.thing(json!({"currency": "GBP", "lines": [line(1_500, 33), line(1_000, 100)]}));
    let total =
        |record: &types::Record<RawJson>| fields(record)["total"]["amount"].as_i64().unwrap();
    assert_eq!(
        (total(&created), &fields(&created)["balance"]),
        (180, &json!({"amount": 180, "currency": "GBP"}))
    );
    let updated = world
        .update(
            &created.id,
            None,
            json!({"discount": {"amount": 50, "currency": "GBP"}}),
        )
        .unwrap();
    assert_eq!(total(&updated), 120);
    assert!(
        world.history(&created.id)[0]
            .changes
            .contains_key("tax_total")
    );
    let (code, context) = world
        .update(
            &created.id,
            None,
            json!({"discount": {"amount": 50, "currency": "EUR"}}),
        )
        .unwrap_err();
    assert_eq!(
        (
            code.as_str(),
            context["errors"][0]["pointer"].as_str().unwrap()
        ),
        ("FIELD_INVALID", "/body/fields/discount/currency")
    );
}

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
    let cursor = first.next_cursor.unwrap();
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
            second.next_cursor
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
    assert_eq!(page.next_cursor, None);
    world.update(&b.id, None, json!({"body": "river"})).unwrap();
    let page = world.search("r", None, 1);
    assert_eq!(page.items[0].id, b.id);
    assert_eq!(world.search("r", page.next_cursor, 1).items[0].id, a.id);
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

#[test]
fn a_batch_stands_or_falls_as_one() {
    let world = World::new();
    let good = json!({"op": "create", "type": "thing", "id": id(1), "fields": {"title": "a"}});
    let (code, context) = world
        .batch(
            types::BatchRequestMode::Atomic,
            vec![
                good.clone(),
                json!({"op": "create", "type": "thing", "fields": {"count": "x"}}),
                json!({"op": "delete", "type": "thing", "id": id(2)}),
            ],
        )
        .unwrap_err();
    assert_eq!(code, "BATCH_REJECTED");
    let failures: Vec<(i64, &str)> = context["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            (
                failure["index"].as_i64().unwrap(),
                failure["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(failures, [(1, "FIELD_INVALID"), (2, "NOT_FOUND")]);
    assert_eq!(
        context["failures"][0]["context"]["errors"][0]["pointer"],
        "/body/operations/1/fields/count"
    );
    assert_eq!(world.get(&id(1)).unwrap_err().0, "NOT_FOUND");
    world
        .batch(types::BatchRequestMode::Atomic, vec![good])
        .unwrap();
    world.get(&id(1)).unwrap();
}

#[test]
fn later_operations_of_a_batch_see_earlier_ones() {
    let world = World::new();
    let results = world
        .batch(
            types::BatchRequestMode::PerItem,
            vec![
                json!({"op": "create", "type": "thing", "id": id(1), "fields": {"title": "p", "code": "x"}}),
                json!({"op": "create", "type": "thing", "id": id(2), "fields": {"parent": id(1)}}),
                json!({"op": "create", "type": "thing", "id": id(3), "fields": {"code": "X"}}),
                json!({"op": "update", "type": "thing", "id": id(1), "fields": {"code": "y", "title": "q"}}),
                json!({"op": "create", "type": "thing", "id": id(4), "fields": {"code": "X"}}),
                json!({"op": "delete", "type": "thing", "id": id(2)}),
                json!({"op": "create", "type": "thing", "fields": {"parent": id(2)}}),
                json!({"op": "restore", "type": "thing", "id": id(2)}),
                json!({"op": "update", "type": "thing", "id": id(1), "version": 1, "fields": {"title": "r"}}),
            ],
        )
        .unwrap();
    assert_eq!(
        results
            .iter()
            .map(|result| result.status)
            .collect::<Vec<_>>(),
        [201, 201, 409, 200, 201, 204, 422, 200, 412]
    );
    assert_eq!(results[2].error.as_ref().unwrap().code, "UNIQUE_VIOLATION");
    let last = results[3].record.clone().unwrap();
    assert_eq!(
        (
            fields(&world.get(&id(1)).unwrap()),
            world.get(&id(1)).unwrap().version
        ),
        (fields(&last), last.version)
    );
    assert_eq!(
        fields(&last),
        json!({"title": "q", "code": "y", "flag": true, "status": "new", "state": "draft", "serial": 1})
    );
    assert_eq!(fields(&world.get(&id(2)).unwrap())["serial"], 2);
    assert_eq!(fields(&world.get(&id(4)).unwrap())["serial"], 3);
    assert_eq!(world.history(&id(1)).len(), 2);
}

#[test]
fn a_repeat_with_the_same_key_is_the_stored_answer() {
    let world = World::new();
    let mut cx = world.cx();
    cx.idempotency = Some(crate::context::Idempotency {
        key_hash: "k".into(),
        fingerprint: "f".into(),
        seal: [0; 32],
    });
    let body = types::RecordCreate {
        id: None,
        fields: json!({"title": "a"}).as_object().unwrap().clone(),
    };
    let request = || records::CreateRequest {
        r#type: "thing".into(),
        idempotency_key: None,
        body: body.clone(),
    };
    let records::CreateResponse::Created(created) = ready(world.core.create(&cx, request()))
        .map_err(refused)
        .unwrap()
    else {
        panic!()
    };
    let records::CreateResponse::Replayed(stored) = ready(world.core.create(&cx, request()))
        .map_err(refused)
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(
        serde_json::from_slice::<Json>(&stored.body).unwrap(),
        serde_json::to_value(&created.body.into_value().unwrap()).unwrap()
    );
    assert_eq!(
        world.list(None, None, None, None, 50).unwrap().items.len(),
        1
    );
}

#[test]
fn a_read_is_one_round_trip_and_a_write_two_whatever_the_number_of_records() {
    let world = World::new();
    world.thing(json!({"title": "cold"}));
    // Definitions and roles were not yet known: read once, and found to be missing once.
    assert_eq!(world.store.trips(), (3, 1));
    let warm = world.thing(json!({"title": "warm", "code": "w"}));
    assert_eq!(world.store.trips(), (1, 1));
    world.get(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    world
        .list(
            Some(json!({"field": "parent.title", "op": "eq", "value": "x"})),
            Some("-title"),
            None,
            None,
            50,
        )
        .unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    world.search("warm", None, 50);
    assert_eq!(world.store.trips(), (1, 0));
    world.history(&warm.id);
    assert_eq!(world.store.trips(), (1, 0));
    world
        .update(
            &warm.id,
            None,
            json!({"title": "x", "parent": warm.id, "code": "v"}),
        )
        .unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.update(&warm.id, None, json!({"title": "x"})).unwrap();
    assert_eq!(world.store.trips(), (1, 0));
    let many = (0..1000).map(|n| json!({"op": "create", "type": "thing", "fields": {"title": format!("t{n}"), "parent": warm.id, "code": format!("c{n}")}}));
    world
        .batch(types::BatchRequestMode::Atomic, many.collect())
        .unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.delete(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 1));
    world.restore(&warm.id).unwrap();
    assert_eq!(world.store.trips(), (1, 1));
}

#[test]
fn what_a_write_reads_it_finds_by_index() {
    let world = World::new();
    let plan = |sql: &str| {
        world.store.plan(&crate::ports::store::Statement::new(
            sql.to_owned(),
            ["[]".into()],
        ))
    };
    let thing = crate::testing::thing();
    let plain = &thing.field("code").unwrap().sql.plain;
    let unique = plan(&format!(
        "SELECT id FROM records WHERE type = 'thing' AND deleted_at IS NULL AND {plain} IN (SELECT value FROM json_each(?1))"
    ));
    assert!(unique.contains("u.thing.code (<expr>=?)"), "{unique}");
    let restore = plan(&format!(
        "SELECT r.id, o.id FROM records r JOIN records o ON {} = {} WHERE o.type = 'thing' AND o.deleted_at IS NULL AND o.id <> r.id AND r.id IN (SELECT value FROM json_each(?1))",
        crate::schema::index::Expressions::of("o", plain),
        crate::schema::index::Expressions::of("r", plain)
    ));
    assert!(restore.contains("u.thing.code (<expr>=?)"), "{restore}");
    let update = plan(
        "UPDATE records SET version = 1 FROM json_each(?1) j WHERE records.id = (j.value ->> 0)",
    );
    assert!(
        update.contains("SEARCH records USING") && update.contains("(id=?)"),
        "{update}"
    );
    let search = world
        .store
        .plan(&super::search::statement("two words", None, Some(9), 50).unwrap());
    assert!(
        search.contains("SEARCH records USING INTEGER PRIMARY KEY (rowid=?)")
            && !search.contains("SCAN words"),
        "{search}"
    );
}
