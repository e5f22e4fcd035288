//! Version 2 of this repository's contract: the result of its overlay, and the conventions for its forms of lists and
//! errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::release::Version;
use crm_codegen::source::Written;
use crm_codegen::{Document, lint};

fn versions() -> [String; 2] {
    let overlay = include_bytes!("../../spec/v2.overlay.yaml");
    let overlays = [("v2.overlay.yaml".to_owned(), overlay.to_vec())];
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.yaml");
    let base = Written::load(root.as_ref()).unwrap().unwrap();
    let all = Version::all(base, &overlays).unwrap();
    let texts: Vec<String> = all
        .into_iter()
        .map(|version| String::from_utf8(version.text).unwrap())
        .collect();
    texts.try_into().unwrap()
}

fn described(text: &str) -> String {
    let document: serde_json::Value = serde_norway::from_str(text).unwrap();
    document["info"]["description"].as_str().unwrap().to_owned()
}

/// The overlay repeats the whole introduction: its common parts have to be equal in both versions.
#[test]
fn the_text_differs_where_the_versions_do() {
    let [first, second] = versions().map(|text| described(&text));
    // The overlay has other line breaks, since it is indented more.
    let paragraphs = |text: &str| -> Vec<String> {
        let each = text.split("\n\n");
        each.map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let (first, second) = (paragraphs(&first), paragraphs(&second));
    assert_eq!(first.len(), second.len());
    let differ: Vec<&str> = first
        .iter()
        .zip(&second)
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.split("**").nth(1).unwrap_or(one))
        .collect();
    assert_eq!(differ, ["Lists", "Versions.", "Errors"]);
}

#[test]
fn nothing_of_the_forms_of_version_1_is_left() {
    let [first, second] = versions();
    for gone in ["next_cursor", "- message\n- context"] {
        assert!(!second.contains(gone), "{gone}");
    }
    assert!(first.contains("next_cursor"));
    assert!(second.contains("x-preview: true"));
}

#[test]
fn the_conventions_know_the_forms_of_version_2() {
    let [_, second] = versions();
    let found = |text: &str| -> Vec<&'static str> {
        let document = Document::read("v2.yaml", text.as_bytes()).unwrap();
        let mut rules: Vec<&str> = lint::lint(&document)
            .iter()
            .map(|found| found.rule)
            .collect();
        rules.dedup();
        rules
    };
    assert!(found(&second).is_empty());
    for (from, to, rule) in [
        (
            "      - next\n      - previous\n",
            "      - next\n",
            "list-shape",
        ),
        ("        previous:\n", "        before:\n", "list-shape"),
        (
            "      - items\n      - page\n",
            "      - items\n",
            "list-shape",
        ),
        (
            "      name: total\n      in: query\n",
            "      name: total\n      required: true\n      in: query\n",
            "list-total",
        ),
        (
            "      - status\n      - detail\n",
            "      - status\n",
            "problem-shape",
        ),
        ("  x-problem-types: /docs#code-\n", "", "problem-shape"),
    ] {
        assert!(second.contains(from), "{from}");
        let rules = found(&second.replacen(from, to, 1));
        assert!(rules.contains(&rule), "{rule}: {rules:?}");
    }
}
