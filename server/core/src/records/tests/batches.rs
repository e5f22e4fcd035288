//! Several operations in one request, and repeats of a request.

use super::*;
use crate::ports::store::Statement;

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
        serde_json::to_value(created.body.into_value().unwrap()).unwrap()
    );
    assert_eq!(
        world.list(None, None, None, None, 50).unwrap().items.len(),
        1
    );
}

#[test]
fn what_a_batch_shows_is_bounded_however_often_it_shows_one_record() {
    let world = World::new();
    world
        .create("thing", Some(id(1)), json!({"body": "x".repeat(100_000)}))
        .unwrap();
    let update = |n: usize| json!({"op": "update", "type": "thing", "id": id(1), "fields": {"flag": n.is_multiple_of(2)}});
    for mode in [
        types::BatchRequestMode::Atomic,
        types::BatchRequestMode::PerItem,
    ] {
        let (code, _) = world
            .batch(mode, (0..1000).map(update).collect())
            .unwrap_err();
        assert_eq!(code, "PAYLOAD_TOO_LARGE");
        // The bound holds even if nothing changes.
        let same = (0..1000).map(|_| update(0)).collect();
        assert_eq!(world.batch(mode, same).unwrap_err().0, "PAYLOAD_TOO_LARGE");
        world.batch(mode, (0..60).map(update).collect()).unwrap();
    }
}

#[test]
fn a_record_that_is_created_and_changed_in_one_batch_knows_its_first_version() {
    let world = World::new();
    let one = |op: &str| json!({"op": op, "type": "thing", "id": id(1)});
    let (mut create, mut update) = (one("create"), one("update"));
    create["fields"] = json!({"title": "a"});
    update["fields"] = json!({"title": "b"});
    let operations = vec![create, update, one("delete"), one("restore")];
    world
        .batch(types::BatchRequestMode::Atomic, operations)
        .unwrap();
    let sql = "SELECT first_version, version, (SELECT min(seq) FROM changes), (SELECT max(seq) FROM changes) FROM records";
    let rows = world.store.run(&Statement::new(sql, []));
    let [first, last, created, restored] = &rows[0][..] else {
        panic!("{rows:?}");
    };
    assert_eq!((first, last), (created, restored));
}

#[test]
fn a_batch_points_to_what_it_restores() {
    for mode in [
        types::BatchRequestMode::Atomic,
        types::BatchRequestMode::PerItem,
    ] {
        let world = World::new();
        world
            .create("thing", Some(id(1)), json!({"title": "a"}))
            .unwrap();
        world.delete(&id(1)).unwrap();
        let restore = json!({"op": "restore", "type": "thing", "id": id(1)});
        let child =
            json!({"op": "create", "type": "thing", "id": id(2), "fields": {"parent": id(1)}});
        let results = world.batch(mode, vec![restore, child]).unwrap();
        let statuses: Vec<i64> = results.iter().map(|result| result.status).collect();
        assert_eq!(statuses, [200, 201]);
    }
}
