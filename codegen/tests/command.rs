//! The binary `contract`: what it prints and what it exits with.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

const CLEAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents/clean.yaml");

fn contract(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_contract"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn fine_is_0() {
    for arguments in [
        &["validate", CLEAN][..],
        &["lint", CLEAN],
        &["slice", CLEAN, "--consumer", "web"],
    ] {
        let output = contract(arguments, "");
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn findings_are_1() {
    let broken = std::fs::read_to_string(CLEAN)
        .unwrap()
        .replace("summary: List notes", "sumary: List notes");
    let output = contract(&["validate", "-"], &broken);
    assert_eq!(code(&output), 1);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("<stdin>:51:15 /paths/~1notes/get/sumary: [unknown-field] ")
    );
    assert_eq!(
        code(&contract(&["slice", "-", "--consumer", "web"], &broken)),
        1
    );
    assert_eq!(code(&contract(&["validate", "-"], "a: [")), 1);
}

#[test]
fn what_cannot_be_read_is_2() {
    for arguments in [
        &["validate", "/no/such/file.yaml"][..],
        &["validate", env!("CARGO_MANIFEST_DIR")],
        &["slice", CLEAN, "--consumer", "nobody"],
        &["slice", CLEAN],
        &["mend", CLEAN],
        &[],
    ] {
        let output = contract(arguments, "");
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(!output.stderr.is_empty());
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn lowering_is_openapi_3_0() {
    for arguments in [
        &["lower", CLEAN][..],
        &["lower", CLEAN, "--consumer", "portal"],
    ] {
        let output = contract(arguments, "");
        assert_eq!(
            code(&output),
            0,
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let lowered: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(lowered["openapi"], "3.0.3");
    }
    let broken = std::fs::read_to_string(CLEAN).unwrap().replace(
        "          in: query
          description: Only",
        "          in: cookie
          description: Only",
    );
    assert_eq!(code(&contract(&["lower", "-"], &broken)), 1);
}

/// One finding per line, each an object with the same members.
#[test]
fn json_is_one_finding_per_line() {
    let broken = std::fs::read_to_string(CLEAN)
        .unwrap()
        .replace("      summary: List notes\n", "");
    for arguments in [["lint", "-", "--json"], ["--json", "lint", "-"]] {
        let output = contract(&arguments, &broken);
        assert_eq!(code(&output), 1);
        assert!(output.stderr.is_empty());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let expected = serde_json::json!([{
            "rule": "operation-summary",
            "file": "<stdin>",
            "line": 49,
            "column": 7,
            "pointer": "/paths/~1notes/get",
            "message": "`notes_list` has no summary",
            "mend": "say in a few words what it does",
        }]);
        assert_eq!(serde_json::Value::Array(lines), expected);
    }
}

#[test]
fn a_slice_is_a_document() {
    let output = contract(&["slice", CLEAN, "--consumer", "portal"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("{\n  \"openapi\": \"3.1.0\","),
        "in the order of the source: {text}"
    );
    assert_eq!(code(&contract(&["validate", "-"], &text)), 0);
}
