//! The steps that run the `contract` program: conventions, releases, pins of consumers.

use std::{fs, io, process::Command};

use crate::run::{cargo, root, step};

/// The recording of the clients' exchanges in the contract tests.
const RECORDING: &str = "target/contract-recording.jsonl";

pub fn lint() -> Result<(), String> {
    step(
        "the contract keeps its conventions",
        &mut contract(&[
            "lint",
            "spec/openapi.yaml",
            "--overlay",
            "spec/v2.overlay.yaml",
        ]),
    )
}

/// Compares the contract with the newest release. The day is that of the release unless one is given, so a test gives
/// the same result on every day. A removal that is allowed on a later day lands with the release of that day.
pub fn judge(today: Option<&str>) -> Result<(), String> {
    let mut arguments = vec!["judge", "spec", "--least", "warning"];
    if let Some(day) = today {
        arguments.extend(["--today", day]);
    }
    step("the contract breaks nobody", &mut contract(&arguments))
}

pub fn release(date: &str) -> Result<(), String> {
    step(
        &format!("the release of {date}"),
        &mut contract(&["release", "spec", "--date", date]),
    )
}

/// Runs the contract tests on the native host, records what the typed clients used, and makes the pins from it.
pub fn pin() -> Result<(), String> {
    let recording = root().join(RECORDING);
    match fs::remove_file(&recording) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", recording.display()));
        }
        _ => {}
    }
    let mut tests = cargo(["test", "-p", "contract-tests", "--test", "contract"]);
    tests.env("CONTRACT_HOSTS", "native");
    tests.env("CONTRACT_RECORDING", &recording);
    step("the contract tests, recorded", &mut tests)?;
    let arguments = [
        "pin",
        "spec/openapi.yaml",
        RECORDING,
        "--out",
        "spec/consumers",
    ];
    step("what consumers rely on", &mut contract(&arguments))
}

fn contract(arguments: &[&str]) -> Command {
    let mut command = cargo([
        "run",
        "--quiet",
        "-p",
        "crm-codegen",
        "--bin",
        "contract",
        "--",
    ]);
    command.args(arguments);
    command
}
