//! API keys, as the clients that manage them do.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{
                business::{key_token, new_id},
                world::World,
            };
            use serde_json::{Value, json};
            use $($client)::+::{Client, types};

            use crate::clients::{Page as _, client, done, of, refused};

            type Sent<T> = crate::clients::Sent<T, types::Problem>;

            const NAME: &str = stringify!($consumer);

            async fn client(world: &World) -> Client {
                let business = world.business(NAME).await;
                client!($($client)::+, world, NAME, business.token(NAME))
            }

            async fn try_make(client: &Client, body: Value) -> Sent<types::ApiKeyCreated> {
                let body: types::ApiKeyCreate = of(body);
                client.integrations_create_api_key().body(body).send().await
            }

            pub async fn make(world: &World) {
                let client = client(world).await;
                let id = new_id();
                let body = json!({"id": id, "name": "Forms", "scopes": ["records:read"]});
                let key = done(try_make(&client, body.clone()).await);
                let secret = key.secret.expect("the secret, this once");
                assert!(!secret.is_empty());
                key_token(world.raw(NAME), &secret).await;
                let again = done(try_make(&client, body).await);
                assert_eq!((again.id, again.secret), (id.clone(), None), "the secret is not kept");
                let other = json!({"id": id, "name": "Other", "scopes": ["records:read"]});
                refused(try_make(&client, other).await, "ID_TAKEN");
                let key = |expires_at: i64| {
                    let scopes = ["integrations:write", "records:read"];
                    json!({"name": "Short", "scopes": scopes, "expires_at": expires_at})
                };
                const END: i64 = 4_000_000_000_000;
                let secret = done(try_make(&client, key(END)).await).secret;
                let token = key_token(world.raw(NAME), &secret.expect("the secret")).await;
                let short = client!($($client)::+, world, NAME, token.as_str());
                refused(try_make(&short, key(END + 1)).await, "FIELD_INVALID");
                let get = done(client.integrations_get_api_key().id(&id).send().await);
                assert_eq!(get.name.as_deref(), Some("Forms"));
                refused(client.integrations_get_api_key().id(new_id()).send().await, "NOT_FOUND");
            }

            pub async fn list(world: &World) {
                let client = client(world).await;
                let list = || client.integrations_list_api_keys().limit(1);
                let page = done(list().send().await);
                let cursor = page.next().expect("a second page");
                let next = done(list().cursor(cursor).send().await);
                assert_ne!(page.items[0].id, next.items[0].id);
                refused(list().cursor("nonsense").send().await, "CURSOR_INVALID");
            }

            pub async fn revoke(world: &World) {
                let client = client(world).await;
                let body = json!({"name": "Short", "scopes": ["records:read"]});
                let key = done(try_make(&client, body).await);
                for _ in 0..2 {
                    done(client.integrations_revoke_api_key().id(&key.id).send().await);
                }
                let get = done(client.integrations_get_api_key().id(&key.id).send().await);
                assert!(get.revoked_at.is_some());
                refused(client.integrations_revoke_api_key().id(new_id()).send().await, "NOT_FOUND");
            }
        }
    };
}

suite!(web, crm_client_web);
suite!(integrations, crm_client_integrations);

pub mod v2 {
    suite!(web, crm_client_web::v2);
    suite!(integrations, crm_client_integrations::v2);
}
