//! Every check and every test, the quick ones first.

pub mod deny;
#[cfg(test)]
mod promises;
pub mod schemathesis;
pub mod web;

use std::process::Command;

use crate::run::{cargo, root, step};

const WASM: &str = "wasm32-unknown-unknown";

pub fn test() -> Result<(), String> {
    step("the formatting", &mut cargo(["fmt", "--all", "--check"]))?;
    step(
        "the contract keeps its conventions",
        &mut cargo([
            "run",
            "--quiet",
            "-p",
            "crm-codegen",
            "--bin",
            "contract",
            "--",
            "lint",
            "spec/openapi.yaml",
        ]),
    )?;
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
        "crm-core",
        "-p",
        "crm-client-mobile",
        "-p",
        "crm-client-web",
        "-p",
        "crm-client-portal",
        "-p",
        "crm-client-integrations",
    ];
    step("the core and the clients on wasm", &mut cargo(wasm))?;
    step(
        "every test",
        &mut cargo(["test", "--workspace", "--no-fail-fast"]),
    )?;
    web::run()?;
    deny::run()?;
    schemathesis::run(&schemathesis::Options::default())
}
