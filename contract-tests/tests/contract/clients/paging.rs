//! Lists of version 2: paging in both directions, and totals.

macro_rules! suite {
    ($consumer:ident, $($client:ident)::+) => {
        pub mod $consumer {
            use contract_tests::{business::mark, world::World};
            use serde_json::json;
            use $($client)::+::{Client, types};

            use crate::clients::{client, done, of, refused};

            const NAME: &str = stringify!($consumer);

            async fn client(world: &World) -> Client {
                let business = world.business(NAME).await;
                client!($($client)::+, world, NAME, business.token(NAME))
            }

            pub async fn records_both_ways(world: &World) {
                let client = client(world).await;
                let name = format!("paged {}", mark());
                let item = json!({"name": name, "unit_price": {"amount": 1, "currency": "GBP"}});
                let operation = json!({"op": "create", "type": "price_item", "fields": item});
                let operations = vec![operation; 5];
                let body: types::BatchRequest =
                    of(json!({"mode": "atomic", "operations": operations}));
                done(client.records_batch().body(body).send().await);
                let filter = json!({"field": "name", "op": "eq", "value": name}).to_string();
                let list = || client.records_list().type_("price_item").filter(&filter).limit(2);
                let first = done(list().total(true).send().await);
                assert_eq!((first.page.total, &first.page.previous), (Some(5), &None));
                let next = first.page.next.clone().expect("a second page");
                let second = done(list().cursor(next).send().await);
                assert_eq!(second.page.total, None, "nobody asked");
                let third = done(list().cursor(second.page.next.clone().unwrap()).send().await);
                assert_eq!((third.items.len(), &third.page.next), (1, &None));
                let back = done(list().cursor(third.page.previous.unwrap()).send().await);
                assert_eq!(back.items, second.items);
                let back = done(list().cursor(back.page.previous.unwrap()).send().await);
                assert_eq!((&back.items, back.page.previous), (&first.items, None));
                let other = list().sort("-name").cursor(second.page.previous.unwrap());
                refused(other.send().await, "CURSOR_INVALID");
            }

            pub async fn lists_both_ways(world: &World) {
                let client = client(world).await;
                let list = || client.schema_list().limit(3).fields("label");
                let first = done(list().total(true).send().await);
                assert!(first.page.total.is_some_and(|total| total > 3));
                let next = first.page.next.clone().expect("a second page");
                let second = done(list().cursor(next).send().await);
                let back = done(list().cursor(second.page.previous.unwrap()).send().await);
                assert_eq!((&back.items, back.page.previous), (&first.items, None));
            }
        }
    };
}

suite!(mobile, crm_client_mobile::v2);
suite!(web, crm_client_web::v2);
suite!(integrations, crm_client_integrations::v2);
