//! The state of the server, its limits and its contract.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{contract::Contract, world::World};
            use futures_util::TryStreamExt;
            use $($client)::+::{AnswerHeaders, Client, types};

            use crate::clients::{client, done, not_modified, of, refused};

            const NAME: &str = stringify!($consumer);

            fn client(world: &World) -> Client {
                client!($($client)::+, world, NAME, "no-token")
            }

            pub async fn state(world: &World) {
                let health = client(world)
                    .platform_health()
                    .send()
                    .await
                    .expect("health");
                assert!(health.headers().request_id().is_some());
                assert_eq!(health.api_versions, [1, 2]);
                let limits = done(client(world).platform_limits().send().await);
                assert_eq!(limits.body_bytes, 1 << 20);
            }

            /// The document is the contract, or the slice of a consumer.
            pub async fn document(world: &World) {
                let client = client(world);
                let answer = client
                    .platform_openapi_json()
                    .send()
                    .await
                    .expect("the document");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                let whole = serde_json::Value::Object(answer.into_inner());
                assert_eq!(whole, world.contract.document);
                let again = client
                    .platform_openapi_json()
                    .if_none_match(etag.as_str())
                    .send()
                    .await;
                not_modified(again);
                refused(
                    client.platform_openapi_json().version(99).send().await,
                    "NOT_FOUND",
                );
                let answer = client
                    .platform_openapi_yaml()
                    .send()
                    .await
                    .expect("the document");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                let text = text_of(answer).await;
                let whole = Contract::parse(&text);
                assert_eq!(whole.operations.len(), world.contract.operations.len());
                let again = client
                    .platform_openapi_yaml()
                    .if_none_match(etag.as_str())
                    .send()
                    .await;
                match again {
                    Ok(_) => panic!("304 is expected"),
                    Err(error) => assert!($($client)::+::ErrorExt::is_not_modified(&error), "{error:?}"),
                }
                match client.platform_openapi_yaml().version(99).send().await {
                    Ok(_) => panic!("NOT_FOUND is expected"),
                    Err(error) => {
                        assert!($($client)::+::ErrorExt::is_code(&error, "NOT_FOUND"), "{error:?}")
                    }
                }
                for consumer in contract_tests::world::CONSUMERS {
                    let slice = client
                        .platform_openapi_yaml()
                        .consumer(of::<types::DocumentConsumerParameter>(consumer.into()))
                        .send()
                        .await;
                    let slice = Contract::parse(&text_of(slice.expect("a slice")).await);
                    let own = world
                        .contract
                        .operations
                        .iter()
                        .filter(|operation| operation.consumers.contains(consumer));
                    let mut expected: Vec<&str> = own.map(|it| it.id.as_str()).collect();
                    let mut found: Vec<&str> =
                        slice.operations.iter().map(|it| it.id.as_str()).collect();
                    expected.sort_unstable();
                    found.sort_unstable();
                    assert_eq!(found, expected, "{consumer}");
                }
            }

            /// The caller chooses the OpenAPI version, in JSON and YAML.
            pub async fn forms(world: &World) {
                let client = client(world);
                for (form, begins) in [("3.0", "3.0.3"), ("3.1", "3.1.0")] {
                    let wanted = of::<types::DocumentFormParameter>(form.into());
                    let answer = client
                        .platform_openapi_json()
                        .openapi(wanted)
                        .send()
                        .await
                        .expect("the document");
                    assert_eq!(answer["openapi"].as_str(), Some(begins));
                    let wanted = of::<types::DocumentFormParameter>(form.into());
                    let answer = client.platform_openapi_yaml().openapi(wanted).send().await;
                    let text = text_of(answer.expect("the document")).await;
                    assert!(text.starts_with(&format!("openapi: {begins}")));
                }
            }

            /// The page holds the operations of the slice, and no others.
            pub async fn page(world: &World) {
                let client = client(world);
                let answer = client.platform_docs().send().await.expect("the page");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                let policy = answer.headers().header("content-security-policy");
                assert!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'")));
                text_of(answer).await;
                match client
                    .platform_docs()
                    .if_none_match(etag.as_str())
                    .send()
                    .await
                {
                    Ok(_) => panic!("304 is expected"),
                    Err(error) => assert!($($client)::+::ErrorExt::is_not_modified(&error), "{error:?}"),
                }
                match client.platform_docs().version(1_000).send().await {
                    Ok(_) => panic!("NOT_FOUND is expected"),
                    Err(error) => {
                        assert!($($client)::+::ErrorExt::is_code(&error, "NOT_FOUND"), "{error:?}")
                    }
                }
                for consumer in contract_tests::world::CONSUMERS {
                    let answer = client
                        .platform_docs()
                        .consumer(of::<types::DocumentConsumerParameter>(consumer.into()))
                        .send()
                        .await;
                    let page = text_of(answer.expect("a page")).await;
                    for operation in &world.contract.operations {
                        let entry = format!(r#"<section class="operation" id="{}""#, operation.id);
                        let own = operation.consumers.contains(consumer);
                        assert_eq!(page.contains(&entry), own, "{consumer} {}", operation.id);
                    }
                }
            }

            pub async fn dashboard(world: &World) {
                let client = client(world);
                let answer = client.platform_dashboard().send().await.expect("the page");
                let etag = answer.headers().etag().expect("an ETag").to_owned();
                let policy = answer.headers().header("content-security-policy");
                assert!(policy.is_some_and(|policy| policy.contains("connect-src 'self';")));
                assert!(text_of(answer).await.starts_with("<!DOCTYPE html>"));
                let again = client.platform_dashboard().if_none_match(etag.as_str());
                match again.send().await {
                    Ok(_) => panic!("304 is expected"),
                    Err(error) => assert!($($client)::+::ErrorExt::is_not_modified(&error), "{error:?}"),
                }
            }

            async fn text_of(answer: $($client)::+::ResponseValue<$($client)::+::ByteStream>) -> String {
                let chunks: Vec<_> = answer
                    .into_inner()
                    .into_inner()
                    .try_collect()
                    .await
                    .expect("the whole of it");
                let bytes: Vec<u8> = chunks
                    .iter()
                    .flat_map(|chunk| chunk.iter().copied())
                    .collect();
                String::from_utf8(bytes).expect("UTF-8")
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
