//! The layer around every call, seen from the server: what a generated client sends, what it repeats, and how it reads
//! answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "calls/server.rs"]
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crm_client_web::types::{JobFields, RecordCreate, RefreshTokenGrant, TokenRequest};
use crm_client_web::{
    AnswerHeaders, Client, DeprecatedUse, Error, ErrorExt, JsonObject, RetryPolicy, Settings, Token,
};
use futures_util::TryStreamExt;
use serde_json::json;
use server::{Server, answer, problem, record};

const ID: &str = "01a19b89-d968-77eb-a8e3-b91d26ab4a82";

fn quick() -> RetryPolicy {
    RetryPolicy {
        base: Duration::from_millis(1),
        ..RetryPolicy::default()
    }
}

fn client(server: &Server) -> Client {
    Client::new(Settings::new(server.url()).token("secret").retry(quick())).unwrap()
}

fn create() -> RecordCreate {
    let mut fields = JsonObject::new();
    fields.insert("title".to_owned(), json!("Tap drips"));
    RecordCreate { id: None, fields }
}

#[tokio::test]
async fn a_call_names_the_version_and_the_caller() {
    let server = Server::start(|_, _| answer(200, &record("job", json!({})))).await;
    client(&server)
        .records_get()
        .type_("job")
        .id(ID)
        .send()
        .await
        .unwrap();
    let [seen] = &server.seen()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("GET", format!("/records/job/{ID}").as_str())
    );
    assert_eq!(seen.header("accept"), Some("application/vnd.crm.v1+json"));
    assert_eq!(seen.header("authorization"), Some("Bearer secret"));
    assert_eq!(
        seen.header("api-version"),
        None,
        "a browser would have to ask for it first"
    );
    assert_eq!(seen.header("idempotency-key"), None, "a read needs none");
}

#[tokio::test]
async fn a_public_operation_gets_no_token() {
    let server = Server::start(|_, _| problem(401, "INVALID_CREDENTIALS")).await;
    let grant = TokenRequest::RefreshTokenGrant(RefreshTokenGrant::default());
    let error = client(&server)
        .auth_token()
        .body(grant)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_code("INVALID_CREDENTIALS"), "{error}");
    assert_eq!(server.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_retried_write_keeps_its_key_and_body() {
    let server = Server::start(|_, count| match count {
        0 => problem(500, "INTERNAL"),
        1 => problem(503, "TENANT_BUSY"),
        _ => answer(201, &record("job", json!({}))),
    })
    .await;
    client(&server)
        .records_create()
        .type_("job")
        .body(create())
        .send()
        .await
        .unwrap();
    client(&server)
        .records_create()
        .type_("job")
        .body(create())
        .send()
        .await
        .unwrap();
    let seen = server.seen();
    let key = |index: usize| seen[index].header("idempotency-key").unwrap().to_owned();
    assert_eq!(seen.len(), 4);
    assert!(key(0) == key(1) && key(1) == key(2), "one call, one key");
    assert_ne!(key(2), key(3), "another call, another key");
    assert_eq!(key(0).len(), 36);
    for seen in &seen {
        assert_eq!(seen.body, json!({"fields": {"title": "Tap drips"}}));
    }
}

#[tokio::test]
async fn a_key_of_the_caller_is_kept() {
    let server = Server::start(|_, _| answer(201, &record("job", json!({})))).await;
    let call = client(&server);
    call.records_create()
        .type_("job")
        .idempotency_key("mine")
        .body(create())
        .send()
        .await
        .unwrap();
    assert_eq!(server.seen()[0].header("idempotency-key"), Some("mine"));
}

#[tokio::test]
async fn a_write_without_key_is_sent_once() {
    let server = Server::start(|_, _| problem(500, "INTERNAL")).await;
    let grant = TokenRequest::RefreshTokenGrant(RefreshTokenGrant::default());
    client(&server)
        .auth_token()
        .body(grant)
        .send()
        .await
        .unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn retries_are_bounded() {
    let server = Server::start(|_, _| problem(503, "TENANT_BUSY")).await;
    let error = client(&server).me_get().send().await.unwrap_err();
    assert!(error.is_code("TENANT_BUSY"));
    assert_eq!(server.seen().len(), 4, "the call and three retries");
    let once = Client::new(
        Settings::new(server.url())
            .token("secret")
            .retry(RetryPolicy::none()),
    )
    .unwrap();
    once.me_get().send().await.unwrap_err();
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_in_the_end() {
    let client = Client::new(
        Settings::new("http://127.0.0.1:9")
            .token("secret")
            .retry(quick()),
    )
    .unwrap();
    let error = client
        .records_create()
        .type_("job")
        .body(create())
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CommunicationError(_)), "{error}");
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let server = Server::start(|_, count| match count {
        0 => {
            let mut refusal = problem(429, "RATE_LIMITED");
            refusal
                .headers_mut()
                .insert("retry-after", "1".parse().unwrap());
            refusal
        }
        _ => answer(201, &record("job", json!({}))),
    })
    .await;
    let start = Instant::now();
    client(&server)
        .records_create()
        .type_("job")
        .body(create())
        .send()
        .await
        .unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_longer_retry_after_than_the_caller_waits_is_handed_on() {
    let server = Server::start(|_, _| {
        let mut refusal = problem(429, "RATE_LIMITED");
        refusal
            .headers_mut()
            .insert("retry-after", "3600".parse().unwrap());
        refusal
    })
    .await;
    let error = client(&server).me_get().send().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once() {
    let server = Server::start(|seen, _| match seen.header("authorization") {
        Some("Bearer new") => answer(200, &record("job", json!({}))),
        _ => problem(401, "TOKEN_EXPIRED"),
    })
    .await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let token = {
        let asked = asked.clone();
        Token::provider(move |rejected: Option<String>| {
            asked.lock().unwrap().push(rejected.clone());
            async move {
                Ok(Some(
                    if rejected.is_some() { "new" } else { "old" }.to_owned(),
                ))
            }
        })
    };
    let client = Client::new(Settings::new(server.url()).token(token).retry(quick())).unwrap();
    client
        .records_get()
        .type_("job")
        .id(ID)
        .send()
        .await
        .unwrap();
    assert_eq!(*asked.lock().unwrap(), [None, Some("old".to_owned())]);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_stays_rejected_is_an_error() {
    let server = Server::start(|_, _| problem(401, "UNAUTHENTICATED")).await;
    let error = client(&server).me_get().send().await.unwrap_err();
    assert!(error.is_code("UNAUTHENTICATED"));
    assert_eq!(server.seen().len(), 1, "a fixed token cannot be renewed");
}

#[tokio::test]
async fn headers_are_typed() {
    let server = Server::start(|_, _| {
        let mut answer = answer(200, &record("job", json!({})));
        for (name, value) in [
            ("etag", "\"1042\""),
            ("x-request-id", "01a202b2-c500-7b8b-bb5e-ba456bf92d5d"),
            ("ratelimit", "\"caller\";r=5999;t=60"),
            ("ratelimit-policy", "\"caller\";q=6000;w=60"),
            ("idempotent-replayed", "true"),
        ] {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        answer
    })
    .await;
    let record = client(&server)
        .records_get()
        .type_("job")
        .id(ID)
        .send()
        .await
        .unwrap();
    assert_eq!(record.etag(), Some("\"1042\""));
    assert_eq!(
        record.request_id(),
        Some("01a202b2-c500-7b8b-bb5e-ba456bf92d5d")
    );
    assert_eq!(record.rate_limit().map(|limit| limit.remaining), Some(5999));
    assert_eq!(record.rate_limit_policies()[0].quota, 6000);
    assert!(record.is_replayed());
    assert_eq!(record.deprecation(), None);
}

#[tokio::test]
async fn a_deprecated_use_is_told() {
    let server = Server::start(|_, _| {
        let mut answer = answer(200, &record("job", json!({})));
        answer
            .headers_mut()
            .insert("deprecation", "@1793610865".parse().unwrap());
        answer
            .headers_mut()
            .insert("sunset", "Mon, 01 Mar 2027 00:00:00 GMT".parse().unwrap());
        answer
    })
    .await;
    let told: Arc<Mutex<Vec<DeprecatedUse>>> = Arc::default();
    let listener = told.clone();
    let settings = Settings::new(server.url())
        .token("secret")
        .on_deprecated(move |used| listener.lock().unwrap().push(used.clone()));
    Client::new(settings)
        .unwrap()
        .records_get()
        .type_("job")
        .id(ID)
        .send()
        .await
        .unwrap();
    let [used] = &told.lock().unwrap()[..] else {
        panic!("told once")
    };
    assert_eq!(used.operation, "records_get");
    assert!(used.notice.sunset > Some(used.notice.at));
}

#[tokio::test]
async fn errors_and_not_modified_are_typed() {
    let server = Server::start(|seen, _| match seen.header("if-none-match") {
        Some(_) => answer(304, &json!(null)),
        None => problem(404, "NOT_FOUND"),
    })
    .await;
    let client = client(&server);
    let error = client
        .records_get()
        .type_("job")
        .id(ID)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_code("NOT_FOUND"));
    assert_eq!(
        error.problem().map(|problem| problem.message.as_str()),
        Some("No.")
    );
    let current = client
        .records_get()
        .type_("job")
        .id(ID)
        .if_none_match("\"1\"")
        .send()
        .await
        .unwrap_err();
    assert!(current.is_not_modified() && current.code().is_none());
}

#[tokio::test]
async fn a_list_streams_its_pages_as_they_are_needed() {
    let server = Server::start(|seen, _| {
        let page: usize = seen
            .query("cursor")
            .map_or(0, |cursor| cursor.parse().unwrap());
        let items: Vec<_> = (0..2)
            .map(|item| record("job", json!({"title": format!("{page}.{item}")})))
            .collect();
        let next = (page < 2).then(|| (page + 1).to_string());
        answer(200, &json!({ "items": items, "next_cursor": next }))
    })
    .await;
    let client = client(&server);
    let jobs = client.records_of::<JobFields>();
    {
        let mut some = std::pin::pin!(jobs.list().limit(2).stream());
        some.try_next().await.unwrap().unwrap();
        assert_eq!(server.seen().len(), 1, "the second page was not asked for");
    }
    let titles: Vec<String> = jobs
        .list()
        .limit(2)
        .sort("title")
        .stream()
        .map_ok(|job| job.fields.title.unwrap())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(titles, ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]);
    for seen in &server.seen()[1..] {
        assert_eq!(
            (seen.query("limit"), seen.query("sort")),
            (Some("2"), Some("title")),
            "repeated with the cursor"
        );
    }
    let pages: Vec<_> = jobs.list().pages().try_collect().await.unwrap();
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn records_are_typed_and_keep_the_tenants_fields() {
    let server =
        Server::start(|seen, _| answer(201, &record("job", seen.body["fields"].clone()))).await;
    let mut fields = JobFields {
        title: Some("Tap drips".into()),
        ..JobFields::default()
    };
    fields
        .other
        .insert("boiler_serial".to_owned(), json!("B-17"));
    let client = client(&server);
    let job = client
        .records_of::<JobFields>()
        .create()
        .body(RecordCreate { id: None, fields })
        .send()
        .await
        .unwrap();
    assert_eq!(server.seen()[0].path, "/records/job");
    assert_eq!(server.seen()[0].body["fields"]["boiler_serial"], "B-17");
    assert_eq!(job.fields.title.as_deref(), Some("Tap drips"));
    assert_eq!(job.fields.other["boiler_serial"], "B-17");
}

#[tokio::test]
async fn a_path_parameter_stays_where_it_stands() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let server = Server::start(move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        answer(200, &record("job", json!({})))
    })
    .await;
    let client = client(&server);
    for elsewhere in ["", ".", ".."] {
        let error = client
            .records_get()
            .type_("job")
            .id(elsewhere)
            .send()
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::InvalidRequest(why) if why.contains("id")),
            "{error}"
        );
        client
            .records_get()
            .type_(elsewhere)
            .id("..")
            .send()
            .await
            .unwrap_err();
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing was sent");
    for (id, written) in [
        ("../../users", "..%2F..%2Fusers"),
        ("%2e%2e", "%252e%252e"),
        ("a\\..\\b", "a%5C..%5Cb"),
        ("a?b#c", "a%3Fb%23c"),
        ("\t..", "%09.."),
    ] {
        client
            .records_get()
            .type_("job")
            .id(id)
            .send()
            .await
            .unwrap();
        assert_eq!(
            server.seen().last().unwrap().path,
            format!("/records/job/{written}")
        );
    }
}

#[tokio::test]
async fn a_call_may_move_between_threads() {
    let server = Server::start(|_, _| answer(200, &record("job", json!({})))).await;
    let client = client(&server);
    tokio::spawn(async move {
        client
            .records_get()
            .type_("job")
            .id(ID)
            .send()
            .await
            .map(|_| ())
    })
    .await
    .unwrap()
    .unwrap();
}
