//! Collects all failures of a request for one answer, each with its place.

use std::fmt;

use serde_json::{Value, json};

use super::{
    deprecation::{Deprecation, UsedDeprecations},
    problem::{GateCode, Problem},
};

/// The most failures that one answer lists.
pub const MAX_FAILURES: usize = 100;

/// One failure of a request against the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// JSON pointer: `/body/name`, `/query/limit`, `/path/id`, `/header/If-Match`.
    pub pointer: String,
    /// The rule's name, such as `required`, `maximum`, `format`.
    pub rule: &'static str,
    /// The message for people.
    pub message: String,
}

/// A place in the request, linked to its parent place. A pointer is built only when a failure needs it.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    pub const BODY: At<'static> = At::root("body");
    pub const QUERY: At<'static> = At::root("query");
    pub const PATH: At<'static> = At::root("path");
    pub const HEADER: At<'static> = At::root("header");

    pub const fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            step: Step::Name(name),
        }
    }

    pub const fn name(&'a self, name: &'a str) -> At<'a> {
        At {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    pub const fn index(&'a self, index: usize) -> At<'a> {
        At {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Name(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => write!(f, "/{index}"),
        }
    }
}

/// Collects failures, and the deprecated things that were used.
#[derive(Debug, Default)]
pub struct Report {
    failures: Vec<Invalid>,
    /// The number of failures, including those beyond the limit.
    found: usize,
    used: UsedDeprecations,
}

impl Report {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn is_clean(&self) -> bool {
        self.found == 0
    }

    /// The number of failures.
    pub fn found(&self) -> usize {
        self.found
    }

    pub fn failures(&self) -> &[Invalid] {
        &self.failures
    }

    /// Adds a failure.
    pub fn add(&mut self, at: &At<'_>, rule: &'static str, message: impl Into<String>) {
        self.found += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(Invalid {
                pointer: at.to_string(),
                rule,
                message: message.into(),
            });
        }
    }

    /// Records that something deprecated was used.
    pub fn uses(&mut self, deprecation: &'static Deprecation) {
        self.used.add(deprecation);
    }

    /// The deprecated things that were used.
    pub fn used(&mut self) -> UsedDeprecations {
        std::mem::take(&mut self.used)
    }

    /// Adds the findings of another report.
    pub fn extend(&mut self, other: Report) {
        self.used.extend(other.used);
        self.found += other.found;
        let room = MAX_FAILURES - self.failures.len();
        self.failures.extend(other.failures.into_iter().take(room));
    }

    /// A problem that lists all failures.
    pub fn problem(&self) -> Problem<GateCode> {
        let more = self.found - self.failures.len();
        let errors: Vec<Value> = self
            .failures
            .iter()
            .map(|failure| json!({"pointer": failure.pointer, "rule": failure.rule, "message": failure.message}))
            .collect();
        let message = match self.found {
            1 => "The request breaks the contract in one place.".to_owned(),
            found => format!("The request breaks the contract in {found} places."),
        };
        let problem = Problem::new(GateCode::VALIDATION_FAILED, message).with("errors", errors);
        match more {
            0 => problem,
            more => problem.with("more_errors", more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_json_pointers() {
        let names = At::BODY.name("a/b~c");
        assert_eq!(names.index(3).to_string(), "/body/a~1b~0c/3");
    }

    #[test]
    fn the_list_of_failures_is_bounded() {
        let mut report = Report::new();
        for index in 0..MAX_FAILURES + 5 {
            report.add(&At::BODY.index(index), "type", "not a string");
        }
        let mut both = Report::new();
        both.add(&At::QUERY, "unknown", "unknown");
        both.extend(report);
        assert_eq!(
            (both.found(), both.failures().len()),
            (MAX_FAILURES + 6, MAX_FAILURES)
        );
        assert_eq!(both.problem().context()["more_errors"], 6);
        let mut one = Report::new();
        one.add(&At::QUERY, "unknown", "unknown");
        assert_eq!(one.problem().context().get("more_errors"), None);
    }
}
