//! A partner's work: sign in with the key, create customers, update them, read them back page by page, and be refused
//! what a key may not do.

use std::error::Error;

use crm_client_integrations::{
    AnswerHeaders, Client, ErrorExt, RetryPolicy, Settings,
    types::{ApiKeyGrant, BatchRequest, Record, RecordCreate, RecordUpdate, TokenRequest},
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

/// The number of customers, more than one page.
const CUSTOMERS: usize = 7;
const PAGE: u32 = 3;

/// Does the work; returns the observations of each step.
pub async fn day(base: &str, api_key: String) -> Result<Value, Box<dyn Error>> {
    let nobody = Client::new(Settings::new(base))?;
    let refused = nobody.me_get().send().await;
    let without_token = refused
        .err()
        .and_then(|error| error.code().map(str::to_owned));

    let grant = TokenRequest::ApiKeyGrant(ApiKeyGrant {
        api_key,
        ..ApiKeyGrant::default()
    });
    let token = nobody.auth_token().body(grant).send().await?.into_inner();
    let client = Client::new(
        Settings::new(base)
            .token(token.access_token)
            .retry(RetryPolicy::default()),
    )?;
    let me = client.me_get().send().await?.into_inner();

    let mark = me.id.clone();
    let customers = take_over(&client, &mark).await?;
    let one = keep_in_step(&client, &customers).await?;
    let listed = read_back(&client, &mark).await?;

    let wrong: RecordCreate = serde_json::from_value(json!({"fields": {"kind": "robot"}}))?;
    let wrong = client
        .records_create()
        .type_("contact")
        .body(wrong)
        .send()
        .await;
    let problem = wrong.err().and_then(|error| error.problem().cloned());
    let problem = problem.ok_or("a robot was taken for a customer")?;

    Ok(json!({
        "without_token": without_token,
        "tenant": token.tenant,
        "created": customers.len(),
        "listed": listed.len(),
        "same": customers.iter().all(|made| listed.iter().any(|read| read.id == made.id)),
        "update": one,
        "refusal": {"code": problem.code, "errors": problem.context.errors},
    }))
}

/// Creates the customers in one batch.
async fn take_over(client: &Client, mark: &str) -> Result<Vec<Record>, Box<dyn Error>> {
    let create = |n| {
        json!({"op": "create", "type": "contact", "fields": {
            "kind": "person", "first_name": format!("Customer {n}"), "last_name": mark,
            "emails": [format!("customer-{n}@partner.example")],
        }})
    };
    let operations: Vec<Value> = (0..CUSTOMERS).map(create).collect();
    let batch: BatchRequest =
        serde_json::from_value(json!({"mode": "atomic", "operations": operations}))?;
    let done = client
        .records_batch()
        .body(batch)
        .send()
        .await?
        .into_inner();
    Ok(done
        .results
        .into_iter()
        .filter_map(|result| result.record)
        .collect())
}

/// Updates with an ETag: a second write with the same ETag is refused. A repeat with the same idempotency key takes
/// effect once.
async fn keep_in_step(client: &Client, customers: &[Record]) -> Result<Value, Box<dyn Error>> {
    let one = customers.first().ok_or("no customer was made")?;
    let read = client
        .records_get()
        .type_("contact")
        .id(&one.id)
        .send()
        .await?;
    let etag = read.headers().etag().ok_or("no ETag")?.to_owned();
    let update = |notes: &str| -> Result<_, serde_json::Error> {
        let body: RecordUpdate = serde_json::from_value(json!({"fields": {"tags": [notes]}}))?;
        Ok(client
            .records_update()
            .type_("contact")
            .id(&one.id)
            .if_match(etag.as_str())
            .idempotency_key(format!("{}-{notes}", one.id))
            .body(body))
    };
    let changed = update("first")?.send().await?.into_inner();
    let again = update("first")?.send().await?.into_inner();
    let stale = update("second")?.send().await.err();
    Ok(json!({
        "newer": changed.version > one.version,
        "once": again.version == changed.version,
        "stale": stale.and_then(|error| error.code().map(str::to_owned)),
    }))
}

/// Reads all customers page by page.
async fn read_back(client: &Client, mark: &str) -> Result<Vec<Record>, Box<dyn Error>> {
    let filter = json!({"field": "last_name", "op": "eq", "value": mark}).to_string();
    let list = client
        .records_list()
        .type_("contact")
        .filter(filter)
        .limit(PAGE);
    Ok(list.stream().try_collect().await?)
}
