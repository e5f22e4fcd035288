//! Parameters: read from path, query and headers, and checked; one answer lists all failures.

use crate::harness::{ID, Reply, call, get};

async fn list(query: &str) -> Reply {
    call(
        "GET",
        &format!("/things{query}"),
        &[("X-Zone", "Europe/Berlin")],
        "",
    )
    .await
}

#[tokio::test]
async fn parameters_left_out_are_none_or_their_default() {
    let reply = list("").await;
    assert_eq!(
        reply.asked(),
        "ListRequest { tag: None, ids: None, state: None, order: Asc, limit: 50, ratio: None, match_: None, filter: None, since: None, x_zone: \"Europe/Berlin\" }"
            .replace("match_: None", "match: false")
    );
}

#[tokio::test]
async fn every_shape_of_a_parameter_is_read() {
    let filter = "%7B%22and%22:%5B%7B%22field%22:%22a%22,%22value%22:null%7D%5D%7D";
    let reply = list(&format!(
        "?tag=a&tag=b%20c&ids=1,2&state=new&order=desc&limit=7&ratio=0.5&match=true&filter={filter}"
    ))
    .await;
    let asked = reply.asked();
    for part in [
        r#"tag: Some(["a", "b c"])"#,
        "ids: Some([1, 2])",
        "state: Some(New)",
        "order: Desc",
        "limit: 7",
        "ratio: Some(0.5)",
        "match: true",
        r#"filter: Some(And(FilterAnd { and: [Leaf(FilterLeaf { field: "a", value: Null })] }))"#,
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn all_failures_come_back_at_once() {
    let query = "?tag=&tag=toolongtag&tag=x&tag=x&ids=1,x,101&state=worn&order=up&limit=0&ratio=0&match=yes&filter=%7B&nope=1";
    let reply = call(
        "GET",
        &format!("/things{query}"),
        &[("X-Zone", "berlin")],
        "",
    )
    .await;
    assert_eq!(
        reply.failures(),
        [
            "/query/nope unknown_parameter",
            "/query/tag max_items",
            "/query/tag/3 unique_items",
            "/query/tag/0 min_length",
            "/query/tag/1 max_length",
            "/query/ids/1 type",
            "/query/state enum",
            "/query/order enum",
            "/query/limit minimum",
            "/query/ratio exclusive_minimum",
            "/query/match type",
            "/query/filter json",
            "/header/X-Zone pattern",
        ]
    );
}

#[tokio::test]
async fn one_failure_is_one_failure() {
    for (query, failure) in [
        ("?limit=201", "/query/limit maximum"),
        ("?limit=1.5", "/query/limit type"),
        ("?limit=%31%30x", "/query/limit type"),
        ("?limit=", "/query/limit type"),
        ("?limit=99999999999999999999", "/query/limit type"),
        ("?limit=1&limit=2", "/query/limit repeated"),
        ("?ratio=1.01", "/query/ratio maximum"),
        ("?ratio=NaN", "/query/ratio type"),
        ("?ids=0", "/query/ids/0 minimum"),
        ("?tag=%ff", "/query/tag encoding"),
        ("?tag=a%00", "/query/tag encoding"),
        ("?filter=%5B1", "/query/filter json"),
        (
            "?filter=%7B%22field%22:%22A%22,%22value%22:1%7D",
            "/query/filter/field pattern",
        ),
        (
            "?filter=%7B%22field%22:%22a%22,%22value%22:1,%22or%22:1%7D",
            "/query/filter/or unknown_property",
        ),
        ("?filter=1", "/query/filter one_of"),
        ("?%74ags=a", "/query/tags unknown_parameter"),
    ] {
        assert_eq!(list(query).await.failures(), [failure], "{query}");
    }
}

#[tokio::test]
async fn a_required_header_that_is_missing_is_named() {
    assert_eq!(get("/things").await.failures(), ["/header/X-Zone required"]);
}

#[tokio::test]
async fn path_parameters_are_checked() {
    assert!(get(&format!("/things/{ID}")).await.asked().contains(ID));
    for id in [
        "7",
        "0190A1B2-0000-7000-8000-00000000000F",
        "0190a1b2-0000-4000-8000-00000000000f",
        "%00",
    ] {
        let reply = get(&format!("/things/{id}")).await;
        assert!(
            reply
                .failures()
                .iter()
                .all(|failure| failure.starts_with("/path/id ")),
            "{}",
            reply.text
        );
    }
    assert_eq!(get("/things/%ff").await.status, 404);
}

#[tokio::test]
async fn deep_filters_are_refused_in_bounded_time() {
    let deep = |depth: usize| {
        format!(
            "?filter={}{}",
            "%7B%22not%22:".repeat(depth),
            "%7D".repeat(depth)
        )
    };
    assert_eq!(list(&deep(100)).await.failures(), ["/query/filter json"]);
    assert_eq!(list(&deep(2_000)).await.failures(), ["/query/filter json"]);
    let nested = format!(
        "?filter={}1{}",
        "%7B%22not%22:".repeat(60),
        "%7D".repeat(60)
    );
    assert_eq!(list(&nested).await.failures().len(), 1);
}

#[tokio::test]
async fn names_that_need_care_arrive() {
    let reply = get("/type/%40x?2fa=true&gr%C3%B6%C3%9Fe=3&body=b").await;
    assert_eq!(
        reply.asked(),
        r#"MatchRequest { self_: "@x", _2fa: Some(true), größe: Some(3), body_2: Some("b") }"#
    );
    assert_eq!(reply.json()["self"], "@x");
    assert_eq!(reply.json()["2fa"], true);
    assert_eq!(
        get("/type/x?gr%C3%B6%C3%9Fe=2147483648").await.failures(),
        ["/query/größe maximum"]
    );
}
