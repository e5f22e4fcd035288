//! Callers who use deprecated things get the headers, and nobody else does.

use crate::harness::{ID, Reply, call, send};

const ZONE: [(&str, &str); 1] = [("X-Zone", "Europe/Berlin")];
const SINCE: &str = r#"</shapes.yaml#/paths/~1things/get/parameters/8>; rel="deprecation"; title="query parameter since""#;
const COLOUR: &str = r#"</shapes.yaml#/components/schemas/ThingUpdate/properties/colour>; rel="deprecation"; title="property colour""#;
const NICKNAME: &str = r#"</shapes.yaml#/components/schemas/Thing/properties/nickname>; rel="deprecation"; title="property nickname; use labels""#;

const SECOND_HAND: &str = r#"</shapes.yaml#/components/schemas/State/x-deprecated-values/2nd-hand>; rel="deprecation"; title="value 2nd-hand of State; use in_use""#;

/// `Deprecation`, `Sunset`, the links, and the things that the gate got.
fn told(reply: &Reply) -> (&str, &str, Vec<&str>, Vec<&str>) {
    let links = reply.headers.get_all("link").iter();
    (
        reply.header("deprecation"),
        reply.header("sunset"),
        links.map(|link| link.to_str().unwrap()).collect(),
        reply.header("x-used").split_whitespace().collect(),
    )
}

fn nothing(reply: &Reply) {
    assert_eq!(told(reply), ("", "", vec![], vec![]), "{}", reply.text);
}

#[tokio::test]
async fn what_uses_nothing_that_goes_hears_of_nothing() {
    nothing(&call("GET", "/things", &ZONE, "").await);
    let target = format!("/things/{ID}");
    nothing(&send("PATCH", &target, r#"{"amount":1}"#).await);
    nothing(&call("GET", &target, &[], "").await);
    nothing(&call("GET", "/nowhere", &[], "").await);
    nothing(&call("PUT", "/things", &ZONE, "").await);
}

#[tokio::test]
async fn a_deprecated_parameter_is_told_where_it_is_given() {
    let reply = call("GET", "/things?since=1", &ZONE, "").await;
    assert_eq!(
        told(&reply),
        (
            "@1769904000",
            "Wed, 01 Jul 2026 00:00:00 GMT",
            vec![SINCE],
            vec!["/paths/~1things/get/parameters/8"]
        )
    );
}

#[tokio::test]
async fn a_refusal_tells_it_too() {
    let reply = call("GET", "/things?since=1&limit=0", &ZONE, "").await;
    assert_eq!((reply.status, told(&reply).2), (400, vec![SINCE]));
    let target = format!("/things/{ID}");
    let reply = send("PATCH", &target, r#"{"colour":"red","amount":77}"#).await;
    assert_eq!((reply.status, told(&reply).2), (400, vec![COLOUR]));
}

#[tokio::test]
async fn a_deprecated_property_is_told_where_it_is_sent_and_where_it_is_answered() {
    let target = format!("/things/{ID}");
    let reply = send("PATCH", &target, r#"{"colour":"red"}"#).await;
    assert_eq!(told(&reply).2, [COLOUR]);
    let reply = send("PATCH", &target, r#"{"name":"Bob"}"#).await;
    assert_eq!(told(&reply).2, [NICKNAME]);
}

#[tokio::test]
async fn a_deprecated_value_is_told_where_it_is_sent_and_where_it_is_answered() {
    let reply = call("GET", "/things?state=2nd-hand", &ZONE, "").await;
    assert_eq!(
        told(&reply),
        (
            "@1771113600",
            "Mon, 01 Jun 2026 00:00:00 GMT",
            vec![SECOND_HAND],
            vec!["/components/schemas/State/x-deprecated-values/2nd-hand"]
        )
    );
    nothing(&call("GET", "/things?state=new", &ZONE, "").await);
    let target = format!("/things/{ID}");
    let reply = send("PATCH", &target, r#"{"amount":5}"#).await;
    assert_eq!(told(&reply).2, [SECOND_HAND]);
}

#[tokio::test]
async fn of_several_the_earliest_days_count() {
    let target = format!("/things/{ID}");
    let reply = send("PATCH", &target, r#"{"name":"Bob","colour":"red"}"#).await;
    let (deprecation, sunset, links, used) = told(&reply);
    assert_eq!(
        (deprecation, sunset, links),
        (
            "@1768435200",
            "Fri, 01 May 2026 00:00:00 GMT",
            vec![COLOUR, NICKNAME]
        )
    );
    assert_eq!(
        used,
        [
            "/components/schemas/ThingUpdate/properties/colour",
            "/components/schemas/Thing/properties/nickname"
        ]
    );
}

#[tokio::test]
async fn a_deprecated_operation_says_what_follows_it() {
    let target = format!("/old-things/{ID}");
    let operation = r#"</shapes.yaml#/paths/~1old-things~1%7Bid%7D/get>; rel="deprecation"; title="GET /old-things/{id}; use GET /things/{id}""#;
    let successor = format!("</things/{ID}>; rel=\"successor-version\"");
    let reply = call("GET", &target, &[], "").await;
    let (_, _, links, used) = told(&reply);
    assert_eq!(links[..2], [operation, &successor]);
    assert_eq!(
        used,
        [
            "/components/schemas/Thing/properties/nickname",
            "/paths/~1old-things~1%7Bid%7D/get/responses/200/headers/X-Old"
        ]
        .map(|element| element.replace("%7Bid%7D", "{id}"))
    );
    let refused = call("GET", &target, &[("x-refuse", "1")], "").await;
    assert_eq!(
        (refused.status, told(&refused).0, told(&refused).2),
        (401, "@1769817600", vec![operation, successor.as_str()])
    );
    // Its replacement has the same path.
    let deleted = call("DELETE", &format!("/things/{ID}"), &[], "").await;
    assert_eq!(told(&deleted).2.len(), 1);
}
