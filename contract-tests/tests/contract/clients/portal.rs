//! The signed-in customer, with the portal client.

macro_rules! suite {
    ($($client:ident)::+) => {
        pub mod portal {
            use contract_tests::world::World;

            use crate::clients::{client, done, refused};

            pub async fn customer(world: &World) {
                let business = world.business("portal").await;
                let client = client!(
                    $($client)::+,
                    world,
                    "portal",
                    business.portal_token.as_str()
                );
                let me = done(client.portal_me().send().await);
                assert_eq!(me.id, business.contact);
                assert_eq!(me.first_name.as_deref(), Some("Maria"));
                assert_eq!(me.business.expect("the business").id, business.tenant);
                let part = done(client.portal_me().fields("first_name").send().await);
                assert!(part.emails.is_none() && part.first_name.is_some());
                refused(
                    client.portal_me().fields("tags").send().await,
                    "VALIDATION_FAILED",
                );
                let stranger = client!(
                    $($client)::+,
                    world,
                    "portal",
                    business.owner_token.as_str()
                );
                refused(stranger.portal_me().send().await, "UNAUTHENTICATED");
            }
        }
    };
}

suite!(crm_client_portal);

pub mod v2 {
    suite!(crm_client_portal::v2);
}
