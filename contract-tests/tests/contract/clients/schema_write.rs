//! Object types and fields, as the web client makes and changes them.

macro_rules! suite {
    ($($client:ident)::+) => {
        pub mod web {
            use contract_tests::{
                business::{Business, mark},
                world::World,
            };
            use $($client)::+::{Client, types};
            use serde_json::{Value, json};

            use crate::clients::{client, done, of, refused};

            type Sent<T> = crate::clients::Sent<T, types::Problem>;

            async fn client(world: &World) -> Client {
                let business = world.business("web").await;
                client!($($client)::+, world, "web", business.owner_token.as_str())
            }

            async fn try_make(client: &Client, body: Value) -> Sent<types::ObjectType> {
                client
                    .schema_create()
                    .body(of::<types::ObjectTypeCreate>(body))
                    .send()
                    .await
            }

            /// Makes a type with a text, a number and a unique serial.
            async fn made(client: &Client) -> String {
                let name = format!("made_{}", mark());
                let body = json!({"name": name, "label": "Made", "fields": [
                    {"name": "title", "type": "text", "label": "Title"},
                    {"name": "size", "type": "integer", "label": "Size"},
                ]});
                done(try_make(client, body).await).name
            }

            async fn record(world: &World, kind: &str, fields: Value) {
                let business = world.business("web").await;
                let draft = business
                    .raw
                    .post(format!("/records/{kind}"), json!({"fields": fields}));
                draft.bearer(&business.owner_token).send().await.expect(201);
            }

            pub async fn make(world: &World) {
                let client = client(world).await;
                let name = made(&client).await;
                for taken in [name.as_str(), "contact", "batch"] {
                    let body = json!({"name": taken, "label": "Taken"});
                    refused(try_make(&client, body).await, "NAME_TAKEN");
                }
                let contradiction = json!({"name": format!("bad_{}", mark()), "label": "Bad", "fields": [
                    {"name": "size", "type": "integer", "label": "Size", "options": [{"value": "a", "label": "A"}]},
                    {"name": "id", "type": "text", "label": "Id"},
                    {"name": "who", "type": "relation", "label": "Who", "target": "nothing"},
                ]});
                let problem = refused(try_make(&client, contradiction).await, "DEFINITION_INVALID");
                assert!(
                    problem
                        .context
                        .errors
                        .is_some_and(|errors| errors.len() >= 3)
                );
                // In its own business, since the limit is reached afterwards.
                let own = Business::new(world, "web").await;
                let client = client!($($client)::+, world, "web", own.owner_token.as_str());
                for _ in 0..=200 {
                    let body = json!({"name": format!("t_{}", mark()), "label": "One more"});
                    match try_make(&client, body).await {
                        Ok(_) => {}
                        full => {
                            // Each type has indexes as well: the error names the limit that is reached first.
                            let problem = refused(full, "LIMIT_EXCEEDED");
                            let limit = &problem.context.other["limit"];
                            assert!(limit == "object_types" || limit == "indexes", "{problem:?}");
                            return;
                        }
                    }
                }
                panic!("there is no limit");
            }

            pub async fn change(world: &World) {
                let client = client(world).await;
                let name = made(&client).await;
                let change = |body: Value| {
                    client
                        .schema_update()
                        .type_(&name)
                        .body(of::<types::ObjectTypeUpdate>(body))
                };
                let answer = change(json!({"label": "Changed", "indexes": [["title", "size"]]}))
                    .send()
                    .await;
                assert_eq!(done(answer).label.as_deref(), Some("Changed"));
                let stale = change(json!({"label": "Stale"}))
                    .if_match("\"stale\"")
                    .send()
                    .await;
                refused(stale, "VERSION_MISMATCH");
                let wrong = change(json!({"indexes": [["title", "wings"]]}))
                    .send()
                    .await;
                refused(wrong, "DEFINITION_INVALID");
                let body: types::ObjectTypeUpdate = of(json!({"label": "Nothing"}));
                refused(
                    client
                        .schema_update()
                        .type_("nothing")
                        .body(body)
                        .send()
                        .await,
                    "NOT_FOUND",
                );
            }

            pub async fn remove(world: &World) {
                let client = client(world).await;
                let remove = |name: &str| client.schema_delete().type_(name);
                let name = made(&client).await;
                refused(
                    remove(&name).if_match("\"stale\"").send().await,
                    "VERSION_MISMATCH",
                );
                record(world, &name, json!({"title": "x"})).await;
                refused(remove(&name).send().await, "IN_USE");
                let empty = made(&client).await;
                done(remove(&empty).send().await);
                refused(remove(&empty).send().await, "NOT_FOUND");
                refused(remove("contact").send().await, "BUILT_IN");
            }

            pub async fn make_fields(world: &World) {
                let client = client(world).await;
                let name = made(&client).await;
                let make = |kind: &str, body: Value| {
                    client
                        .schema_create_field()
                        .type_(kind)
                        .body(of::<types::FieldDefinitionCreate>(body))
                };
                let body = json!({"name": "colour", "type": "text", "label": "Colour"});
                assert_eq!(done(make(&name, body.clone()).send().await).name, "colour");
                refused(make(&name, body.clone()).send().await, "NAME_TAKEN");
                refused(make("nothing", body).send().await, "NOT_FOUND");
                let wrong = json!({"name": "wrong", "type": "text", "label": "Wrong", "scale": 2, "min_length": 9, "max_length": 3});
                refused(make(&name, wrong).send().await, "DEFINITION_INVALID");
                let full = format!("full_{}", mark());
                let fields: Vec<Value> = (0..200)
                    .map(|at| json!({"name": format!("f{at}"), "type": "text", "label": "F"}))
                    .collect();
                done(
                    try_make(
                        &client,
                        json!({"name": full, "label": "Full", "fields": fields}),
                    )
                    .await,
                );
                let body = json!({"name": "one_more", "type": "text", "label": "One more"});
                let problem = refused(make(&full, body).send().await, "LIMIT_EXCEEDED");
                assert_eq!(problem.context.other["limit"], "fields_per_type");
            }

            pub async fn change_fields(world: &World) {
                let client = client(world).await;
                let name = made(&client).await;
                let change = |kind: &str, field: &str, body: Value| {
                    let body: types::FieldDefinitionUpdate = of(body);
                    client
                        .schema_update_field()
                        .type_(kind)
                        .field(field)
                        .body(body)
                };
                let changed = done(
                    change(&name, "title", json!({"label": "Headline", "help": "x"}))
                        .send()
                        .await,
                );
                assert_eq!(changed.label.as_deref(), Some("Headline"));
                for _ in 0..2 {
                    record(world, &name, json!({"title": "same"})).await;
                }
                let unique = change(&name, "title", json!({"unique": true})).send().await;
                refused(unique, "UNIQUE_VIOLATION");
                let wrong = change(&name, "size", json!({"min": 9, "max": 3}))
                    .send()
                    .await;
                refused(wrong, "DEFINITION_INVALID");
                let built_in = change("contact", "first_name", json!({"required": true}))
                    .send()
                    .await;
                refused(built_in, "BUILT_IN");
                done(
                    change("contact", "first_name", json!({"label": "Given name"}))
                        .send()
                        .await,
                );
                refused(
                    change(&name, "wings", json!({"label": "x"})).send().await,
                    "NOT_FOUND",
                );
                refused(
                    change("nothing", "wings", json!({"label": "x"}))
                        .send()
                        .await,
                    "NOT_FOUND",
                );
            }

            pub async fn remove_fields(world: &World) {
                let client = client(world).await;
                let name = made(&client).await;
                let remove =
                    |kind: &str, field: &str| client.schema_delete_field().type_(kind).field(field);
                done(remove(&name, "size").send().await);
                refused(remove(&name, "size").send().await, "NOT_FOUND");
                refused(remove("contact", "first_name").send().await, "BUILT_IN");
                // The name of a deleted field cannot be reused.
                let body: types::FieldDefinitionCreate =
                    of(json!({"name": "size", "type": "integer", "label": "Size"}));
                let again = client
                    .schema_create_field()
                    .type_(&name)
                    .body(body)
                    .send()
                    .await;
                refused(again, "NAME_TAKEN");
            }
        }
    };
}

suite!(crm_client_web);

pub mod v2 {
    suite!(crm_client_web::v2);
}
