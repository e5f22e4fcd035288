//! The integrations client inside workerd, in its own Worker (`partner-worker`). It uses this client's proxy, so its
//! exchanges are judged and counted like all others.

use bytes::Bytes;
use contract_tests::{business::Business, host::PARTNER, world::World};
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

const NAME: &str = "integrations";

pub async fn a_days_work(world: &World) {
    let business = Business::new(world, NAME).await;
    let order = json!({"base": world.base_url(NAME), "key": business.key});
    let request = Request::post(world.host.base_url())
        .header("host", PARTNER)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(order.to_string())))
        .expect("a request");
    let answer = world
        .raw(NAME)
        .client
        .request(request)
        .await
        .expect("an answer");
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let saw: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(saw["without_token"], "UNAUTHENTICATED", "{saw}");
    assert_eq!(saw["tenant"], business.tenant.as_str(), "{saw}");
    assert_eq!(
        (&saw["created"], &saw["listed"]),
        (&json!(7), &json!(7)),
        "{saw}"
    );
    assert_eq!(saw["same"], true, "{saw}");
    let update = json!({"newer": true, "once": true, "stale": "VERSION_MISMATCH"});
    assert_eq!(saw["update"], update, "{saw}");
    assert_eq!(saw["refusal"]["code"], "FIELD_INVALID", "{saw}");
    assert_eq!(
        saw["refusal"]["errors"][0]["pointer"], "/body/fields/kind",
        "{saw}"
    );
}
