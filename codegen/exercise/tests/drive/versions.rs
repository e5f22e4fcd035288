//! Two versions of one contract: equal parts share types and handlers, and one place translates the differences.

use std::any::TypeId;

use crm_codegen_exercise::{v1, v2};

use crate::harness::{ID, Reply, call_version};

async fn both(method: &str, target: &str, body: &'static str) -> [Reply; 2] {
    let headers = [
        ("X-Zone", "Europe/Berlin"),
        ("content-type", "application/json"),
    ];
    let headers = if body.is_empty() {
        &headers[..1]
    } else {
        &headers
    };
    [
        call_version(1, method, target, headers, body).await,
        call_version(2, method, target, headers, body).await,
    ]
}

macro_rules! same {
    ($($path:ident)::+) => {
        TypeId::of::<v1::$($path)::+>() == TypeId::of::<v2::$($path)::+>()
    };
}

#[test]
fn a_schema_that_is_equal_is_one_type() {
    assert!(same!(types::State), "words are no difference");
    assert!(same!(types::Thing) && same!(types::Shape) && same!(types::RecordUpdate));
    assert!(same!(types::JobFields) && same!(types::JobFieldsName));
    assert!(!same!(types::Record), "a property more");
    assert!(!same!(types::RecordPage), "it holds what differs");
    assert!(!same!(types::ThingsListOkBody));
}

#[test]
fn what_is_generated_of_an_operation_is_shared_by_its_parts() {
    assert!(same!(server::things::CreateRequest) && same!(server::things::CreateResponse));
    assert!(same!(server::things::CreateError));
    assert!(same!(server::things::ListRequest) && !same!(server::things::ListResponse));
    assert!(same!(server::records::UpdateRequest) && !same!(server::records::UpdateResponse));
    assert!(same!(server::r#type::MatchRequest) && !same!(server::r#type::MatchError));
}

#[tokio::test]
async fn an_operation_that_did_not_change_has_one_handler() {
    let [first, second] = both("GET", &format!("/things/{ID}"), "").await;
    assert_eq!(first.asked(), second.asked());
    assert_eq!(first.text, second.text);
    assert_eq!(
        (first.header("content-type"), second.header("content-type")),
        (
            "application/vnd.shapes.v1+json",
            "application/vnd.shapes.v2+json"
        )
    );
}

#[tokio::test]
async fn what_is_deprecated_in_one_version_is_told_in_that_one() {
    let [first, second] = both("GET", &format!("/things/{ID}"), "").await;
    assert_eq!(first.header("deprecation"), "");
    assert_eq!(second.header("deprecation"), "@1769817600");
}

#[tokio::test]
async fn requests_are_judged_by_the_bounds_of_their_version() {
    let [first, second] = both("PUT", &format!("/things/{ID}/note"), "\"12345\"").await;
    assert_eq!(first.status, 204);
    assert_eq!(second.failures(), ["/body max_length"]);
}

#[tokio::test]
async fn an_operation_that_changed_is_answered_in_the_form_of_its_version() {
    let [first, second] = both("GET", "/things", "").await;
    assert_eq!(first.asked(), second.asked(), "one handler knows how");
    assert_eq!(first.json()["total"], serde_json::Value::Null);
    assert_eq!(second.json()["total"], 1);
    let [first, second] = both("GET", "/records/job", "").await;
    assert_eq!(first.json()["items"][0].get("kind"), None);
    assert_eq!(second.json()["items"][0]["kind"], "job");
}

#[tokio::test]
async fn an_operation_belongs_to_its_version() {
    let [first, second] = both("DELETE", &format!("/things/{ID}"), "").await;
    assert_eq!(first.header("x-finished"), "things_delete admitted");
    assert_eq!(second.header("x-finished"), "things_archive admitted");
}
