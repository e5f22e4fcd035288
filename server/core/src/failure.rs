//! One failure of a value, a definition or a filter: the place, the rule, and the remedy.

use crm_runtime::server::Problem;
use serde::Serialize;
use serde_json::Value;

use crate::allowance::Allowance;

/// Listed in the context of `FIELD_INVALID`, `FIELD_SERVER_OWNED`, `DEFINITION_INVALID` and `VALIDATION_FAILED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A JSON pointer into the request: `/body/fields/title`.
    pub pointer: String,
    pub rule: &'static str,
    /// The message for people.
    pub message: String,
}

/// Collects all failures of a request or of one of its operations. The pointer of each begins with `at`.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    list: Vec<Failure>,
    /// The number of failures, including those that are not listed.
    found: usize,
    allowance: Allowance,
}

/// Upper bound of the failures that one answer lists for an operation.
const MOST: usize = 100;

impl Failures {
    /// For values that share the request's allowance with others.
    pub fn sharing(allowance: &Allowance) -> Self {
        Self {
            list: Vec::new(),
            found: 0,
            allowance: allowance.clone(),
        }
    }

    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// The first failure is always listed, whatever the request's allowance.
    pub fn add(&mut self, pointer: String, rule: &'static str, message: impl Into<String>) {
        self.found += 1;
        if self.list.len() >= MOST {
            return;
        }
        let message = message.into();
        let bytes = (pointer.len() + rule.len() + message.len()) as u64;
        if self.allowance.tells(bytes) || self.list.is_empty() {
            self.list.push(Failure {
                pointer,
                rule,
                message,
            });
        }
    }

    /// Adds the failures of another collection.
    pub fn extend(&mut self, others: Self) {
        let room = MOST - self.list.len();
        self.found += others.found;
        self.list.extend(others.list.into_iter().take(room));
    }

    pub fn is_empty(&self) -> bool {
        self.found == 0
    }

    pub fn found(&self) -> usize {
        self.found
    }

    pub fn list(&self) -> &[Failure] {
        &self.list
    }

    pub fn into_list(self) -> Vec<Failure> {
        self.list
    }

    /// The value, or the failures if there are any.
    pub fn result<T>(self, value: T) -> Result<T, Self> {
        match self.is_empty() {
            true => Ok(value),
            false => Err(self),
        }
    }
}

/// A place in a request, linked to its parent. The pointer text is made only when a failure needs it.
#[derive(Clone, Copy)]
pub enum At<'a> {
    Root(&'a str),
    Name(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub fn name(&'a self, name: &'a str) -> At<'a> {
        At::Name(self, name)
    }

    pub fn index(&'a self, index: usize) -> At<'a> {
        At::Index(self, index)
    }

    pub fn pointer(&self) -> String {
        match self {
            Self::Root(root) => (*root).to_owned(),
            Self::Name(parent, name) => {
                let mut text = parent.pointer();
                text.push('/');
                text.push_str(&name.replace('~', "~0").replace('/', "~1"));
                text
            }
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// The problem that lists failures. `found` is their number, including those that are not listed.
pub fn listed<C>(code: C, what: &str, found: usize, failures: Vec<Failure>) -> Problem<C> {
    let first = failures.first().map(|first| first.message.as_str());
    let first = first.unwrap_or_default();
    let message = match found {
        0 | 1 => format!("{what}: {first}"),
        found => format!("{what} in {found} places: {first}"),
    };
    let more = found.saturating_sub(failures.len());
    let errors: Vec<Value> = failures
        .into_iter()
        .map(|failure| serde_json::json!({"pointer": failure.pointer, "rule": failure.rule, "message": failure.message}))
        .collect();
    let problem = Problem::new(code, message).with("errors", errors);
    match more {
        0 => problem,
        more => problem.with("more_errors", more),
    }
}
