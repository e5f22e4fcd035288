//! The caller, and what the caller may do.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::world::World;
            use serde_json::json;
            use $($client)::+::types;

            use crate::clients::{client, done, of, refused};

            const NAME: &str = stringify!($consumer);

            pub async fn caller(world: &World) {
                let business = world.business(NAME).await;
                let client = client!($($client)::+, world, NAME, business.token(NAME));
                let me = done(client.me_get().send().await);
                assert_eq!(me.tenant.expect("the business").id, business.tenant);
                let part = done(client.me_get().fields("name").send().await);
                assert_eq!(part.id, me.id);
                assert!(part.tenant.is_none() && part.name.is_some());
                refused(client.me_get().fields("wings").send().await, "VALIDATION_FAILED");
            }

            pub async fn permissions(world: &World) {
                let business = world.business(NAME).await;
                let may = async |token: &str, action: &str| {
                    let client = client!($($client)::+, world, NAME, token);
                    done(client.me_permissions().send().await).permissions.iter().any(|permission| {
                        permission.action == action
                            && permission.object_type.as_deref() == Some("contact")
                    })
                };
                assert!(may(business.token(NAME), "update").await);
                assert!(may(business.weak_token(NAME), "read").await);
                assert!(!may(business.weak_token(NAME), "update").await);
            }

            pub async fn nobody(world: &World) {
                let client = client!($($client)::+, world, NAME, "no-token");
                refused(client.me_get().send().await, "UNAUTHENTICATED");
            }

            /// A caller who may only read is refused to write.
            pub async fn forbidden(world: &World) {
                let business = world.business(NAME).await;
                let client = client!($($client)::+, world, NAME, business.weak_token(NAME));
                let body: types::RecordCreate =
                    of(json!({"fields": {"kind": "person", "first_name": "Ada"}}));
                let sent = client.records_create().type_("contact").body(body).send().await;
                refused(sent, "FORBIDDEN");
                let sent = client.records_get().type_("contact").id(&business.contact).send().await;
                done(sent);
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
