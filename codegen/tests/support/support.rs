//! The shared code of the tests of reader and lint.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crm_codegen::{Diagnostic, document, lint};

/// A rule, a text in the clean contract, and its replacement.
pub type Case = (&'static str, &'static str, &'static str);

pub fn clean() -> &'static str {
    include_str!("../documents/clean.yaml")
}

/// All findings of reader and lint.
pub fn findings(file: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let reading = document::read(file, bytes);
    let mut found = reading.diagnostics;
    if let Some(document) = reading.document {
        found.extend(lint::lint(&document));
    }
    found
}

pub fn render(found: &[Diagnostic]) -> String {
    found
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n"))
        .collect()
}

/// Rules that the sources below a folder report and that are not in `covered`.
pub fn uncovered(folder: &str, covered: impl Iterator<Item = &'static str>) -> BTreeSet<String> {
    let covered: BTreeSet<&str> = covered.collect();
    let mut rules = BTreeSet::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut rules,
    );
    assert!(!rules.is_empty(), "no rules found in {folder}");
    rules
        .into_iter()
        .filter(|rule| !covered.contains(rule.as_str()))
        .collect()
}

fn collect(path: &Path, rules: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), rules);
        }
        return;
    }
    let source = fs::read_to_string(path).unwrap();
    let call = regex::Regex::new(
        r#"(?:report|report_at|stop|push)\(\s*\(?\s*(?:&?[a-z_.()]+,\s*)?"([a-z0-9-]+)","#,
    )
    .unwrap();
    rules.extend(call.captures_iter(&source).map(|found| found[1].to_owned()));
}
