//! Every rule of the comparison in one table: its level in each direction, why the change matters, how to reach the
//! same goal without a breaking change. docs/contract-rules.md is generated from it.

mod table;

use super::finding::{Direction, Level};

pub use table::RULES;
pub(super) use table::*;

/// A kind of change.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// The level in data that callers send.
    pub request: Level,
    /// The level in data that callers get.
    pub response: Level,
    /// The change, in a few words.
    pub what: &'static str,
    pub why_request: &'static str,
    pub why_response: &'static str,
    pub instead: &'static str,
}

impl Rule {
    pub fn level(&self, direction: Direction) -> Level {
        match direction {
            Direction::Request => self.request,
            Direction::Response => self.response,
            Direction::Both => self.request.max(self.response),
        }
    }

    pub fn why(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Response => self.why_response,
            _ => self.why_request,
        }
    }
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// The rules as a document for people.
pub fn documentation() -> String {
    let mut out = String::from(
        "# The rules of `contract diff`\n\n\
         Generated from the table in codegen/src/diff/rules/table.rs: `UPDATE_DOCS=1 cargo test -p crm-codegen --test diff` writes it again.\n\n\
         A rule has a level for each direction: *request* is what callers send, *response* is what they get. A schema\n\
         that is used both ways is judged both ways. `breaking` fails the comparison (exit code 1).\n\n\
         | rule | change | request | response |\n| --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        out.push_str(&format!(
            "| [`{0}`](#{0}) | {1} | {2} | {3} |\n",
            rule.id, rule.what, rule.request, rule.response
        ));
    }
    for rule in RULES {
        out.push_str(&format!("\n## {}\n\n{}.\n\n", rule.id, rule.what));
        if rule.why_request == rule.why_response {
            out.push_str(&format!("- Why: {}\n", rule.why_request));
        } else {
            out.push_str(&format!("- Why, in a request: {}\n", rule.why_request));
            out.push_str(&format!("- Why, in a response: {}\n", rule.why_response));
        }
        out.push_str(&format!("- Instead: {}\n", rule.instead));
    }
    out
}
