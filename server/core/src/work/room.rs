//! A request that has to read again keeps only what it read last in memory.

use std::{net::IpAddr, sync::Arc};

use serde_json::{Value, json};

use crate::{
    held::Hall,
    http::BODY_LIMIT,
    shares::Shares,
    testing::api::{Api, Reply, TENANT, now, tenant},
};

/// The most notes of 200 kB that one batch may change.
const NOTES: usize = 41;

/// The memory that one business may use for reads and answers, on the host with the lower bound.
const PART: usize = 32 << 20;

struct Shop {
    api: Api,
    token: String,
    notes: Vec<String>,
}

fn shop() -> Shop {
    let api = Api::default();
    let token = api.owner();
    let fields = json!({"body": "\u{1F4A1}".repeat(50_000)});
    let note = || create(&api, &token, "note", &fields);
    let notes = (0..NOTES).map(|_| note()).collect();
    Shop { api, token, notes }
}

fn create(api: &Api, token: &str, record_type: &str, fields: &Value) -> String {
    let path = format!("/records/{record_type}");
    let made = api.post(&path, token, json!({ "fields": fields }));
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

impl Shop {
    /// Changes all notes and adds the operation `more`, from an address that shares memory with others.
    fn change(&self, pinned: bool, more: Option<Value>) -> Reply {
        let shares = || Shares::new(4 * PART, PART);
        let hall = Arc::new(Hall::new(shares(), shares(), shares()));
        let held = hall.enter(IpAddr::from([192, 0, 2, 1]));
        assert!(held.body(BODY_LIMIT) && held.work());
        let update = |id: &String| json!({"op": "update", "type": "note", "id": id, "fields": {"pinned": pinned}});
        let operations: Vec<Value> = self.notes.iter().map(update).chain(more).collect();
        let body = json!({"mode": "per_item", "operations": operations});
        now(held.during(async { self.api.post("/records/batch", &self.token, body) }))
    }

    /// Another client's write between the next read and its commit.
    fn race(&self, sql: String) {
        let memory = self.api.host.world.memory(&tenant(TENANT)).unwrap();
        *memory.before_commit.lock() = Some(Box::new(move |connection| {
            connection.execute_batch(&sql).unwrap();
        }));
        memory.trips();
    }

    fn trips(&self) -> (usize, usize) {
        let memory = self.api.host.world.memory(&tenant(TENANT)).unwrap();
        memory.trips()
    }
}

#[test]
fn the_largest_batch_that_loses_a_race_is_not_refused() {
    let shop = shop();
    shop.change(true, None).expect(200);
    shop.race(format!(
        "UPDATE meta SET seq = seq + 1; UPDATE records SET version = (SELECT seq FROM meta) WHERE id = '{}'",
        shop.notes[0]
    ));
    shop.change(false, None).expect(200);
    assert_eq!(shop.trips(), (2, 2));
}

#[test]
fn the_largest_batch_that_loses_a_race_for_a_unique_value_is_not_refused() {
    let shop = shop();
    let field = json!({"name": "code", "type": "text", "label": "Code", "unique": true});
    let valve = json!({"name": "valve", "label": "Valve", "fields": [field]});
    shop.api
        .post("/object-types", &shop.token, valve)
        .expect(201);
    let item = json!({"code": "V1"});
    let id = create(&shop.api, &shop.token, "valve", &item);
    shop.api.sql(&format!(
        "CREATE TABLE aside AS SELECT * FROM records WHERE id = '{id}'; DELETE FROM records WHERE id = '{id}'"
    ));
    shop.race("UPDATE meta SET seq = seq + 1; INSERT INTO records SELECT * FROM aside".into());
    let create = json!({"op": "create", "type": "valve", "fields": item});
    let done = shop.change(true, Some(create)).expect(200);
    assert_eq!(done["results"][NOTES]["status"], 409);
    assert_eq!(done["results"][0]["status"], 200);
    assert_eq!(shop.trips(), (2, 2));
}

#[test]
fn the_largest_batch_on_definitions_that_moved_is_not_refused() {
    let shop = shop();
    shop.change(true, None).expect(200);
    shop.api.sql("UPDATE meta SET schema_rev = schema_rev + 1");
    shop.change(false, None).expect(200);
}
