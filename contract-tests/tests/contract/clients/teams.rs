//! Teams, as the web client handles them.

macro_rules! suite {
    ($($client:ident)::+) => {
        pub mod web {
            use contract_tests::{business::new_id, world::World};
            use $($client)::+::{AnswerHeaders, Client, types};
            use serde_json::{Value, json};

            use crate::clients::{Page as _, client, done, not_modified, of, refused};

            type Sent<T> = crate::clients::Sent<T, types::Problem>;

            async fn client(world: &World) -> Client {
                let business = world.business("web").await;
                client!($($client)::+, world, "web", business.owner_token.as_str())
            }

            async fn try_make(client: &Client, body: Value) -> Sent<types::Team> {
                client
                    .teams_create()
                    .body(of::<types::TeamCreate>(body))
                    .send()
                    .await
            }

            pub async fn make(world: &World) {
                let client = client(world).await;
                let (id, owner) = (new_id(), world.business("web").await.owner_id.clone());
                let body = json!({"id": id, "name": "North", "members": [owner], "leads": [owner]});
                let team = done(try_make(&client, body.clone()).await);
                assert_eq!((&team.id, team.members), (&id, Some(vec![owner])));
                done(try_make(&client, body).await);
                refused(
                    try_make(&client, json!({"id": id, "name": "South"})).await,
                    "ID_TAKEN",
                );
                refused(
                    try_make(&client, json!({"name": "X", "parent": new_id()})).await,
                    "FIELD_INVALID",
                );
            }

            pub async fn lists(world: &World) {
                let client = client(world).await;
                for name in ["East", "West"] {
                    done(try_make(&client, json!({"name": name})).await);
                }
                let page = done(client.teams_list().limit(1).send().await);
                let cursor = page.next().expect("a second page");
                let next = done(client.teams_list().limit(1).cursor(cursor).send().await);
                assert_ne!(page.items[0].id, next.items[0].id);
                refused(
                    client.teams_list().cursor("nonsense").send().await,
                    "CURSOR_INVALID",
                );
                let get = || client.teams_get().id(&next.items[0].id);
                let answer = get().send().await.expect("the team");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                not_modified(get().if_none_match(etag).send().await);
                refused(client.teams_get().id(new_id()).send().await, "NOT_FOUND");
            }

            pub async fn change(world: &World) {
                let client = client(world).await;
                let team = done(try_make(&client, json!({"name": "North"})).await);
                let change = |id: &str, body: Value| {
                    client
                        .teams_update()
                        .id(id)
                        .body(of::<types::TeamUpdate>(body))
                };
                let named = change(&team.id, json!({"name": "Coast"})).send().await;
                assert_eq!(done(named).name.as_deref(), Some("Coast"));
                let stale = change(&team.id, json!({"name": "X"})).if_match("\"stale\"");
                refused(stale.send().await, "VERSION_MISMATCH");
                let below_itself = change(&team.id, json!({"parent": team.id}));
                refused(below_itself.send().await, "FIELD_INVALID");
                let nobody = change(&new_id(), json!({"name": "X"}));
                refused(nobody.send().await, "NOT_FOUND");
            }

            pub async fn remove(world: &World) {
                let client = client(world).await;
                let top = done(try_make(&client, json!({"name": "Top"})).await);
                let below = json!({"name": "Below", "parent": top.id});
                let below = done(try_make(&client, below).await);
                refused(client.teams_delete().id(&top.id).send().await, "IN_USE");
                let stale = client.teams_delete().id(&below.id).if_match("\"stale\"");
                refused(stale.send().await, "VERSION_MISMATCH");
                for id in [&below.id, &top.id] {
                    done(client.teams_delete().id(id).send().await);
                    refused(client.teams_delete().id(id).send().await, "NOT_FOUND");
                }
            }
        }
    };
}

suite!(crm_client_web);

pub mod v2 {
    suite!(crm_client_web::v2);
}
