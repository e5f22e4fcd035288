//! The effects of requests: versions, stored answers, batches, deletions, definitions, search words.

use contract_tests::{
    business::{Business, mark, new_id},
    contract::elements,
    raw::Draft,
    world::World,
};
use serde_json::{Value, json};

fn item(name: &str) -> Value {
    json!({"name": name, "unit_price": {"amount": 100, "currency": "GBP"}})
}

fn create(business: &Business, body: Value) -> Draft {
    business
        .raw
        .post("/records/price_item", body)
        .bearer(&business.owner_token)
}

/// Makes a price item; returns its path and ETag.
async fn made(business: &Business) -> (String, String) {
    let answer = create(
        business,
        json!({"fields": item(&format!("item {}", mark()))}),
    )
    .send()
    .await;
    let record = answer.expect(201);
    let path = format!("/records/price_item/{}", record["id"].as_str().unwrap());
    assert!(answer.header("location").ends_with(&path), "{answer:?}");
    (path, answer.header("etag").to_owned())
}

pub async fn a_stale_if_match(world: &World) {
    let business = world.business("web").await;
    let (path, etag) = made(&business).await;
    let patch = |name: &str, tag: &str| {
        business
            .raw
            .patch(&path, json!({"fields": {"name": name}}))
            .header("if-match", tag)
            .bearer(&business.owner_token)
    };
    let answer = patch("second", &etag).send().await;
    let version = answer.expect(200)["version"].clone();
    let fresh = answer.header("etag").to_owned();
    assert_ne!(fresh, etag);
    assert_eq!(
        patch("third", &etag)
            .send()
            .await
            .refused("VERSION_MISMATCH")["version"],
        version
    );
    let delete = |tag: &str| {
        business
            .raw
            .delete(&path)
            .header("if-match", tag)
            .bearer(&business.owner_token)
    };
    assert_eq!(
        delete(&etag).send().await.refused("VERSION_MISMATCH")["version"],
        version
    );
    for tag in ["\"x\"", "W/\"1\"", "\"0\""] {
        patch("third", tag).send().await.refused("VERSION_MISMATCH");
    }
    // Any state, and one of several.
    patch("fourth", "*").send().await.expect(200);
    let now = business
        .raw
        .get(&path)
        .bearer(&business.owner_token)
        .send()
        .await;
    let several = format!("{etag}, {}", now.header("etag"));
    patch("fifth", &several).send().await.expect(200);
    // An equal value changes nothing, the version included.
    let before = business
        .raw
        .get(&path)
        .bearer(&business.owner_token)
        .send()
        .await;
    let again = patch("fifth", "*").send().await;
    assert_eq!(again.expect(200)["version"], before.expect(200)["version"]);
}

pub async fn a_fresh_if_none_match(world: &World) {
    // Its own business, since other tests change definitions of the shared one, which changes ETags.
    let business = Business::new(world, "web").await;
    let (path, _) = made(&business).await;
    for path in [
        path.as_str(),
        "/object-types/contact",
        "/openapi.json",
        "/object-types/contact/json-schema",
    ] {
        let get = |path: String| business.raw.get(path).bearer(&business.owner_token);
        let first = get(path.to_owned()).send().await;
        let etag = first.header("etag").to_owned();
        let second = get(path.to_owned())
            .header("if-none-match", &etag)
            .send()
            .await;
        assert_eq!(second.status, 304, "{path}");
        assert_eq!(second.header("etag"), etag, "{path}");
        get(path.to_owned())
            .header("if-none-match", "\"other\"")
            .send()
            .await
            .expect(200);
        let weak = format!("\"other\", W/{}", etag.trim_start_matches("W/"));
        let third = get(path.to_owned())
            .header("if-none-match", weak)
            .send()
            .await;
        assert_eq!(third.status, 304, "{path}");
    }
    // Another projection has another ETag.
    let whole = business
        .raw
        .get(&path)
        .bearer(&business.owner_token)
        .send()
        .await;
    let part = business
        .raw
        .get(format!("{path}?fields=name"))
        .bearer(&business.owner_token);
    let answer = part
        .header("if-none-match", whole.header("etag"))
        .send()
        .await;
    assert_eq!(answer.expect(200)["fields"].as_object().unwrap().len(), 1);
}

pub async fn an_idempotency_key_answers_again(world: &World) {
    let business = world.business("web").await;
    let key = new_id();
    let body = json!({"fields": item("idempotent")});
    let first = create(&business, body.clone())
        .header("idempotency-key", &key)
        .send()
        .await;
    first.expect(201);
    assert!(first.headers.get("idempotent-replayed").is_none());
    // A quoted and a bare key are the same.
    for key in [key.clone(), format!("\"{key}\"")] {
        let again = create(&business, body.clone())
            .header("idempotency-key", key)
            .send()
            .await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers.get("etag"), first.headers.get("etag"));
        assert_eq!(again.headers.get("location"), first.headers.get("location"));
    }
    let other = json!({"fields": item("something else")});
    let draft = create(&business, other).header("idempotency-key", &key);
    draft.send().await.refused("IDEMPOTENCY_KEY_REUSED");
    // Keys belong to a caller: another caller's equal key is a different one.
    let draft = business
        .raw
        .post("/records/price_item", body)
        .bearer(&business.key_token);
    let answer = draft.header("idempotency-key", &key).send().await;
    answer.expect(201);
    assert!(answer.headers.get("idempotent-replayed").is_none());
    // A repeat with the key returns the stored secret.
    let key = new_id();
    let body = json!({"name": "stored", "scopes": ["records:read"]});
    let draft = business
        .raw
        .post("/api-keys", body)
        .bearer(&business.owner_token);
    let draft = draft.header("idempotency-key", &key);
    let first = draft.clone().send().await.expect(201);
    let again = draft.send().await;
    assert_eq!(again.expect(201)["secret"], first["secret"]);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

pub async fn a_refusal_is_judged_anew(world: &World) {
    let business = world.business("web").await;
    let (key, contact) = (new_id(), new_id());
    let fields = json!({"kind": "person", "first_name": "Ada", "parent": contact});
    let draft = || {
        let draft = business
            .raw
            .post("/records/contact", json!({"fields": fields}));
        draft
            .bearer(&business.owner_token)
            .header("idempotency-key", &key)
    };
    draft().send().await.refused("FIELD_INVALID");
    let parent = json!({"id": contact, "fields": {"kind": "company", "company_name": "Later Ltd"}});
    let draft_of_parent = business.raw.post("/records/contact", parent);
    draft_of_parent
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(201);
    draft().send().await.expect(201);
}

pub async fn the_same_create_twice(world: &World) {
    let business = world.business("web").await;
    let id = new_id();
    let body = json!({"id": id, "fields": item("twice")});
    create(&business, body.clone()).send().await.expect(201);
    let patch = json!({"fields": {"name": "changed since"}});
    let path = format!("/records/price_item/{id}");
    business
        .raw
        .patch(&path, patch)
        .bearer(&business.owner_token)
        .send()
        .await
        .expect(200);
    let again = create(&business, body.clone()).send().await.expect(201);
    assert_eq!(
        again["fields"]["name"], "changed since",
        "the record as it is now"
    );
    let other = json!({"id": id, "fields": item("other")});
    create(&business, other).send().await.refused("ID_TAKEN");
    let fields = json!({"kind": "person", "first_name": "Ada"});
    let elsewhere = business
        .raw
        .post("/records/contact", json!({"id": id, "fields": fields}));
    elsewhere
        .bearer(&business.owner_token)
        .send()
        .await
        .refused("ID_TAKEN");
}

pub async fn a_batch_stands_or_falls(world: &World) {
    let business = world.business("web").await;
    let mark = mark();
    let (good, missing) = (new_id(), new_id());
    let operations = json!([
        {"op": "create", "type": "price_item", "id": good, "fields": item(&format!("batch {mark}"))},
        {"op": "update", "type": "price_item", "id": good, "fields": {"name": format!("batch {mark} 2")}},
        {"op": "create", "type": "price_item", "fields": {"name": 7}},
        {"op": "delete", "type": "price_item", "id": missing},
    ]);
    let batch = async |mode: &str, operations: &Value| {
        let body = json!({"mode": mode, "operations": operations});
        business
            .raw
            .post("/records/batch", body)
            .bearer(&business.owner_token)
            .send()
            .await
    };
    let context = batch("atomic", &operations).await.refused("BATCH_REJECTED");
    let failures: Vec<(u64, &str)> = elements(&context["failures"])
        .map(|it| (it["index"].as_u64().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    assert!(failures.contains(&(2, "FIELD_INVALID")), "{context}");
    let path = format!("/records/price_item/{good}");
    let get = || {
        business
            .raw
            .get(path.as_str())
            .bearer(&business.owner_token)
    };
    get().send().await.refused("NOT_FOUND");
    let answer = batch("per_item", &operations).await.expect(200);
    let statuses: Vec<u64> = elements(&answer["results"])
        .map(|it| it["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 200, 422, 404], "{answer}");
    assert_eq!(answer["results"][2]["error"]["code"], "FIELD_INVALID");
    assert_eq!(
        get().send().await.expect(200)["fields"]["name"],
        format!("batch {mark} 2")
    );
    let gone = json!([
        {"op": "delete", "type": "price_item", "id": good},
        {"op": "restore", "type": "price_item", "id": good},
    ]);
    let answer = batch("atomic", &gone).await.expect(200);
    assert_eq!(
        (
            &answer["results"][0]["status"],
            &answer["results"][1]["status"]
        ),
        (&json!(204), &json!(200))
    );
    // The bounds of a batch.
    batch("atomic", &json!([]))
        .await
        .names("VALIDATION_FAILED", "/body/operations", "min_items");
    let many = vec![json!({"op": "delete", "type": "price_item", "id": missing}); 1_001];
    batch("per_item", &json!(many)).await.names(
        "VALIDATION_FAILED",
        "/body/operations",
        "max_items",
    );
    let unknown = json!([{"op": "destroy", "type": "price_item", "id": missing}]);
    batch("atomic", &unknown).await.refused("VALIDATION_FAILED");
}

/// Unique values are checked against the state after the whole write.
pub async fn a_batch_exchanges_unique_values(world: &World) {
    let business = world.business("web").await;
    let code = |n: usize| format!("{}-{n}", mark());
    let codes = [code(0), code(1), code(2)];
    let mut ids = Vec::new();
    for code in &codes {
        let mut fields = item("exchanged");
        fields["code"] = json!(code);
        let made = create(&business, json!({"fields": fields})).send().await;
        ids.push(made.expect(201)["id"].as_str().unwrap().to_owned());
    }
    let set = |n: usize, code: &str| json!({"op": "update", "type": "price_item", "id": ids[n], "fields": {"code": code}});
    let batch = |mode: &str, operations: Value| {
        let body = json!({"mode": mode, "operations": operations});
        let draft = business.raw.post("/records/batch", body);
        draft.bearer(&business.owner_token).send()
    };
    let [a, b, c] = &codes;
    for mode in ["atomic", "per_item"] {
        for operations in [
            json!([set(0, b), set(1, a)]),
            json!([set(0, ""), set(1, b), set(0, a)]),
            json!([set(2, a), set(0, c)]),
            json!([set(0, a), set(2, c)]),
        ] {
            let answer = batch(mode, operations.clone()).await.expect(200);
            for result in elements(&answer["results"]) {
                assert_eq!(result["status"], 200, "{mode} {operations}: {answer}");
            }
        }
    }
    let answer = batch("per_item", json!([set(0, b), set(2, "")])).await;
    let status: Vec<Value> = elements(&answer.expect(200)["results"])
        .map(|result| result["status"].clone())
        .collect();
    assert_eq!(status, [409, 200]);
}

/// The most indexes of a business's own fields.
const OWN_INDEXES: usize = 300;

/// SQLite opens a cursor for each index of the table in a write.
pub async fn writes_with_the_most_indexes(world: &World) {
    let business = Business::new(world, "web").await;
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let raw = &business.raw;
    let field = |n: usize| format!("code_{n}");
    let kinds = ["first", "second", "third"].map(|name| format!("{name}_{}", mark()));
    for kind in &kinds {
        let fields: Vec<Value> = (0..OWN_INDEXES / kinds.len())
            .map(|n| json!({"name": field(n), "type": "text", "label": "Code", "unique": true}))
            .collect();
        let body = json!({"name": kind, "label": "Coded", "fields": fields});
        owner(raw.post("/object-types", body))
            .send()
            .await
            .expect(201);
    }
    let batch = async |operations: Vec<Value>| {
        let body = json!({"mode": "atomic", "operations": operations});
        let answer = owner(raw.post("/records/batch", body))
            .send()
            .await
            .expect(200);
        for result in elements(&answer["results"]) {
            assert_eq!(result["status"].as_i64().unwrap() / 100, 2, "{answer}");
        }
    };
    let kind = &kinds[0];
    let ids: Vec<String> = (0..3).map(|_| new_id()).collect();
    let each = |op: &str, fields: &dyn Fn(usize) -> Value| -> Vec<Value> {
        let operation = |(n, id)| match op {
            "create" | "update" => json!({"op": op, "type": kind, "id": id, "fields": fields(n)}),
            _ => json!({"op": op, "type": kind, "id": id}),
        };
        ids.iter().enumerate().map(operation).collect()
    };
    let code = |n: usize, plus: usize| {
        (0..40)
            .map(|place| (field(place), json!(format!("{}", (n + plus) % 3))))
            .collect()
    };
    for (op, plus) in [
        ("create", 0),
        ("update", 1),
        ("delete", 0),
        ("restore", 0),
        ("update", 2),
    ] {
        batch(each(op, &|n| code(n, plus))).await;
    }
    for (n, id) in ids.iter().enumerate() {
        let record = owner(raw.get(format!("/records/{kind}/{id}")))
            .send()
            .await
            .expect(200);
        assert_eq!(record["fields"], code(n, 2));
    }
}

pub async fn deleted_records(world: &World) {
    let business = world.business("web").await;
    let (path, _) = made(&business).await;
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let raw = &business.raw;
    assert_eq!(owner(raw.delete(&path)).send().await.status, 204);
    owner(raw.get(&path)).send().await.refused("NOT_FOUND");
    owner(raw.patch(&path, json!({"fields": {"name": "x"}})))
        .send()
        .await
        .refused("NOT_FOUND");
    owner(raw.delete(&path)).send().await.refused("NOT_FOUND");
    let shown = owner(raw.get(format!("{path}?include_deleted=true")))
        .send()
        .await
        .expect(200);
    assert!(shown["deleted_at"].is_i64());
    let restored = owner(raw.post(format!("{path}/restore"), Value::Null).body(""))
        .send()
        .await;
    assert_eq!(restored.expect(200)["deleted_at"], Value::Null);
    owner(raw.get(&path)).send().await.expect(200);
    let history = owner(raw.get(format!("{path}/history")))
        .send()
        .await
        .expect(200);
    let kinds: Vec<&str> = elements(&history["items"])
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["restore", "delete", "create"]);
}

pub async fn a_new_field_is_seen_at_once(world: &World) {
    let business = world.business("web").await;
    let name = format!("extra_{}", mark());
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let raw = &business.raw;
    let fields = json!({"kind": "person", "first_name": "Ada", name.as_str(): 3});
    let body = json!({"fields": fields});
    owner(raw.post("/records/contact", body.clone()))
        .send()
        .await
        .refused("FIELD_INVALID");
    let field = json!({"name": name, "type": "integer", "label": "Extra"});
    owner(raw.post("/object-types/contact/fields", field))
        .send()
        .await
        .expect(201);
    let record = owner(raw.post("/records/contact", body.clone()))
        .send()
        .await
        .expect(201);
    assert_eq!(record["fields"][&name], 3);
    let schema = owner(raw.get("/object-types/contact/json-schema"))
        .send()
        .await
        .expect(200);
    assert_eq!(schema["properties"][&name]["type"], "integer", "{schema}");
    let path = format!("/object-types/contact/fields/{name}");
    assert_eq!(owner(raw.delete(&path)).send().await.status, 204);
    owner(raw.post("/records/contact", body))
        .send()
        .await
        .refused("FIELD_INVALID");
    let path = format!("/records/contact/{}", record["id"].as_str().unwrap());
    let record = owner(raw.get(path)).send().await.expect(200);
    assert!(
        record["fields"].get(&name).is_none(),
        "a deleted field is not shown"
    );
}

pub async fn search_finds_words(world: &World) {
    let business = world.business("web").await;
    let word = format!("Zürich{}", mark());
    let fields = json!({"kind": "person", "first_name": word, "last_name": "O'Brien"});
    let owner = |draft: Draft| draft.bearer(&business.owner_token);
    let raw = &business.raw;
    let body = json!({"fields": fields});
    let id = owner(raw.post("/records/contact", body))
        .send()
        .await
        .expect(201)["id"]
        .clone();
    let search = async |q: &str| {
        let page = owner(raw.get("/search"))
            .query("q", q)
            .send()
            .await
            .expect(200);
        elements(&page["items"])
            .map(|it| it["id"].clone())
            .collect::<Vec<_>>()
    };
    let folded = word.to_lowercase().replace('ü', "u");
    for q in [
        word.as_str(),
        folded.as_str(),
        &folded[..folded.len() - 3],
        &format!("{folded} o'brien"),
    ] {
        assert_eq!(search(q).await, std::slice::from_ref(&id), "{q}");
    }
    for q in [
        format!("{folded} nobody"),
        "\"".to_owned(),
        "' OR 1=1 --".to_owned(),
        format!("{folded}*\" OR"),
        "NEAR(".to_owned(),
        "()".to_owned(),
    ] {
        assert!(!search(&q).await.contains(&id), "{q}");
    }
    owner(raw.get("/search"))
        .send()
        .await
        .names("VALIDATION_FAILED", "/query/q", "required");
}
