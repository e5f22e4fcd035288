//! Records, as each client that has them reads and writes them.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use std::collections::BTreeSet;

            use contract_tests::{
                business::{Business, mark, new_id},
                world::World,
            };
            use futures_util::TryStreamExt;
            use serde_json::{Value, json};
            use $($client)::+::{
                AnswerHeaders, Client, Patch,
                types::{self, Record},
            };

            use crate::clients::{Page as _, client, done, not_modified, of, refused};

            type Sent<T> = crate::clients::Sent<T, types::Problem>;

            const NAME: &str = stringify!($consumer);

            /// A client that may do everything.
            fn client(world: &World, business: &Business) -> Client {
                client!($($client)::+, world, NAME, business.token(NAME))
            }

            async fn setup(world: &World) -> (std::sync::Arc<Business>, Client) {
                let business = world.business(NAME).await;
                let client = client(world, &business);
                (business, client)
            }

            async fn made(client: &Client, kind: &str, fields: Value) -> Record {
                done(try_create(client, kind, None, fields).await)
            }

            async fn try_create(
                client: &Client,
                kind: &str,
                id: Option<String>,
                fields: Value,
            ) -> Sent<Record> {
                let body = types::RecordCreate { id, fields: of(fields) };
                client.records_create().type_(kind).body(body).send().await
            }

            async fn try_update(client: &Client, kind: &str, id: &str, fields: Value) -> Sent<Record> {
                let body: types::RecordUpdate = of(json!({"fields": fields}));
                client.records_update().type_(kind).id(id).body(body).send().await
            }

            fn item(name: &str) -> Value {
                json!({"name": name, "unit_price": {"amount": 100, "currency": "GBP"}})
            }

            fn person() -> Value {
                json!({"kind": "person", "first_name": "Ada"})
            }

            /// An object type with a unique field.
            async fn unique_type(business: &Business) -> String {
                let kind = format!("uniq_{}", mark());
                let body = json!({"name": kind, "label": "Unique", "fields": [
                    {"name": "serial", "type": "text", "label": "Serial", "unique": true},
                ]});
                let draft = business.raw.post("/object-types", body).bearer(&business.owner_token);
                draft.send().await.expect(201);
                kind
            }

            pub async fn create(world: &World) {
                let (business, client) = setup(world).await;
                let id = new_id();
                let record = done(try_create(&client, "contact", Some(id.clone()), person()).await);
                assert_eq!((&record.id, record.r#type.as_str()), (&id, "contact"));
                assert_eq!(record.fields["first_name"], "Ada");
                assert!(record.deleted_at.is_none() && record.version > 0);
                let answer = client
                    .records_create()
                    .type_("contact")
                    .body(of::<types::RecordCreate>(json!({"fields": person()})))
                    .send()
                    .await
                    .expect("a record");
                assert!(answer.headers().etag().is_some());
                refused(try_create(&client, "nothing", None, person()).await, "NOT_FOUND");
                let other = json!({"kind": "person", "first_name": "Eve"});
                refused(try_create(&client, "contact", Some(id), other).await, "ID_TAKEN");
                let kind = unique_type(&business).await;
                made(&client, &kind, json!({"serial": "1"})).await;
                let twice = try_create(&client, &kind, None, json!({"serial": "1"})).await;
                let problem = refused(twice, "UNIQUE_VIOLATION");
                assert_eq!(problem.context.other["field"], "serial");
                let wrong = json!({"kind": "robot", "emails": ["no address"], "wings": 2});
                let problem = refused(try_create(&client, "contact", None, wrong).await, "FIELD_INVALID");
                let errors = problem.context.errors.expect("all failures");
                let pointers: BTreeSet<&str> = errors.iter().map(|it| it.pointer.as_str()).collect();
                for pointer in ["/body/fields/kind", "/body/fields/emails/0", "/body/fields/wings"] {
                    assert!(pointers.contains(pointer), "{pointers:?}");
                }
                let owned = json!({"contact": business.contact, "number": "I-1"});
                refused(try_create(&client, "invoice", None, owned).await, "FIELD_SERVER_OWNED");
                let unreadable = client
                    .records_create()
                    .type_("contact")
                    .idempotency_key("k".repeat(300))
                    .body(of::<types::RecordCreate>(json!({"fields": person()})))
                    .send()
                    .await;
                refused(unreadable, "VALIDATION_FAILED");
            }

            pub async fn get(world: &World) {
                let (_, client) = setup(world).await;
                let record = made(&client, "contact", person()).await;
                let get = || client.records_get().type_("contact").id(&record.id);
                let answer = get().send().await.expect("the record");
                assert_eq!(answer.as_ref(), &record);
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                not_modified(get().if_none_match(etag).send().await);
                let part = done(get().fields("first_name").send().await);
                assert_eq!(part.fields.len(), 1);
                let missing = client.records_get().type_("contact").id(new_id()).send().await;
                refused(missing, "NOT_FOUND");
                refused(client.records_get().type_("job").id(&record.id).send().await, "NOT_FOUND");
            }

            pub async fn list(world: &World) {
                let (_, client) = setup(world).await;
                let name = format!("list {}", mark());
                let first = made(&client, "price_item", item(&name)).await;
                let second = made(&client, "price_item", item(&name)).await;
                let filter = json!({"field": "name", "op": "eq", "value": name}).to_string();
                let list = || client.records_list().type_("price_item").filter(filter.as_str()).limit(1);
                let page = done(list().sort("-created_at,id").send().await);
                assert_eq!(page.items.len(), 1);
                let cursor = page.next().expect("a second page");
                let next = done(list().sort("-created_at,id").cursor(cursor.as_str()).send().await);
                let ids: BTreeSet<&String> =
                    page.items.iter().chain(&next.items).map(|record| &record.id).collect();
                assert_eq!(ids, BTreeSet::from([&first.id, &second.id]));
                assert_eq!(next.next(), None);
                refused(list().cursor("nonsense").send().await, "CURSOR_INVALID");
                refused(list().sort("name").cursor(cursor).send().await, "CURSOR_INVALID");
                refused(client.records_list().type_("nothing").send().await, "NOT_FOUND");
                refused(list().limit(500).send().await, "VALIDATION_FAILED");
            }

            pub async fn update(world: &World) {
                let (business, client) = setup(world).await;
                let record = made(&client, "contact", person()).await;
                let patch = json!({"last_name": "Lovelace", "first_name": null, "tags": ["vip"]});
                let changed = done(try_update(&client, "contact", &record.id, patch).await);
                assert_eq!(changed.fields["last_name"], "Lovelace");
                assert!(!changed.fields.contains_key("first_name"), "null clears");
                assert!(changed.version > record.version);
                let contacts = client.records_of::<types::ContactFields>();
                let company = types::ContactFields {
                    company_name: Some("Analytical Engines".to_owned()),
                    ..types::ContactFields::default()
                };
                let patch = Patch::new(company)
                    .clear(types::ContactFieldsName::LastName)
                    .clear_named("tags");
                let typed = done(contacts.update().id(&record.id).body(patch).send().await);
                assert_eq!(typed.fields.company_name.as_deref(), Some("Analytical Engines"));
                assert_eq!((typed.fields.last_name, typed.fields.tags), (None, None), "cleared");
                let get = client.records_get().type_("contact").id(&record.id).send().await;
                let etag = get.expect("the record").headers().etag().expect("an ETag").to_owned();
                let update = |body: Value| {
                    let body: types::RecordUpdate = of(json!({"fields": body}));
                    client.records_update().type_("contact").id(&record.id).body(body)
                };
                done(update(json!({"first_name": "Ada"})).if_match(etag.as_str()).send().await);
                let stale = update(json!({"first_name": "Eve"})).if_match(etag.as_str()).send().await;
                let problem = refused(stale, "VERSION_MISMATCH");
                assert!(problem.context.other["version"].is_i64(), "{problem:?}");
                let missing = try_update(&client, "contact", &new_id(), person()).await;
                refused(missing, "NOT_FOUND");
                refused(update(json!({"kind": 7})).send().await, "FIELD_INVALID");
                let invoice = made(&client, "invoice", json!({"contact": business.contact, "currency": "GBP"})).await;
                let owned = try_update(&client, "invoice", &invoice.id, json!({"number": "I-1"})).await;
                refused(owned, "FIELD_SERVER_OWNED");
                let kind = unique_type(&business).await;
                made(&client, &kind, json!({"serial": "1"})).await;
                let other = made(&client, &kind, json!({"serial": "2"})).await;
                let taken = try_update(&client, &kind, &other.id, json!({"serial": "1"})).await;
                refused(taken, "UNIQUE_VIOLATION");
            }

            pub async fn delete(world: &World) {
                let (_, client) = setup(world).await;
                let record = made(&client, "contact", person()).await;
                let delete = || client.records_delete().type_("contact").id(&record.id);
                refused(delete().if_match("\"stale\"").send().await, "VERSION_MISMATCH");
                done(delete().send().await);
                refused(delete().send().await, "NOT_FOUND");
                let get = || client.records_get().type_("contact").id(&record.id);
                refused(get().send().await, "NOT_FOUND");
                assert!(done(get().include_deleted(true).send().await).deleted_at.is_some());
            }

            pub async fn restore(world: &World) {
                let (business, client) = setup(world).await;
                let restore = async |kind: &str, id: &str| {
                    client.records_restore().type_(kind).id(id).send().await
                };
                let kind = unique_type(&business).await;
                let record = made(&client, &kind, json!({"serial": "1"})).await;
                done(client.records_delete().type_(&kind).id(&record.id).send().await);
                assert_eq!(done(restore(&kind, &record.id).await).deleted_at, None);
                done(client.records_delete().type_(&kind).id(&record.id).send().await);
                made(&client, &kind, json!({"serial": "1"})).await;
                refused(restore(&kind, &record.id).await, "UNIQUE_VIOLATION");
                refused(restore(&kind, &new_id()).await, "NOT_FOUND");
            }

            pub async fn history(world: &World) {
                let (_, client) = setup(world).await;
                let record = made(&client, "contact", person()).await;
                done(try_update(&client, "contact", &record.id, json!({"first_name": "Eve"})).await);
                let history = || client.records_history().type_("contact").id(&record.id);
                let page = done(history().send().await);
                assert_eq!(page.items.len(), 2);
                let change = &page.items[0].changes["first_name"];
                assert_eq!((&change.before, &change.after), (&json!("Ada"), &json!("Eve")));
                let first = done(history().limit(1).send().await);
                let cursor = first.next().expect("a second page");
                let second = done(history().limit(1).cursor(cursor).send().await);
                assert_eq!(second.items[0].version, record.version);
                refused(history().cursor("nonsense").send().await, "CURSOR_INVALID");
                let missing = client.records_history().type_("contact").id(new_id()).send().await;
                refused(missing, "NOT_FOUND");
            }

            pub async fn batch(world: &World) {
                let (_, client) = setup(world).await;
                let send = async |mode: &str, operations: Value| {
                    let body: types::BatchRequest =
                        of(json!({"mode": mode, "operations": operations}));
                    client.records_batch().body(body).send().await
                };
                let good = json!({"op": "create", "type": "price_item", "fields": item("batch")});
                let bad = json!({"op": "create", "type": "price_item", "fields": {"name": 7}});
                let done = done(send("per_item", json!([good, bad])).await);
                let statuses: Vec<i64> = done.results.iter().map(|result| result.status).collect();
                assert_eq!(statuses, [201, 422]);
                assert!(done.results[0].record.is_some() && done.results[1].error.is_some());
                let problem = refused(send("atomic", json!([good, bad])).await, "BATCH_REJECTED");
                assert_eq!(problem.context.other["failures"][0]["index"], 1);
            }

            pub async fn search(world: &World) {
                let (_, client) = setup(world).await;
                let word = format!("word{}", mark());
                let fields = json!({"kind": "person", "first_name": word, "last_name": "Ångström"});
                let record = made(&client, "contact", fields).await;
                let search = |q: String| client.records_search().q(q).types("contact,job");
                let found = done(search(format!("{word} angstr")).send().await);
                let ids: Vec<&String> = found.items.iter().map(|it| &it.id).collect();
                assert_eq!(ids, [&record.id]);
                refused(search(word).cursor("nonsense").send().await, "CURSOR_INVALID");
            }

            /// The fields of a built-in type as Rust types, written and read back.
            pub async fn typed(world: &World) {
                let (_, client) = setup(world).await;
                let contacts = client.records_of::<types::ContactFields>();
                let fields = types::ContactFields {
                    kind: Some(types::ContactFieldsKind::Company),
                    company_name: Some("Brightwater Lettings Ltd".to_owned()),
                    emails: Some(vec!["accounts@brightwater.example".to_owned()]),
                    ..types::ContactFields::default()
                };
                let body = types::RecordCreate { id: None, fields: fields.clone() };
                let record = done(contacts.create().body(body).send().await);
                assert_eq!(record.fields.kind, fields.kind);
                assert_eq!(record.fields.company_name, fields.company_name);
                let read = done(contacts.get().id(&record.id).send().await);
                assert_eq!(read.fields, record.fields);
                let page = done(contacts.list().limit(200).send().await);
                assert!(!page.items.is_empty());
            }

            pub async fn streams(world: &World) {
                let (_, client) = setup(world).await;
                let name = format!("stream {}", mark());
                let operations: Vec<Value> = (0..9)
                    .map(|_| json!({"op": "create", "type": "price_item", "fields": item(&name)}))
                    .collect();
                let body: types::BatchRequest = of(json!({"mode": "atomic", "operations": operations}));
                done(client.records_batch().body(body).send().await);
                let filter = json!({"field": "name", "op": "eq", "value": name}).to_string();
                let list = client.records_list().type_("price_item").filter(filter).limit(4);
                let records: Vec<Record> = list.stream().try_collect().await.expect("all pages");
                let ids: BTreeSet<&String> = records.iter().map(|record| &record.id).collect();
                assert_eq!((records.len(), ids.len()), (9, 9));
            }

            /// A call that is sent again takes effect once, since it carries the same key.
            pub async fn retries(world: &World) {
                let (_, client) = setup(world).await;
                let key = new_id();
                let name = format!("retry {}", mark());
                let body: types::RecordCreate = of(json!({"fields": item(&name)}));
                let create = || {
                    let create = client.records_create().type_("price_item");
                    create.idempotency_key(key.as_str()).body(body.clone())
                };
                let first = done(create().send().await);
                assert_eq!(done(create().send().await).id, first.id);
                let other: types::RecordCreate = of(json!({"fields": item("other")}));
                let reused = client.records_create().type_("price_item").idempotency_key(key.as_str());
                refused(reused.body(other).send().await, "IDEMPOTENCY_KEY_REUSED");
                // The client makes a new key for each call.
                let fresh = async || {
                    let create = client.records_create().type_("price_item").body(body.clone());
                    done(create.send().await).id
                };
                assert_ne!(fresh().await, fresh().await);
            }
        }
    };
}

suite!(mobile, crm_client_mobile);
suite!(web, crm_client_web);
suite!(integrations, crm_client_integrations);

pub mod v2 {
    suite!(mobile, crm_client_mobile::v2);
    suite!(web, crm_client_web::v2);
    suite!(integrations, crm_client_integrations::v2);
}
