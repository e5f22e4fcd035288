//! `contract diff` on the command line: exit codes and forms of output.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::base;

/// Writes both documents to files and compares them.
fn contract(name: &str, old: &Value, new: &Value, more: &[&str]) -> Output {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let (a, b) = (folder.join("old.json"), folder.join("new.json"));
    std::fs::write(&a, old.to_string()).unwrap();
    std::fs::write(&b, new.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_contract"))
        .arg("diff")
        .args([&a, &b])
        .args(more)
        .output()
        .unwrap()
}

fn broken() -> Value {
    let mut new = base();
    new["components"]["schemas"]["NoteCreate"]["properties"]["text"]["maxLength"] = json!(100);
    new["info"]["description"] = json!("Words");
    new
}

#[test]
fn the_exit_code_says_whether_anything_breaks() {
    let mut words = base();
    words["info"]["description"] = json!("Words");
    for (new, more, code) in [
        (base(), &[][..], 0),
        (words, &[], 0),
        (broken(), &[], 1),
        (broken(), &["--least", "breaking"], 1),
        (json!({"openapi": "2.0"}), &[], 2),
        (json!("text"), &[], 2),
        (base(), &["--today", "yesterday"], 2),
        (base(), &["--announced", "/no/such/file.yaml"], 2),
    ] {
        let output = contract("codes", &base(), &new, more);
        assert_eq!(output.status.code(), Some(code), "{more:?} {output:?}");
    }
}

#[test]
fn json_is_one_finding_per_line() {
    let output = contract(
        "json",
        &base(),
        &broken(),
        &["--json", "--today", "2026-11-22"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let mut first = lines[0].clone();
    for side in ["old", "new"] {
        first[side] = first[side]["pointer"].clone();
    }
    assert_eq!(
        first,
        json!({
            "rule": "max-length-tightened",
            "level": "breaking",
            "direction": "request",
            "old": "/components/schemas/NoteCreate/properties/text/maxLength",
            "new": "/components/schemas/NoteCreate/properties/text/maxLength",
            "operations": [
                {"method": "POST", "path": "/notes", "operationId": "notes_create"},
                {"method": "PUT", "path": "/notes/{id}", "operationId": "notes_put"},
            ],
            "consumers": ["web"],
            "message": "`NoteCreate.text`: maxLength was 1000 and is 100",
            "why": "A caller that sends what was valid until now is refused.",
            "instead": "Keep the old bound for requests; warn in another way.",
        })
    );
}

#[test]
fn markdown_is_for_a_pull_request() {
    let output = contract("markdown", &base(), &broken(), &["--format", "markdown"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("markdown");
    insta::assert_snapshot!(
        "markdown",
        text.replace(&folder.display().to_string(), "spec")
    );
}
