//! `cargo xtask conformance`: the core's conformance suites on the Worker's own ports (D1, KV, R2, Durable Object) in
//! workerd. The Worker's test build has a route for each case. Before the cases come many simultaneous first requests
//! and sign-ins; after them the round trips of the operations are counted, which must not grow.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Module, build, dev_secrets, host::Host, rush, target_folder};
use crate::{
    api::send,
    bench::trips,
    run::{root, step},
    tools::Tools,
};

/// Databases for the cases; each case takes its own.
const TENANTS: u32 = 300;

/// The Worker with the suites: never for a deployment.
pub fn module() -> Module {
    Module {
        package: "crm-worker",
        features: &["conformance"],
        folder: target_folder().join("workers/conformance"),
    }
}

pub fn conformance() -> Result<(), String> {
    let tools = Tools::ready()?;
    step("the Worker's JavaScript", &mut tools.script("glue.mjs"))?;
    let built = build(&tools, &module())?;
    let mut vars = dev_secrets();
    // Requests name their caller's address.
    vars["TRUST_PROXY"] = Value::from("127.0.0.1 ::1");
    let host = Host::start(
        &tools,
        &json!({
            "config": root().join("wrangler.toml"),
            "modules": built.folder,
            "vars": vars,
            "tenants": TENANTS,
        }),
    )?;
    eprintln!("\n== the ports' suites in workerd");
    let start = Instant::now();
    rush::first_requests(&host.url)?;
    rush::sign_ins(&host.url)?;
    rush::turns(&host.url)?;
    rush::large_records(&host)?;
    let ask = |path: &str| {
        send(
            "GET",
            &format!("{}/conformance/{path}", host.url),
            "",
            &Value::Null,
        )
    };
    let cases = ask("cases")?;
    let (mut passed, mut failed) = (0, 0);
    for case in cases
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let began = Instant::now();
        let verdict = ask(case).unwrap_or_else(|error| json!({ "Err": error }));
        let seconds = began.elapsed().as_secs_f64();
        match verdict.get("Err") {
            None => {
                passed += 1;
                println!("test {case} ... ok ({seconds:.2} s)");
            }
            Some(reason) => {
                failed += 1;
                println!("test {case} ... FAILED ({seconds:.2} s)\n    {reason}");
            }
        }
    }
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; finished in {:.2}s",
        if failed == 0 { "ok" } else { "FAILED" },
        start.elapsed().as_secs_f64()
    );
    eprintln!(
        "== the ports' suites in workerd: {:.0} s",
        start.elapsed().as_secs_f64()
    );
    if failed > 0 || passed == 0 {
        return Err(format!(
            "the Worker's ports: {failed} cases failed, {passed} passed"
        ));
    }
    drop(host);
    let folder = target_folder().join("workers/trips");
    let _ = std::fs::remove_dir_all(&folder);
    trips::print(&tools, &folder)
}
