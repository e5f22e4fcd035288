//! Compiles the examples of docs/clients.md: this file contains each of them line by line, which a test checks.

#![allow(dead_code, unused_imports)]

use std::error::Error;

use crm_client_mobile::types::Record;
use crm_client_mobile::{TokenError, types};

type Done = Result<(), Box<dyn Error>>;

#[rustfmt::skip]
fn a_client() -> Result<crm_client_mobile::Client, Box<dyn Error>> {
use crm_client_mobile::{Client, RetryPolicy, Settings, Token};

let client = Client::new(
    Settings::new("http://127.0.0.1:8080")
        .user_agent("field-app/2.1")
        .token(Token::provider(current_token))
        .retry(RetryPolicy { retries: 5, ..RetryPolicy::default() })
        .on_deprecated(|used| eprintln!("{} goes: {:?}", used.operation, used.notice.things)),
)?;
Ok(client)
}

async fn current_token(_rejected: Option<String>) -> Result<Option<String>, TokenError> {
    Ok(None)
}

#[rustfmt::skip]
async fn a_call(client: &crm_client_mobile::Client) -> Done {
let contacts = client.records_list().type_("contact").sort("last_name").limit(100).send().await?;
println!("{} on this page", contacts.items.len());
Ok(())
}

#[rustfmt::skip]
async fn typed_records(client: &crm_client_mobile::Client, id: &str, etag: &str) -> Done {
use crm_client_mobile::types::{JobFields, RecordCreate};

let jobs = client.records_of::<JobFields>();
let draft = JobFields { title: Some("Kitchen tap drips".into()), ..JobFields::default() };
let job = jobs.create().body(RecordCreate { id: None, fields: draft }).send().await?;
println!("{:?}", job.fields.status);
{
use crm_client_mobile::types::{JobFields, JobFieldsName};
use crm_client_mobile::Patch;

let change = JobFields { title: Some("Kitchen tap replaced".into()), ..JobFields::default() };
let change = Patch::new(change).clear(JobFieldsName::Description).clear_named("gate_code");
jobs.update().id(id).body(change).if_match(etag).send().await?;
}
Ok(())
}

#[rustfmt::skip]
async fn streams(client: &crm_client_mobile::Client) -> Done {
use crm_client_mobile::types::JobFields;
use futures_util::TryStreamExt;

let mut jobs = std::pin::pin!(client.records_of::<JobFields>().list().sort("-scheduled_at").stream());
while let Some(job) = jobs.try_next().await? {
    println!("{:?}", job.fields.title);
}
Ok(())
}

#[rustfmt::skip]
async fn limits(client: &crm_client_mobile::Client) -> Done {
use std::time::Duration;

let report = client.records_list().type_("invoice").timeout(Duration::from_secs(120)).send().await?;
let _ = report;
Ok(())
}

fn show(_: Record<types::JobFields>) {}

fn forget(_: &str) {}

#[rustfmt::skip]
async fn errors(client: &crm_client_mobile::Client, id: &str) -> Done {
let jobs = client.records_of::<types::JobFields>();
use crm_client_mobile::ErrorExt;

match jobs.get().id(id).send().await {
    Ok(job) => show(job.into_inner()),
    Err(error) if error.is_code("NOT_FOUND") => forget(id),
    Err(error) => return Err(error.into()),
}
Ok(())
}

#[test]
fn every_example_of_the_page_stands_here() {
    let (page, here) = (
        include_str!("../../../docs/clients.md"),
        include_str!("docs.rs"),
    );
    let examples: Vec<&str> = page
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(example, _)| example.trim_end())
        .collect();
    assert!(examples.len() >= 7, "{}", examples.len());
    for example in examples {
        assert!(here.contains(example), "not compiled:\n{example}");
    }
}
