//! What is wrong with an import's files: where, what, and how to mend it. All of it is told at once, up to a bound.

use std::fmt;

/// One thing wrong, at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub file: String,
    /// From 1; the line of the file, not the number of the row.
    pub line: u64,
    /// The column's name, or its number in characters where the text itself is broken.
    pub column: Option<String>,
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The issues of a whole import; past the bound they are only counted.
#[derive(Debug, Default)]
pub struct Issues {
    kept: Vec<Issue>,
    more: usize,
}

/// Issues that are told one by one.
const MOST: usize = 100;

impl Issues {
    pub fn push(&mut self, issue: Issue) {
        if self.kept.len() < MOST {
            self.kept.push(issue);
        } else {
            self.more += 1;
        }
    }

    pub fn extend(&mut self, issues: impl IntoIterator<Item = Issue>) {
        for issue in issues {
            self.push(issue);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub fn count(&self) -> usize {
        self.kept.len() + self.more
    }

    pub fn iter(&self) -> impl Iterator<Item = &Issue> {
        self.kept.iter()
    }

    /// How many are not among those told.
    pub fn more(&self) -> usize {
        self.more
    }
}
