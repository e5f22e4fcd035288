//! What a request costs on Workers: round trips to the stores and bytes there and back, as the Worker's build for tests
//! counts them at the port. Cold is the first request of a fresh runtime, its start included; warm is the same once more.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    rows::rows,
    worker::{Ours, vars},
};
use crate::{
    api::send,
    run::root,
    tools::Tools,
    worker::{build, conformance, host::Host},
};

/// A read makes one read, a write one read and one commit, whatever the number of records.
const WARM_READ: u64 = 1;
const WARM_WRITE: u64 = 2;
/// A new isolate reads the signing keys and where the tenant lies, and definitions and roles on top of what it asks for.
const COLD_MORE: u64 = 3;

/// Prints the table; an operation that takes more round trips than it should is an error.
pub fn print(tools: &Tools, folder: &Path) -> Result<(), String> {
    let built = build(tools, &conformance())?;
    let settings = json!({
        "config": root().join("wrangler.toml"),
        "modules": built.folder,
        "state": folder.join("trips"),
        "vars": vars(),
        "quiet": true,
    });
    let host = Host::start(tools, &settings)?;
    let ours = Ours::fill(&host.url, &folder.join("ours"), &rows(1_000))?;
    drop(host);
    println!(
        "\n| what | round trips, warm | bytes there / back | round trips, cold | bytes there / back |\n| --- | --- | --- | --- | --- |"
    );
    let id = ours.ids.first().ok_or("nothing was loaded")?;
    let one = format!("/records/service_job/{id}");
    let filter =
        "%7B%22field%22%3A%22status%22%2C%22op%22%3A%22eq%22%2C%22value%22%3A%22done%22%7D";
    let list = format!("/records/service_job?limit=50&sort=-scheduled_at&filter={filter}");
    let fields = |fields: Value| json!({ "fields": fields });
    let create =
        fields(json!({"title": "New job", "status": "new", "priority": 1, "assignee": "tech-001"}));
    let operations = [
        ("read one", "GET", one.as_str(), Value::Null),
        ("list 50, filter + sort", "GET", &list, Value::Null),
        ("create", "POST", "/records/service_job", create),
        (
            "update one field",
            "PATCH",
            &one,
            fields(json!({"priority": 3})),
        ),
    ];
    let mut dear = Vec::new();
    for (name, method, path, body) in operations {
        let host = Host::start(tools, &settings)?;
        let request = || send(method, &format!("{}{path}", host.url), &ours.token, &body);
        request()?;
        let cold = so_far(&host.url)?;
        // What is remembered only from the second time on is not warm yet.
        request()?;
        let before = so_far(&host.url)?;
        request()?;
        let after = so_far(&host.url)?;
        let [trips, sent, received] = [0, 1, 2].map(|n: usize| after[n].saturating_sub(before[n]));
        println!(
            "| {name} | {trips} | {sent} / {received} | {} | {} / {} |",
            cold[0], cold[1], cold[2]
        );
        let most = if method == "GET" {
            WARM_READ
        } else {
            WARM_WRITE
        };
        if trips > most || cold[0] > most + COLD_MORE {
            dear.push(format!(
                "{name} takes {trips} round trips warm and {} cold: at most {most} and {} are right",
                cold[0],
                most + COLD_MORE
            ));
        }
    }
    if dear.is_empty() {
        Ok(())
    } else {
        Err(dear.join("\n"))
    }
}

/// Round trips, bytes there, bytes back, since the isolate started.
fn so_far(base: &str) -> Result<[u64; 3], String> {
    let counted = send(
        "GET",
        &format!("{base}/conformance/trips"),
        "",
        &Value::Null,
    )?;
    let figures: Vec<u64> = counted
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    figures
        .try_into()
        .map_err(|_| format!("the Worker counts no round trips: {counted}"))
}
