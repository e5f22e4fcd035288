//! Users and roles, as the web client handles them.

macro_rules! suite {
    ($($client:ident)::+) => {
        pub mod web {
            use contract_tests::{
                business::{Business, login, mark, new_id},
                world::World,
            };
            use $($client)::+::{AnswerHeaders, Client, types};
            use serde_json::{Value, json};

            use crate::clients::{Page as _, client, done, not_modified, of, refused};

            type Sent<T> = crate::clients::Sent<T, types::Problem>;

            async fn client(world: &World) -> Client {
                let business = world.business("web").await;
                client!($($client)::+, world, "web", business.owner_token.as_str())
            }

            async fn try_make(client: &Client, body: Value) -> Sent<types::User> {
                client
                    .access_create_user()
                    .body(of::<types::UserCreate>(body))
                    .send()
                    .await
            }

            fn somebody() -> Value {
                let login = login("somebody", &mark());
                json!({"email": login.email, "name": "Somebody", "roles": ["readonly"], "password": login.password})
            }

            pub async fn users(world: &World) {
                let client = client(world).await;
                let page = done(client.access_list_users().limit(1).send().await);
                let cursor = page.next().expect("a second page");
                let next = done(
                    client
                        .access_list_users()
                        .limit(1)
                        .cursor(cursor)
                        .send()
                        .await,
                );
                assert_ne!(page.items[0].id, next.items[0].id);
                refused(
                    client.access_list_users().cursor("nonsense").send().await,
                    "CURSOR_INVALID",
                );
                let get = || client.access_get_user().id(&page.items[0].id);
                let answer = get().send().await.expect("the user");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                not_modified(get().if_none_match(etag).send().await);
                refused(
                    client.access_get_user().id(new_id()).send().await,
                    "NOT_FOUND",
                );
            }

            pub async fn make(world: &World) {
                let client = client(world).await;
                let id = new_id();
                let mut body = somebody();
                body["id"] = json!(id);
                let user = done(try_make(&client, body.clone()).await);
                assert_eq!((&user.id, user.name.as_deref()), (&id, Some("Somebody")));
                done(try_make(&client, body.clone()).await);
                let mut other = somebody();
                other["id"] = json!(id);
                refused(try_make(&client, other).await, "ID_TAKEN");
                body["id"] = json!(new_id());
                assert_eq!(
                    refused(try_make(&client, body).await, "UNIQUE_VIOLATION")
                        .context
                        .other["field"],
                    "email"
                );
                let mut wrong = somebody();
                wrong["roles"] = json!(["nobody"]);
                refused(try_make(&client, wrong).await, "FIELD_INVALID");
            }

            pub async fn change(world: &World) {
                let client = client(world).await;
                let business = world.business("web").await;
                let user = done(try_make(&client, somebody()).await);
                let change = |id: &str, body: Value| {
                    client
                        .access_update_user()
                        .id(id)
                        .body(of::<types::UserUpdate>(body))
                };
                let changed = done(
                    change(&user.id, json!({"title": "Engineer", "roles": ["admin"]}))
                        .send()
                        .await,
                );
                assert_eq!(changed.title, Some(Some("Engineer".to_owned())));
                let lowered = json!({"roles": ["readonly"], "revoke_api_keys": true});
                let lowered = done(change(&user.id, lowered).send().await);
                assert_eq!(lowered.api_keys.map(|keys| keys.len()), Some(0));
                let stale = change(&user.id, json!({"title": null}))
                    .if_match("\"stale\"")
                    .send()
                    .await;
                refused(stale, "VERSION_MISMATCH");
                refused(
                    change(&new_id(), json!({"title": null})).send().await,
                    "NOT_FOUND",
                );
                let email = json!({"email": business.owner.email});
                refused(change(&user.id, email).send().await, "UNIQUE_VIOLATION");
                refused(
                    change(&user.id, json!({"roles": ["nobody"]})).send().await,
                    "FIELD_INVALID",
                );
                let last = change(&business.owner_id, json!({"roles": ["admin"]}))
                    .send()
                    .await;
                refused(last, "LAST_OWNER");
            }

            pub async fn deactivate(world: &World) {
                let client = client(world).await;
                let user = done(try_make(&client, somebody()).await);
                for _ in 0..2 {
                    let gone = done(client.access_deactivate_user().id(&user.id).send().await);
                    assert_eq!(gone.status, Some(types::UserStatus::Deactivated));
                }
                refused(
                    client.access_deactivate_user().id(new_id()).send().await,
                    "NOT_FOUND",
                );
                let own = Business::new(world, "web").await;
                let client = client!($($client)::+, world, "web", own.owner_token.as_str());
                let last = client
                    .access_deactivate_user()
                    .id(&own.owner_id)
                    .send()
                    .await;
                refused(last, "LAST_OWNER");
            }

            pub async fn reactivate(world: &World) {
                let client = client(world).await;
                let user = done(try_make(&client, somebody()).await);
                let with_keys = client
                    .access_deactivate_user()
                    .id(&user.id)
                    .body(of::<types::UserDeactivate>(json!({"revoke_api_keys": true})))
                    .send()
                    .await;
                assert_eq!(done(with_keys).api_keys.map(|keys| keys.len()), Some(0));
                for _ in 0..2 {
                    let back = done(client.access_reactivate_user().id(&user.id).send().await);
                    assert_eq!(back.status, Some(types::UserStatus::Active));
                }
                refused(
                    client.access_reactivate_user().id(new_id()).send().await,
                    "NOT_FOUND",
                );
            }

            pub async fn roles(world: &World) {
                let client = client(world).await;
                let page = done(client.access_list_roles().limit(1).send().await);
                let cursor = page.next().expect("a second page");
                done(
                    client
                        .access_list_roles()
                        .limit(1)
                        .cursor(cursor)
                        .send()
                        .await,
                );
                refused(
                    client.access_list_roles().cursor("nonsense").send().await,
                    "CURSOR_INVALID",
                );
                assert_eq!(
                    done(client.access_get_role().role("readonly").send().await).name,
                    "readonly"
                );
                refused(
                    client.access_get_role().role("nobody").send().await,
                    "NOT_FOUND",
                );
            }
        }
    };
}

suite!(crm_client_web);

pub mod v2 {
    suite!(crm_client_web::v2);
}
