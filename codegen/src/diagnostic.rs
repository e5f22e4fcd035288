//! Findings of the tool chain about a document: a rule, a place, what is wrong and how to mend it. They are collected,
//! so that one run reports everything it finds.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::source::Position;

/// A place in a source file, as people (file, line, column) and as machines (JSON pointer) name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Location {
    #[serde(serialize_with = "as_text")]
    pub file: Arc<str>,
    /// Counted from 1; 0 if there is no position, as in a document that code built.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// RFC 6901; the empty string is the whole document.
    pub pointer: String,
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl Location {
    /// The place of a node of the document in `file`.
    pub fn of_node(file: &Arc<str>, position: &Position, pointer: impl Into<String>) -> Self {
        Location {
            file: position.file.as_ref().unwrap_or(file).clone(),
            line: position.line,
            column: position.column,
            pointer: pointer.into(),
        }
    }

    /// A place of which only the file is known.
    pub fn of_file(file: &str) -> Self {
        Location {
            file: Arc::from(file),
            line: 0,
            column: 0,
            pointer: String::new(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)?;
        if self.pointer.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.pointer)
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// The rule's stable name, kebab-case.
    pub rule: &'static str,
    #[serde(flatten)]
    pub at: Location,
    /// What is wrong, and why that is a problem.
    pub message: String,
    /// What to change.
    pub mend: String,
}

impl Diagnostic {
    pub fn new(
        rule: &'static str,
        at: &Location,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Diagnostic {
            rule,
            at: at.clone(),
            message: message.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: [{}] {}\n    mend: {}",
            self.at, self.rule, self.message, self.mend
        )
    }
}

/// The most findings of one run; a document with more needs mending first.
const MOST: usize = 1_000;

/// Findings in the order in which they were made, without repeats and bounded in number.
#[derive(Debug, Default, Clone)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    seen: HashSet<Diagnostic>,
    dropped: usize,
}

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() >= MOST {
            self.dropped += 1;
        } else if self.seen.insert(diagnostic.clone()) {
            self.found.push(diagnostic);
        }
    }

    pub fn report(
        &mut self,
        rule: &'static str,
        at: &Location,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.push(Diagnostic::new(rule, at, message, mend));
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// The findings sorted by place, and a last one that counts those beyond the bound.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| {
            (&a.at.file, a.at.line, a.at.column, a.rule, &a.message).cmp(&(
                &b.at.file,
                b.at.line,
                b.at.column,
                b.rule,
                &b.message,
            ))
        });
        if self.dropped > 0
            && let Some(last) = self.found.last()
        {
            let at = Location {
                line: 0,
                column: 0,
                pointer: String::new(),
                ..last.at.clone()
            };
            let message = format!("{} more findings are not shown", self.dropped);
            self.found.push(Diagnostic::new(
                "too-many-findings",
                &at,
                message,
                "mend those above and run again",
            ));
        }
        self.found
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        iter.into_iter().for_each(|d| self.push(d));
    }
}
