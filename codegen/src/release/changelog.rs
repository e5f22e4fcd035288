//! The changelog of a release: the changes since the one before, for callers of the API.

use std::fmt::Write;

use super::Judged;
use crate::diff::Finding;
use crate::document::Date;

/// The most operations that are named individually.
const MOST_NAMED: usize = 5;

/// Titles, and the rules of their findings; the last title has all others.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "Announced",
        &["deprecated", "sunset-moved-later", "undeprecated"],
    ),
    ("Gone", &["-retired"]),
    ("New", &["-added"]),
];

/// The changelog of a release as Markdown.
pub fn changelog(day: Date, previous: Option<Date>, judged: &[Judged]) -> String {
    let mut out = format!("# Release of {day}\n\n");
    match previous {
        Some(previous) => {
            let _ = writeln!(out, "What changed since {previous}.");
        }
        None => out.push_str("The first release.\n"),
    }
    for version in judged {
        let _ = writeln!(out, "\n## Version {}\n", version.version);
        if version.is_new {
            out.push_str("Published for the first time.\n");
        } else if version.findings.is_empty() {
            out.push_str("Nothing changed.\n");
        } else {
            sections(&mut out, &version.findings);
        }
    }
    out
}

fn sections(out: &mut String, findings: &[Finding]) {
    let matches = |rules: &[&str], finding: &Finding| {
        let id = finding.rule.id;
        rules.iter().any(|rule| match rule.strip_prefix('-') {
            Some(_) => id.ends_with(rule),
            None => id == *rule,
        })
    };
    let mut left: Vec<&Finding> = findings.iter().collect();
    for (title, rules) in SECTIONS {
        let (these, others) = left
            .into_iter()
            .partition(|finding| matches(rules, finding));
        left = others;
        section(out, title, &these);
    }
    section(out, "Changed", &left);
}

fn section(out: &mut String, title: &str, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {title}\n");
    for finding in findings {
        let _ = write!(out, "- {}", finding.message.replace(['\n', '\r'], " "));
        let named: Vec<String> = finding
            .operations
            .iter()
            .take(MOST_NAMED)
            .map(|operation| format!("`{operation}`"))
            .collect();
        let more = finding.operations.len().saturating_sub(MOST_NAMED);
        if !named.is_empty() {
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let _ = write!(out, ": {}{more}", named.join(", "));
        }
        let _ = writeln!(out, " ({})", finding.rule.id);
    }
    out.push('\n');
}
