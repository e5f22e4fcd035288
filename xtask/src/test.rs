//! Every check and every test, the quick ones first.

pub mod deny;
mod failures;
#[cfg(test)]
mod promises;
pub mod schemathesis;
pub mod web;

use std::process::Command;

use crate::{
    contract,
    run::{cargo, root, step, timed},
    worker,
};

const WASM: &str = "wasm32-unknown-unknown";

pub fn test(today: Option<&str>) -> Result<(), String> {
    step("the formatting", &mut cargo(["fmt", "--all", "--check"]))?;
    contract::lint()?;
    contract::judge(today)?;
    step(
        "the wasm target is there",
        &mut Command::new(root().join("xtask/tools/wasm-target")),
    )?;
    step(
        "clippy",
        &mut cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            "xtask-bindgen/wasm-bindgen",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    let wasm = [
        "check",
        "--target",
        WASM,
        "-p",
        "crm-client-mobile",
        "-p",
        "crm-client-web",
        "-p",
        "crm-client-portal",
    ];
    // The core and the integrations client are built for wasm whole, as Workers.
    step("the clients on wasm", &mut cargo(wasm))?;
    worker::build_worker()?;
    web::run()?;
    deny::run()?;
    worker::run_conformance()?;
    schemathesis::run(&schemathesis::Options::default())?;
    schemathesis::run(&schemathesis::Options::of_the_worker())?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("CONTRACT_HOSTS", "native,workerd");
    timed("every test", || failures::run(&mut tests))
}
