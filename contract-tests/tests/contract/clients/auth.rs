//! Tokens: how each client gets them, ends them, and is refused.

/// Tests of all clients.
macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{
                business::{Business, login, mark},
                host::Login,
                world::World,
            };
            use serde_json::json;
            use $($client)::+::{Client, types};

            use crate::clients::{client, done, of, refused};

            const NAME: &str = stringify!($consumer);

            fn client(world: &World) -> Client {
                client!($($client)::+, world, NAME, "no-token")
            }

            fn password(login: &Login) -> types::TokenRequest {
                of(json!({"grant_type": "password", "email": login.email, "password": login.password}))
            }

            fn renewal(token: &str) -> types::TokenRequest {
                of(json!({"grant_type": "refresh_token", "refresh_token": token}))
            }

            pub async fn tokens(world: &World) {
                let business = world.business(NAME).await;
                let answer =
                    done(client(world).auth_token().body(password(&business.reader)).send().await);
                assert_eq!((answer.token_type.as_str(), answer.expires_in), ("Bearer", 900));
                assert_eq!(answer.tenant, business.tenant);
                assert_eq!(answer.subject.id.as_ref(), Some(&business.reader_id));
                let keys = done(client(world).auth_jwks().send().await);
                let kid = answer.access_token.split('.').next().unwrap_or_default().to_owned();
                assert!(!keys.keys.is_empty() && !kid.is_empty());
                let mut named = password(&business.reader);
                if let types::TokenRequest::PasswordGrant(grant) = &mut named {
                    grant.tenant = Some(business.tenant.clone());
                }
                done(client(world).auth_token().body(named).send().await);
            }

            pub async fn credentials(world: &World) {
                let business = world.business(NAME).await;
                let client = client(world);
                // With its own address, since attempts are counted.
                let who = login("stranger", &mark());
                for grant in [
                    password(&who),
                    renewal("rt_nothing"),
                    of(json!({"grant_type": "api_key", "api_key": "crm_nothing"})),
                    of(json!({"grant_type": "portal_code", "code": "pc_nothing"})),
                    of(json!({"grant_type": "api_key", "api_key": format!("{}x", business.key)})),
                ] {
                    refused(client.auth_token().body(grant).send().await, "INVALID_CREDENTIALS");
                }
            }

            pub async fn an_address_of_several_businesses(world: &World) {
                let owner = login("both", &mark());
                let first = world.host.create_tenant("First", &owner).await;
                let second = world.host.create_tenant("Second", &owner).await;
                let client = client(world);
                let problem =
                    refused(client.auth_token().body(password(&owner)).send().await, "TENANT_REQUIRED");
                let tenants = problem.context.other["tenants"].to_string();
                assert!(tenants.contains(&first) && tenants.contains(&second), "{tenants}");
                let mut named = password(&owner);
                if let types::TokenRequest::PasswordGrant(grant) = &mut named {
                    grant.tenant = Some(second.clone());
                }
                assert_eq!(done(client.auth_token().body(named).send().await).tenant, second);
            }

            pub async fn refresh(world: &World) {
                let business = world.business(NAME).await;
                let client = client(world);
                let renew = async |token: &str| client.auth_token().body(renewal(token)).send().await;
                let first = done(client.auth_token().body(password(&business.reader)).send().await);
                let first = first.refresh_token.expect("a refresh token");
                let second = done(renew(&first).await).refresh_token.expect("a refresh token");
                assert_ne!(first, second);
                let again = done(renew(&first).await).refresh_token.expect("a refresh token");
                assert_eq!(again, second, "a renewal that was cut off can be repeated");
                let third = done(renew(&second).await).refresh_token.expect("a refresh token");
                refused(renew(&first).await, "REFRESH_REUSED");
                refused(renew(&third).await, "INVALID_CREDENTIALS");
            }

            pub async fn end_of_a_session(world: &World) {
                let business = world.business(NAME).await;
                let client = client(world);
                let session = done(client.auth_token().body(password(&business.reader)).send().await);
                let token = session.refresh_token.expect("a refresh token");
                for _ in 0..2 {
                    let body = types::RevokeRequest { refresh_token: token.clone() };
                    done(client.auth_revoke().body(body).send().await);
                }
                let renewed = client.auth_token().body(renewal(&token)).send().await;
                refused(renewed, "INVALID_CREDENTIALS");
            }

            pub async fn keys(world: &World) {
                let business = world.business(NAME).await;
                let grant: types::TokenRequest =
                    of(json!({"grant_type": "api_key", "api_key": business.key}));
                let answer = done(client(world).auth_token().body(grant).send().await);
                assert!(answer.refresh_token.is_none());
                let scopes = answer.scopes.expect("scopes");
                assert!(scopes.iter().any(|scope| scope == "records:read"));
                // Attempts with a wrong password are limited.
                let own = Business::new(world, NAME).await;
                let wrong = Login { password: "wrong".to_owned(), ..own.owner.clone() };
                for _ in 0..40 {
                    let sent = client(world).auth_token().body(password(&wrong)).send().await;
                    if let Err(error) = &sent
                        && $($client)::+::ErrorExt::is_code(error, "RATE_LIMITED")
                    {
                        return;
                    }
                    refused(sent, "INVALID_CREDENTIALS");
                }
                panic!("nothing limits the attempts to sign in");
            }
        }
    };
}

suite!(mobile, crm_client_mobile);
suite!(web, crm_client_web);
suite!(portal, crm_client_portal);
suite!(integrations, crm_client_integrations);

pub mod v2 {
    suite!(mobile, crm_client_mobile::v2);
    suite!(web, crm_client_web::v2);
    suite!(portal, crm_client_portal::v2);
    suite!(integrations, crm_client_integrations::v2);
}
