//! Object types and fields, as each client reads them.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::world::World;
            use $($client)::+::{AnswerHeaders, Client};

            use crate::clients::{Page as _, client, done, not_modified, refused};

            const NAME: &str = stringify!($consumer);

            async fn client(world: &World) -> Client {
                let business = world.business(NAME).await;
                client!($($client)::+, world, NAME, business.token(NAME))
            }

            pub async fn types(world: &World) {
                let client = client(world).await;
                let page = done(
                    client
                        .schema_list()
                        .limit(2)
                        .fields("label,built_in")
                        .send()
                        .await,
                );
                assert_eq!(page.items[0].name, "contact");
                assert!(page.items[0].label.is_some() && page.items[0].fields.is_none());
                let cursor = page.next().expect("a second page");
                let next = client
                    .schema_list()
                    .limit(2)
                    .fields("label,built_in")
                    .cursor(cursor);
                assert!(done(next.send().await).items[0].name > page.items[1].name);
                refused(
                    client.schema_list().cursor("nonsense").send().await,
                    "CURSOR_INVALID",
                );
                let answer = client
                    .schema_get()
                    .type_("job")
                    .send()
                    .await
                    .expect("the type");
                assert!(
                    answer
                        .fields
                        .as_ref()
                        .is_some_and(|fields| !fields.is_empty())
                );
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                not_modified(
                    client
                        .schema_get()
                        .type_("job")
                        .if_none_match(etag)
                        .send()
                        .await,
                );
                refused(
                    client.schema_get().type_("nothing").send().await,
                    "NOT_FOUND",
                );
            }

            pub async fn fields(world: &World) {
                let client = client(world).await;
                let list = || client.schema_list_fields().type_("contact");
                let page = done(list().limit(3).send().await);
                assert_eq!(page.items.len(), 3);
                let cursor = page.next().expect("a second page");
                let next = done(list().limit(3).cursor(cursor).send().await);
                assert!(
                    next.items
                        .iter()
                        .all(|field| page.items.iter().all(|it| it.name != field.name))
                );
                refused(list().cursor("nonsense").send().await, "CURSOR_INVALID");
                let missing = client.schema_list_fields().type_("nothing").send().await;
                refused(missing, "NOT_FOUND");
            }

            pub async fn json_schema(world: &World) {
                let client = client(world).await;
                let get = || client.schema_json_schema().type_("contact");
                let answer = get().send().await.expect("the schema");
                assert!(answer["properties"]["first_name"].is_object());
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                not_modified(get().if_none_match(etag).send().await);
                let missing = client.schema_json_schema().type_("nothing").send().await;
                refused(missing, "NOT_FOUND");
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
