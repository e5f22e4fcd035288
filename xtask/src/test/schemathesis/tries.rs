//! The number of requests to each operation in a run, from the report of Schemathesis.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use serde::{Deserialize, de::IgnoredAny};

/// One event of the report; the others do not matter here.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "ScenarioFinished")]
    finished: Option<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    recorder: Recorder,
}

#[derive(Deserialize)]
struct Recorder {
    label: String,
    #[serde(default)]
    cases: BTreeMap<String, IgnoredAny>,
}

/// The operation with the fewest requests, and their number. An operation without a request is an error, since the run
/// did not test it.
pub fn least<'a>(report: &Path, operations: &'a [String]) -> Result<(&'a str, usize), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", report.display());
    let file = File::open(report).map_err(|error| failed(&error))?;
    let counts = count(BufReader::new(file)).map_err(|error| failed(&error))?;
    let tries = |operation: &'a String| (operation.as_str(), *counts.get(operation).unwrap_or(&0));
    let least = operations.iter().map(tries).min_by_key(|(_, tries)| *tries);
    match least {
        Some((operation, 0)) => Err(format!(
            "no request tried {operation}: give it more --seconds"
        )),
        Some(least) => Ok(least),
        None => Err("no operation was to be tried".to_owned()),
    }
}

/// The number of requests to each operation, by method and path.
fn count(report: impl BufRead) -> std::io::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for line in report.lines() {
        if let Some(Scenario { recorder }) = serde_json::from_str::<Event>(&line?)?.finished {
            *counts.entry(recorder.label).or_default() += recorder.cases.len();
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"Initialize": {"seed": 1}}
{"ScenarioFinished": {"recorder": {"label": "GET /a", "cases": {"x": {"value": {}}, "y": {}}}}}
{"ScenarioFinished": {"recorder": {"label": "GET /b", "cases": {}}}}
{"ScenarioFinished": {"recorder": {"label": "GET /c", "cases": {"z": {}}}}}
{"ScenarioFinished": {"recorder": {"label": "GET /a", "cases": {"z": {}}}}}
"#;

    fn least_of(operations: &[&str]) -> Result<(String, usize), String> {
        let folder = std::env::temp_dir().join(format!("tries-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let report = folder.join(format!("{}.ndjson", operations.len()));
        std::fs::write(&report, REPORT).unwrap();
        let operations: Vec<String> = operations.iter().map(|&one| one.to_owned()).collect();
        let least = least(&report, &operations);
        std::fs::remove_file(&report).unwrap();
        least.map(|(operation, tries)| (operation.to_owned(), tries))
    }

    #[test]
    fn an_operation_that_no_request_tried_is_an_error() {
        assert_eq!(
            least_of(&["GET /a", "GET /c"]),
            Ok(("GET /c".to_owned(), 1))
        );
        assert_eq!(least_of(&["GET /a"]), Ok(("GET /a".to_owned(), 3)));
        for untried in [
            &["GET /a", "GET /b", "GET /c"][..],
            &["GET /a", "GET /b", "GET /c", "GET /d"],
            &[],
        ] {
            assert!(least_of(untried).is_err(), "{untried:?}");
        }
    }
}
