//! Findings for people: as text for a terminal, as Markdown for a pull request.

use std::fmt::Write;

use super::finding::{Finding, Level};
use crate::diagnostic::Location;

/// The most operations that are named individually.
const MOST_NAMED: usize = 5;

/// One paragraph for each finding.
pub fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let _ = writeln!(
            out,
            "{}: [{}] {} ({})",
            finding.level, finding.rule.id, finding.message, finding.direction
        );
        let _ = writeln!(out, "    old: {}", finding.old);
        let _ = writeln!(out, "    new: {}", finding.new);
        if !finding.operations.is_empty() {
            let _ = writeln!(out, "    operations: {}", operations(finding));
        }
        if !finding.consumers.is_empty() {
            let _ = writeln!(out, "    consumers: {}", finding.consumers.join(", "));
        }
        for (consumer, pins) in pins(finding) {
            let _ = writeln!(out, "    {consumer} relies on it: {pins}");
        }
        if finding.level != Level::Info {
            let _ = writeln!(out, "    why: {}", finding.why);
            let _ = writeln!(out, "    instead: {}", finding.instead);
        }
    }
    out
}

/// `2 breaking, 1 warning, 12 info`.
pub fn summary(findings: &[Finding]) -> String {
    let count = |level: Level| findings.iter().filter(|f| f.level == level).count();
    format!(
        "{} breaking, {} warning, {} info",
        count(Level::Breaking),
        count(Level::Warning),
        count(Level::Info)
    )
}

/// A comment for a pull request: a verdict, the breaking changes in full, the others folded.
pub fn markdown(findings: &[Finding]) -> String {
    let mut out = String::new();
    let breaking: Vec<&Finding> = of(findings, Level::Breaking);
    let mut concerned: Vec<&str> = Vec::new();
    for consumer in breaking.iter().flat_map(|finding| &finding.consumers) {
        if !concerned.contains(&consumer.as_str()) {
            concerned.push(consumer);
        }
    }
    let verdict = match (breaking.is_empty(), concerned.is_empty()) {
        (true, _) => "nothing breaks".to_owned(),
        (false, true) => "this breaks callers".to_owned(),
        (false, false) => format!("this breaks {}", concerned.join(", ")),
    };
    let _ = writeln!(out, "### Contract: {verdict}\n\n{}\n", summary(findings));
    for finding in breaking {
        let _ = writeln!(out, "#### :x: {}\n", cell(&finding.message));
        let _ = writeln!(out, "| | |\n| --- | --- |");
        let _ = writeln!(
            out,
            "| rule | `{}`, in {} |",
            finding.rule.id,
            directions(finding)
        );
        if !finding.operations.is_empty() {
            let _ = writeln!(out, "| operations | {} |", cell(&operations(finding)));
        }
        if !finding.consumers.is_empty() {
            let _ = writeln!(
                out,
                "| consumers | {} |",
                cell(&finding.consumers.join(", "))
            );
        }
        for (consumer, pins) in pins(finding) {
            let _ = writeln!(out, "| {} relies on it | {} |", cell(consumer), cell(&pins));
        }
        let _ = writeln!(out, "| why | {} |", cell(finding.why));
        let _ = writeln!(out, "| instead | {} |", cell(finding.instead));
        let _ = writeln!(out, "| old | {} |", place(&finding.old));
        let _ = writeln!(out, "| new | {} |\n", place(&finding.new));
    }
    for (level, title) in [
        (Level::Warning, "To look at"),
        (Level::Info, "What else changed"),
    ] {
        let all = of(findings, level);
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "<details{}><summary>{title} ({})</summary>\n",
            if level == Level::Warning { " open" } else { "" },
            all.len()
        );
        let _ = writeln!(
            out,
            "| change | rule | operations | place |\n| --- | --- | --- | --- |"
        );
        for finding in all {
            let _ = writeln!(
                out,
                "| {} | `{}` | {} | {} |",
                cell(&finding.message),
                finding.rule.id,
                cell(&operations(finding)),
                place(&finding.new)
            );
        }
        let _ = writeln!(out, "\n</details>\n");
    }
    out
}

fn of(findings: &[Finding], level: Level) -> Vec<&Finding> {
    findings
        .iter()
        .filter(|finding| finding.level == level)
        .collect()
}

fn directions(finding: &Finding) -> &'static str {
    match finding.direction {
        super::Direction::Request => "requests",
        super::Direction::Response => "responses",
        super::Direction::Both => "requests and responses",
    }
}

fn operations(finding: &Finding) -> String {
    listed(&finding.operations)
}

/// The pins that the finding touches, by consumer.
fn pins(finding: &Finding) -> Vec<(&str, String)> {
    let by_consumer = finding.pins.chunk_by(|a, b| a.consumer == b.consumer);
    by_consumer
        .filter_map(|pins| Some((pins.first()?.consumer.as_str(), listed(pins))))
        .collect()
}

fn listed(all: &[impl ToString]) -> String {
    let mut named: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(ToString::to_string)
        .collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named.join(", ")
}

fn place(at: &Location) -> String {
    format!("`{}:{}` `{}`", cell(&at.file), at.line, cell(&at.pointer))
}

/// Escapes a text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
