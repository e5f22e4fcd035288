//! Every check and every test, the quick ones first.

pub mod deny;
mod failures;
#[cfg(test)]
mod promises;
pub mod schemathesis;
mod steps;
pub mod web;

use std::process::Command;

use crate::{
    contract,
    run::{cargo, root, step, timed},
    worker,
};
use steps::Step;

const WASM: &str = "wasm32-unknown-unknown";

/// The state that the steps share.
struct Run {
    /// The day on which the contract is judged.
    today: Option<String>,
    /// The last output of the test programs. The run ends with it, since a CI may show only the end of the output.
    closing: Vec<String>,
}

/// The steps in order. A budget is the time that the step may take with three times the current operations, on a fresh
/// machine with two cores, including what is compiled or installed once per machine.
const STEPS: [Step<Run>; 12] = [
    Step {
        name: "the formatting",
        budget: 20,
        run: |_| step("the formatting", &mut cargo(["fmt", "--all", "--check"])),
    },
    Step {
        name: "the contract keeps its conventions",
        budget: 60,
        run: |_| contract::lint(),
    },
    Step {
        name: "the contract breaks nobody",
        budget: 20,
        run: |run| contract::judge(run.today.as_deref()),
    },
    Step {
        name: "the wasm target is there",
        budget: 60,
        run: |_| {
            step(
                "the wasm target is there",
                &mut Command::new(root().join("xtask/tools/wasm-target")),
            )
        },
    },
    Step {
        name: "clippy",
        budget: 480,
        run: |_| clippy(),
    },
    Step {
        name: "the clients on wasm",
        budget: 110,
        run: |_| clients_on_wasm(),
    },
    Step {
        name: "the Worker's build, size and start",
        budget: 300,
        run: |_| worker::build_worker(),
    },
    Step {
        name: "documents, pages, the TypeScript package",
        budget: 130,
        run: |_| web::run(),
    },
    Step {
        name: "cargo-deny",
        budget: 100,
        run: |_| deny::run(),
    },
    Step {
        name: "the ports' suites in workerd",
        budget: 280,
        run: |_| worker::run_conformance(),
    },
    Step {
        name: "Schemathesis on both hosts",
        budget: 360,
        run: |_| {
            schemathesis::run(&schemathesis::Options::default())?;
            schemathesis::run(&schemathesis::Options::of_the_worker())
        },
    },
    Step {
        name: "every test",
        budget: 780,
        run: every_test,
    },
];

/// Runs every step, prints their times, and ends with the last output of the test programs.
pub fn test(today: Option<String>) -> Result<(), String> {
    let mut run = Run {
        today,
        closing: Vec::new(),
    };
    let (table, outcome) = steps::run(&STEPS, &mut run);
    println!("\n{table}");
    for line in run.closing {
        println!("{line}");
    }
    outcome
}

fn clippy() -> Result<(), String> {
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
    )
}

/// The core and the integrations client are built for wasm whole, as Workers.
fn clients_on_wasm() -> Result<(), String> {
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
    step("the clients on wasm", &mut cargo(wasm))
}

fn every_test(run: &mut Run) -> Result<(), String> {
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("CONTRACT_HOSTS", "native,workerd");
    timed("every test", || failures::run(&mut tests, &mut run.closing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_budgets_together_are_forty_five_minutes_at_most() {
        let budget: u64 = STEPS.iter().map(|step| step.budget).sum();
        assert!(budget <= 45 * 60, "{budget} s");
    }
}
