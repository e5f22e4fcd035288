//! The cost of a request on Workers: round trips to the stores, and bytes sent and received, counted by the Worker's
//! test build. Cold is the first request of a fresh runtime, including its start; warm is the same request again.

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

/// The additional round trips of a new isolate: it also reads the signing keys, the tenant's database, definitions and
/// roles.
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
    let nothing = |_| Value::Null;
    let create = |_| json!({"fields": {"title": "New job", "status": "new", "priority": 1, "assignee": "tech-001"}});
    // A different value each time, since a write that changes nothing is not made.
    let update = |time| json!({"fields": {"priority": time}});
    type Body<'a> = &'a dyn Fn(u64) -> Value;
    // The most round trips when warm: one for a read; one for the commit of a write, and one for the read before it if
    // it needs one.
    let operations: [(&str, &str, &str, Body<'_>, u64); 4] = [
        ("read one", "GET", &one, &nothing, 1),
        ("list 50, filter + sort", "GET", &list, &nothing, 1),
        ("create", "POST", "/records/service_job", &create, 1),
        ("update one field", "PATCH", &one, &update, 2),
    ];
    let mut dear = Vec::new();
    for (name, method, path, body, most) in operations {
        let host = Host::start(tools, &settings)?;
        let url = format!("{}{path}", host.url);
        let request = |time| send(method, &url, &ours.token, &body(time));
        request(1)?;
        let cold = so_far(&host.url)?;
        // Some caches are warm only after the second request.
        request(2)?;
        let before = so_far(&host.url)?;
        request(3)?;
        let after = so_far(&host.url)?;
        let [trips, sent, received] = [0, 1, 2].map(|n: usize| after[n].saturating_sub(before[n]));
        println!(
            "| {name} | {trips} | {sent} / {received} | {} | {} / {} |",
            cold[0], cold[1], cold[2]
        );
        // When cold, all caches are empty and everything is read.
        let cold_most = COLD_MORE + if method == "GET" { 1 } else { 2 };
        if trips > most || cold[0] > cold_most {
            dear.push(format!(
                "{name} takes {trips} round trips warm and {} cold; at most {most} and {cold_most} are allowed",
                cold[0]
            ));
        }
    }
    if dear.is_empty() {
        Ok(())
    } else {
        Err(dear.join("\n"))
    }
}

/// Round trips, bytes sent and bytes received since the isolate's start.
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
