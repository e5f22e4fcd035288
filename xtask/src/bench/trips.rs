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
    let nothing = |_| Value::Null;
    let create = |_| json!({"fields": {"title": "New job", "status": "new", "priority": 1, "assignee": "tech-001"}});
    // Each time another value: what changes nothing is not written.
    let update = |time| json!({"fields": {"priority": time}});
    type Body<'a> = &'a dyn Fn(u64) -> Value;
    // The most round trips, warm: a read is one, a write one commit, and a read before it if it needs something read.
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
        // What is remembered only from the second time on is not warm yet.
        request(2)?;
        let before = so_far(&host.url)?;
        request(3)?;
        let after = so_far(&host.url)?;
        let [trips, sent, received] = [0, 1, 2].map(|n: usize| after[n].saturating_sub(before[n]));
        println!(
            "| {name} | {trips} | {sent} / {received} | {} | {} / {} |",
            cold[0], cold[1], cold[2]
        );
        // Cold, nothing is remembered, and so everything is read.
        let cold_most = COLD_MORE + if method == "GET" { 1 } else { 2 };
        if trips > most || cold[0] > cold_most {
            dear.push(format!(
                "{name} takes {trips} round trips warm and {} cold: at most {most} and {cold_most} are right",
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
