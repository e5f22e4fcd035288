//! `cargo xtask build-worker`: builds the Worker for Cloudflare's runtime in `server/worker/build/`, with cargo and the
//! package registries only. Prints its size, its parts and its start-up time, and fails above the limits.

mod assets;
mod build;
mod conformance;
pub mod host;
mod rush;
mod start;
mod weigh;

use std::path::Path;

use serde_json::{Value, json};

pub use build::{Built, Module, build, target_folder};
pub use conformance::{conformance as run_conformance, module as conformance};

use crate::{run::root, tools::Tools};

/// The platform's limits: the compressed size of a Worker on its smaller plan in bytes, and the start-up time in ms.
const LARGEST_GZIPPED: u64 = 3_000_000;
const LONGEST_START_MS: f64 = 1_000.0;

/// The Worker of `wrangler.toml`.
pub fn server() -> Module {
    Module {
        package: "crm-worker",
        features: &[],
        folder: root().join("server/worker/build"),
    }
}

/// Builds the Worker and checks it against the platform's limits.
pub fn build_worker() -> Result<(), String> {
    let tools = Tools::ready()?;
    let built = build(&tools, &server())?;
    weigh::report(&server())?;
    hold(&built)?;
    let start_ms = start::measure(&tools, &built.folder)?;
    println!(
        "start: {start_ms:.0} ms of CPU in workerd, median of {} (limit {LONGEST_START_MS:.0} ms)",
        start::ROUNDS
    );
    if start_ms > LONGEST_START_MS {
        return Err(format!(
            "the Worker takes {start_ms:.0} ms to start: more than the platform's {LONGEST_START_MS:.0} ms"
        ));
    }
    Ok(())
}

/// The contract tests' Worker that calls the API like a partner's Worker.
fn partner() -> Module {
    Module {
        package: "crm-partner-worker",
        features: &[],
        folder: target_folder().join("workers/partner"),
    }
}

/// Builds the Workers of the contract tests and prints their paths.
pub fn workers() -> Result<(), String> {
    let tools = Tools::ready()?;
    build(&tools, &server())?;
    let partner = build(&tools, &partner())?;
    println!(
        "{}",
        json!({
            "node": tools.node(),
            "host": root().join("xtask/worker/host.mjs"),
            "config": root().join("wrangler.toml"),
            "partner": partner.folder,
            "vars": dev_secrets(),
        })
    );
    Ok(())
}

/// Runs wrangler in the repository's root.
pub fn wrangler(arguments: &[String]) -> Result<(), String> {
    let tools = Tools::ready()?;
    let status = tools
        .script("node_modules/wrangler/bin/wrangler.js")
        .args(arguments)
        .current_dir(root())
        .status()
        .map_err(|error| format!("wrangler: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("wrangler: ended with {status}"))
    }
}

/// Checks the size against the platform's limit.
fn hold(built: &Built) -> Result<(), String> {
    let kb = |bytes: u64| bytes as f64 / 1_000.0;
    println!(
        "size: {:.0} kB, {:.0} kB gzipped (limit {:.0} kB); {}",
        kb(built.raw),
        kb(built.gzip),
        kb(LARGEST_GZIPPED),
        shown(&built.folder),
    );
    if built.gzip >= LARGEST_GZIPPED {
        return Err(format!(
            "the Worker is {:.0} kB gzipped: more than the platform's {:.0} kB",
            kb(built.gzip),
            kb(LARGEST_GZIPPED)
        ));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The operator's secret for development.
pub const DEV_SECRET: &str = "for-development-on-this-machine-only";

/// The secrets for development: publicly known, and useless elsewhere.
pub fn dev_secrets() -> Value {
    json!({ "SIGNING_SECRET": DEV_SECRET, "OPERATOR_SECRET": DEV_SECRET })
}
