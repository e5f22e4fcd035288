//! Deprecations and their usage, for the clients that monitor integrations. The contract has no deprecations now, so
//! the lists are empty; the core's own tests cover their content.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{business::new_id, world::World};
            use $($client)::+::Client;

            use crate::clients::{Page as _, client, done, refused};

            const NAME: &str = stringify!($consumer);

            async fn client(world: &World) -> Client {
                let business = world.business(NAME).await;
                client!($($client)::+, world, NAME, business.token(NAME))
            }

            pub async fn what_goes(world: &World) {
                let client = client(world).await;
                let list = || client.integrations_list_deprecations().limit(1);
                let page = done(list().send().await);
                assert!(page.items.is_empty() && page.next().is_none());
                done(
                    list()
                        .operation("records_list")
                        .fields("title")
                        .send()
                        .await,
                );
                refused(list().fields("colour").send().await, "VALIDATION_FAILED");
                refused(list().cursor("nonsense").send().await, "CURSOR_INVALID");
            }

            pub async fn who_uses_it(world: &World) {
                let client = client(world).await;
                let list = || client.integrations_list_deprecation_usage().limit(1);
                let page = done(list().send().await);
                assert!(page.items.is_empty() && page.next().is_none());
                let one = list().deprecation("v1/paths/~1leads/get").used_by(new_id());
                done(one.fields("count").send().await);
                refused(list().used_by("nobody").send().await, "VALIDATION_FAILED");
                refused(list().cursor("nonsense").send().await, "CURSOR_INVALID");
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
