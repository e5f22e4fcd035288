//! One way in which a value, a definition or a filter is wrong: where, against which rule, and what to do about it.

use serde::Serialize;

use super::pattern::Effort;

/// Listed in the context of `FIELD_INVALID`, `FIELD_SERVER_OWNED`, `DEFINITION_INVALID` and `VALIDATION_FAILED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A JSON pointer into the request: `/body/fields/title`.
    pub pointer: String,
    pub rule: &'static str,
    /// For people.
    pub message: String,
}

/// Collects all failures of a request; the pointer of each begins with `at`.
#[derive(Debug, Default)]
pub struct Failures {
    list: Vec<Failure>,
    /// What the values that are judged may ask of patterns.
    effort: Effort,
}

/// The most failures that one answer lists.
const MOST: usize = 100;

impl Failures {
    /// Of values that share the effort of one request with others.
    pub fn sharing(effort: &Effort) -> Self {
        Self {
            list: Vec::new(),
            effort: effort.clone(),
        }
    }

    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    pub fn add(&mut self, pointer: String, rule: &'static str, message: impl Into<String>) {
        if self.list.len() < MOST {
            self.list.push(Failure {
                pointer,
                rule,
                message: message.into(),
            });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn list(&self) -> &[Failure] {
        &self.list
    }

    pub fn into_list(self) -> Vec<Failure> {
        self.list
    }

    /// The list, or nothing to complain of.
    pub fn result<T>(self, value: T) -> Result<T, Vec<Failure>> {
        if self.list.is_empty() {
            Ok(value)
        } else {
            Err(self.list)
        }
    }
}

/// A place in a request, linked to the place that it lies in; its text is made only when a failure needs it.
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
