//! The generated client with the generated server: each reads what the other writes.

use std::sync::{Arc, Mutex};

use axum::Extension;
use crm_codegen_exercise::v1::mobile;
use crm_codegen_exercise::v1::server;
use crm_codegen_exercise::v1::types;
use crm_codegen_exercise::v1::web::{Client, Error};
use crm_runtime::client::{AnswerHeaders, DeprecatedUse, ErrorExt, RetryPolicy, Settings};
use crm_runtime::server::{RequestId, Served};
use futures_util::TryStreamExt;

use crate::harness::{Handlers, ID, thing};

/// A server and its client.
pub struct Driven {
    handlers: Arc<Handlers>,
    pub client: Client,
    url: String,
}

impl Driven {
    pub async fn start() -> Self {
        let handlers = Arc::new(Handlers::default());
        let served = Served {
            media_type: "application/vnd.shapes.v1+json",
            ..Served::default()
        };
        let router = server::router(Arc::clone(&handlers))
            .layer(Extension(RequestId("r-1".into())))
            .layer(Extension(served));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client =
            Client::new(Settings::new(&url).token("t").retry(RetryPolicy::none())).unwrap();
        Driven {
            handlers,
            client,
            url,
        }
    }

    /// The last request of the handler.
    pub fn asked(&self) -> String {
        self.handlers
            .asked
            .lock()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or_default()
    }

    /// The body that the server got last.
    pub fn body(&self) -> Vec<u8> {
        self.handlers
            .bodies
            .lock()
            .unwrap()
            .last()
            .map(|body| body.to_vec())
            .unwrap_or_default()
    }
}

#[tokio::test]
async fn every_shape_of_a_parameter_arrives() {
    let driven = Driven::start().await;
    let leaf = types::FilterLeaf {
        field: "a".into(),
        value: serde_json::Value::Null,
    };
    let things = driven
        .client
        .things_list()
        .x_zone("Europe/Berlin")
        .tag(vec!["a".to_owned(), "b c".to_owned()])
        .ids([1, 2])
        .state(types::State::InUse)
        .order(types::ThingsListQueryOrder::Desc)
        .limit(7)
        .ratio(0.5)
        .match_(true)
        .filter(types::Filter::Leaf(leaf))
        .send()
        .await
        .unwrap();
    let asked = driven.asked();
    for part in [
        r#"tag: Some(["a", "b c"])"#,
        "ids: Some([1, 2])",
        "state: Some(InUse)",
        "order: Desc",
        "limit: 7",
        "ratio: Some(0.5)",
        "match: true",
        r#"filter: Some(Leaf(FilterLeaf { field: "a", value: Null }))"#,
        r#"x_zone: "Europe/Berlin""#,
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert_eq!(things.items, [thing()], "a state that is not known is kept");
    assert_eq!(things.header("x-total"), Some("1"));
}

#[tokio::test]
async fn names_that_need_care_arrive() {
    let driven = Driven::start().await;
    let names = driven
        .client
        .type_match()
        .self_("a/b ü%")
        ._2fa(true)
        .größe(3)
        .body("no body")
        .send()
        .await
        .unwrap();
    assert_eq!(names.self_, "a/b ü%");
    let asked = driven.asked();
    for part in [
        "_2fa: Some(true)",
        "größe: Some(3)",
        r#"body_2: Some("no body")"#,
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn a_body_may_be_left_out_where_the_contract_says_so() {
    let driven = Driven::start().await;
    driven.client.things_note().thing(ID).send().await.unwrap();
    assert!(driven.asked().contains("body: None"), "{}", driven.asked());
    assert_eq!(driven.body(), b"");
    driven
        .client
        .things_note()
        .thing(ID)
        .body("short".to_owned())
        .send()
        .await
        .unwrap();
    assert!(
        driven.asked().contains(r#"body: Some("short")"#),
        "{}",
        driven.asked()
    );
}

#[tokio::test]
async fn bytes_go_out_and_come_back_as_they_are() {
    let driven = Driven::start().await;
    let bytes: &[u8] = b"{\"not\":   \"printed again\"}";
    driven
        .client
        .bodies_raw()
        .body(bytes)
        .send()
        .await
        .unwrap_err();
    assert_eq!(driven.body(), bytes);
    let text: Vec<_> = driven
        .client
        .bodies_text()
        .send()
        .await
        .unwrap()
        .into_inner_stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(text.concat(), b"plain");
    let events = driven.client.bodies_stream().send().await.unwrap();
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
}

#[tokio::test]
async fn both_successes_are_read_and_refusals_are_typed() {
    let driven = Driven::start().await;
    let create = |name: &str| {
        let body = types::ThingCreate {
            name: name.into(),
            shape: types::Shape::Circle(types::Circle {
                radius: 1.5,
                ..types::Circle::default()
            }),
            email: None,
            amount: None,
            kind: None,
            level: None,
            state: None,
            labels: None,
            value: None,
            nested: None,
            free: None,
        };
        driven.client.things_create().body(body).send()
    };
    let new = create("new").await.unwrap();
    assert_eq!(
        (new.status().as_u16(), new.header("location")),
        (201, Some("/things/1"))
    );
    assert!(
        driven.asked().contains("idempotency_key: Some("),
        "minted: {}",
        driven.asked()
    );
    assert_eq!(create("old").await.unwrap().status().as_u16(), 200);
    let taken = create("taken").await.unwrap_err();
    assert!(taken.is_code("TAKEN"));
    assert_eq!(
        taken
            .problem()
            .map(|problem| problem.context["name"].clone()),
        Some("taken".into())
    );
    let busy = create("busy").await.unwrap_err();
    assert_eq!(busy.retry_after().map(|wait| wait.as_secs()), Some(3));
}

#[tokio::test]
async fn a_consumer_has_its_own_operations_over_the_same_types() {
    let driven = Driven::start().await;
    let mobile = mobile::Client::new(Settings::new(&driven.url)).unwrap();
    let seen: types::Thing = mobile
        .things_get()
        .id(ID)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(seen, thing());
    let current = mobile
        .things_get()
        .id(ID)
        .if_none_match("\"7\"")
        .send()
        .await
        .unwrap_err();
    assert!(current.is_not_modified());
    let gone = mobile
        .things_get()
        .id(ID)
        .if_none_match("other")
        .send()
        .await
        .unwrap_err();
    assert!(gone.is_code("NOT_FOUND"));
    assert!(
        matches!(
            mobile.things_get().send().await,
            Err(Error::InvalidRequest(_))
        ),
        "the id is missing"
    );
}

#[tokio::test]
#[allow(deprecated)]
async fn what_is_going_away_still_works_and_calls_back() {
    let driven = Driven::start().await;
    let told: Arc<Mutex<Vec<DeprecatedUse>>> = Arc::default();
    let listener = Arc::clone(&told);
    let settings = Settings::new(&driven.url)
        .retry(RetryPolicy::none())
        .on_deprecated(move |used| listener.lock().unwrap().push(used.clone()));
    let client = Client::new(settings).unwrap();
    client.things_get().id(ID).send().await.unwrap();
    client.things_delete().id(ID).send().await.unwrap();
    let change = types::ThingUpdate {
        name: Some(Some("Bob".into())),
        colour: Some("red".into()),
        ..types::ThingUpdate::default()
    };
    client
        .things_update()
        .id(ID)
        .body(change)
        .send()
        .await
        .unwrap();
    client.things_fetch().id(ID).send().await.unwrap();
    let told = told.lock().unwrap();
    let uses: Vec<(&str, Vec<&str>)> = told
        .iter()
        .map(|used| {
            let things = used.notice.things.iter();
            (
                used.operation,
                things.filter_map(|thing| thing.title.as_deref()).collect(),
            )
        })
        .collect();
    assert_eq!(
        uses,
        [
            (
                "things_delete",
                vec!["DELETE /things/{id}; use PATCH /things/{id}"]
            ),
            (
                "things_update",
                vec!["property colour", "property nickname; use labels"]
            ),
            (
                "things_fetch",
                vec![
                    "GET /old-things/{id}; use GET /things/{id}",
                    "property nickname; use labels",
                    "header X-Old"
                ]
            ),
        ]
    );
    let update = &told[1].notice;
    assert_eq!(
        update.things[0].element.as_deref(),
        Some("/components/schemas/ThingUpdate/properties/colour")
    );
    assert!(update.sunset > Some(update.at));
    assert_eq!(told[2].notice.successors, [format!("/things/{ID}")]);
}
