//! The codes that many operations share, once for each client: requests that the client itself never sends, sent
//! through its proxy.

use std::{sync::Arc, time::Duration};

use contract_tests::{
    business::{Business, new_id},
    runner::Test,
    world::{CONSUMERS, World},
};
use http::Method;
use serde_json::json;

pub fn tests(world: &Arc<World>) -> Vec<Test> {
    CONSUMERS
        .into_iter()
        .map(|consumer| {
            let world = world.clone();
            Test {
                name: format!("raw::common::{consumer}"),
                run: Box::pin(async move { shared_codes(&world, consumer).await }),
            }
        })
        .collect()
}

async fn shared_codes(world: &World, consumer: &'static str) {
    let raw = world.raw(consumer);
    let business = Business::new(world, consumer).await;
    let token = business.token(consumer);
    let me = if consumer == "portal" {
        "/portal/me"
    } else {
        "/me"
    };
    raw.get(me).bearer(token).send().await.expect(200);
    raw.get(format!("{me}?colour=red"))
        .bearer(token)
        .send()
        .await
        .refused("VALIDATION_FAILED");
    raw.get(me)
        .bearer(token)
        .header("accept", "text/html")
        .send()
        .await
        .refused("VERSION_UNSUPPORTED");
    raw.get(me).send().await.refused("UNAUTHENTICATED");
    raw.request(Method::PUT, me)
        .send()
        .await
        .refused("METHOD_NOT_ALLOWED");
    let post = || raw.request(Method::POST, "/auth/token");
    let media = ("content-type", "application/json");
    post()
        .header(media.0, media.1)
        .body("{")
        .send()
        .await
        .refused("MALFORMED_JSON");
    post()
        .header(media.0, "text/plain")
        .body("{}")
        .send()
        .await
        .refused("UNSUPPORTED_MEDIA_TYPE");
    let large = vec![b' '; 2 << 20];
    post()
        .header(media.0, media.1)
        .body(large)
        .send()
        .await
        .refused("PAYLOAD_TOO_LARGE");
    if consumer != "portal" {
        let fields = json!({"kind": "person", "first_name": "Ada"});
        let create = |token: &str, fields: &serde_json::Value| {
            raw.post("/records/contact", json!({"fields": fields}))
                .bearer(token)
        };
        create(business.weak_token(consumer), &fields)
            .send()
            .await
            .refused("FORBIDDEN");
        let key = new_id();
        let draft = create(token, &fields).header("idempotency-key", &key);
        draft.send().await.expect(201);
        let draft = create(token, &json!({"kind": "company"})).header("idempotency-key", &key);
        draft.send().await.refused("IDEMPOTENCY_KEY_REUSED");
    }
    expired(world, consumer, &business).await;
    busy(world, consumer, &business).await;
    limited(world, consumer, &business).await;
}

/// An access token that was valid for five seconds, counted in whole seconds: enough to be used once on a busy machine.
/// A customer's token works the same way, and hosts cannot make short ones.
async fn expired(world: &World, consumer: &str, business: &Business) {
    let life = Duration::from_secs(5);
    let token = world
        .host
        .short_token(&business.tenant, &business.owner.email, life)
        .await;
    let raw = world.raw(consumer);
    raw.get("/me").bearer(&token).send().await.expect(200);
    tokio::time::sleep(life + Duration::from_millis(1_200)).await;
    let answer = raw.get("/me").bearer(&token).send().await;
    assert!(
        answer.refused("TOKEN_EXPIRED")["expired_at"].is_i64(),
        "{answer:?}"
    );
}

/// While the store cannot write, a write is refused in time and changes nothing.
async fn busy(world: &World, consumer: &str, business: &Business) {
    let Some(hold) = world.host.hold_store(&business.tenant).await else {
        return;
    };
    let raw = world.raw(consumer);
    let id = new_id();
    let fields = json!({"kind": "person", "first_name": "Nobody"});
    let create = || {
        let body = json!({"id": id, "fields": fields});
        raw.post("/records/contact", body)
            .bearer(&business.owner_token)
    };
    let path = format!("/records/contact/{id}");
    let get = || raw.get(path.as_str()).bearer(&business.owner_token);
    let answer = create().send().await;
    answer.refused("TENANT_BUSY");
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
    get().send().await.refused("NOT_FOUND");
    drop(hold);
    create().send().await.expect(201);
    get().send().await.expect(200);
}

async fn limited(world: &World, consumer: &str, business: &Business) {
    let wrong =
        json!({"grant_type": "password", "email": business.owner.email, "password": "wrong"});
    for _ in 0..40 {
        let answer = world
            .raw(consumer)
            .post("/auth/token", wrong.clone())
            .send()
            .await;
        if answer.status == 429 {
            answer.refused("RATE_LIMITED");
            return;
        }
    }
    panic!("nothing limits the attempts to sign in");
}
