//! Sign-in codes for customers, with the clients that make them.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{business::new_id, world::World};
            use serde_json::json;
            use $($client)::+::types;

            use crate::clients::{client, done, of, refused};

            const NAME: &str = stringify!($consumer);

            pub async fn codes(world: &World) {
                let business = world.business(NAME).await;
                let client = client!($($client)::+, world, NAME, business.token(NAME));
                let request = |contact: String| types::PortalCodeRequest {
                    contact,
                    expires_in: Some(3_600_000),
                };
                let body = request(business.contact.clone());
                let code = done(client.auth_create_portal_code().body(body).send().await);
                assert_eq!(code.contact, business.contact);
                let grant: types::TokenRequest =
                    of(json!({"grant_type": "portal_code", "code": code.code}));
                let session = done(client.auth_token().body(grant).send().await);
                assert_eq!(session.subject.id.as_ref(), Some(&business.contact));
                let body = request(new_id());
                refused(client.auth_create_portal_code().body(body).send().await, "NOT_FOUND");
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
