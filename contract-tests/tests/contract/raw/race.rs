//! Fifty callers at once; the request takes effect once.

use std::collections::{BTreeMap, BTreeSet};

use contract_tests::{
    business::{Business, mark, new_id},
    contract::elements,
    raw::{Answer, Draft},
    world::World,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const CALLERS: usize = 50;

/// Sends the drafts at the same time.
async fn at_once(drafts: impl IntoIterator<Item = Draft>) -> Vec<Answer> {
    join_all(drafts.into_iter().map(|draft| tokio::spawn(draft.send())))
        .await
        .into_iter()
        .map(|answer| answer.expect("an answer"))
        .collect()
}

async fn found(business: &Business, kind: &str, field: &str, value: &str) -> Vec<Value> {
    let filter = json!({"field": field, "op": "eq", "value": value}).to_string();
    let page = business
        .raw
        .get(format!("/records/{kind}"))
        .query("filter", &filter)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(200);
    elements(&page["items"]).cloned().collect()
}

pub async fn one_idempotency_key(world: &World) {
    let business = world.business("web").await;
    let name = format!("race{}", mark());
    let body = json!({"fields": {"name": name, "unit_price": {"amount": 1, "currency": "GBP"}}});
    let key = new_id();
    let draft = business
        .raw
        .post("/records/price_item", body)
        .bearer(&business.owner_token)
        .header("idempotency-key", &key);
    let answers = at_once(vec![draft; CALLERS]).await;
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.expect(201)["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let bodies: BTreeSet<&[u8]> = answers.iter().map(|answer| answer.body.as_ref()).collect();
    assert_eq!(bodies.len(), 1, "the same answer to all");
    let first = answers
        .iter()
        .filter(|it| !it.headers.contains_key("idempotent-replayed"))
        .count();
    assert_eq!(first, 1, "all others are told that it is a replay");
    assert_eq!(found(&business, "price_item", "name", &name).await.len(), 1);
}

pub async fn one_record(world: &World) {
    let business = world.business("web").await;
    let name = format!("race{}", mark());
    let price = json!({"amount": 1, "currency": "GBP"});
    let body = json!({"id": new_id(), "fields": {"name": name, "unit_price": price}});
    let draft = |body: &Value| {
        business
            .raw
            .post("/records/price_item", body.clone())
            .bearer(&business.owner_token)
    };
    let answers = at_once((0..CALLERS).map(|_| draft(&body))).await;
    for answer in &answers {
        assert_eq!(answer.expect(201)["id"], body["id"]);
    }
    assert_eq!(found(&business, "price_item", "name", &name).await.len(), 1);
    // One id with different contents: one request wins.
    let id = new_id();
    let answers = at_once((0..CALLERS).map(|at| {
        draft(&json!({"id": id, "fields": {"name": format!("{name} {at}"), "unit_price": price}}))
    }))
    .await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused("ID_TAKEN");
    }
}

pub async fn one_unique_value(world: &World) {
    let business = world.business("web").await;
    let kind = format!("uniq_{}", mark());
    let body = json!({"name": kind, "label": "Unique", "fields": [
        {"name": "serial", "type": "text", "label": "Serial", "unique": true},
    ]});
    let post =
        |path: String, body: Value| business.raw.post(path, body).bearer(&business.owner_token);
    post("/object-types".to_owned(), body)
        .send()
        .await
        .expect(201);
    let draft = post(
        format!("/records/{kind}"),
        json!({"fields": {"serial": "one"}}),
    );
    let answers = at_once(vec![draft; CALLERS]).await;
    let winner: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(winner.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let context = answer.refused("UNIQUE_VIOLATION");
        assert_eq!(context["field"], "serial");
        assert_eq!(context["existing"], winner[0].as_str());
    }
    assert_eq!(found(&business, &kind, "serial", "one").await.len(), 1);
}

pub async fn one_refresh_token(world: &World) {
    let business = world.business("web").await;
    let raw = world.raw("web");
    let session = contract_tests::business::sign_in(raw, &business.owner).await;
    let grant = json!({"grant_type": "refresh_token", "refresh_token": session["refresh_token"]});
    let answers = at_once((0..20).map(|_| raw.post("/auth/token", grant.clone()))).await;
    let successors: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.expect(200)["refresh_token"].to_string())
        .collect();
    assert_eq!(
        successors.len(),
        1,
        "the same successor to all: {successors:?}"
    );
}

/// Simultaneous edits of different fields are all kept.
pub async fn field_by_field(world: &World) {
    let business = world.business("web").await;
    let kind = format!("many_{}", mark());
    let names: Vec<String> = (0..20).map(|at| format!("f{at}")).collect();
    let fields: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "type": "integer", "label": name}))
        .collect();
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let raw = &business.raw;
    let body = json!({"name": kind, "label": "Many", "fields": fields});
    owner(raw.post("/object-types", body))
        .send()
        .await
        .expect(201);
    let record = owner(raw.post(format!("/records/{kind}"), json!({"fields": {}})))
        .send()
        .await;
    let path = format!(
        "/records/{kind}/{}",
        record.expect(201)["id"].as_str().unwrap()
    );
    let answers = at_once(names.iter().map(|name| {
        let fields: BTreeMap<&str, u32> = BTreeMap::from([(name.as_str(), 7)]);
        owner(raw.patch(&path, json!({"fields": fields})))
    }))
    .await;
    let versions: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.expect(200)["version"].to_string())
        .collect();
    assert_eq!(
        versions.len(),
        names.len(),
        "each edit has a version of its own"
    );
    let record = owner(raw.get(&path)).send().await.expect(200);
    for name in &names {
        assert_eq!(record["fields"][name], 7, "{name} was lost");
    }
}
