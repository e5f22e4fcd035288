//! Errors in an import's files: where, what, and how to mend it. They are collected and reported together, up to a
//! bound.

use std::fmt;

/// One error at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub file: String,
    /// From 1; the line of the file, not the number of the row.
    pub line: u64,
    /// The column's name, or the position in characters if the text itself is broken.
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

/// The issues of a whole import; beyond the bound they are only counted.
#[derive(Debug, Default)]
pub struct Issues {
    kept: Vec<Issue>,
    more: usize,
}

/// The most issues that are listed.
const MOST: usize = 100;
/// The longest text in an issue, in bytes; a longer value of a file is cut.
const LONGEST: usize = 1_000;

fn short(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push_str(" ...");
        text.shrink_to_fit();
    }
    text
}

impl Issues {
    pub fn push(&mut self, issue: Issue) {
        if self.kept.len() < MOST {
            self.kept.push(Issue {
                column: issue.column.map(short),
                message: short(issue.message),
                ..issue
            });
        } else {
            self.more += 1;
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

    /// The number of issues that are not listed.
    pub fn more(&self) -> usize {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_bounded_in_number_and_length() {
        let mut issues = Issues::default();
        for line in 0..6_721 {
            issues.push(Issue {
                file: "a.csv".into(),
                line,
                column: Some("é".repeat(2_000)),
                message: "é".repeat(1 << 16),
            });
        }
        assert_eq!((issues.count(), issues.more()), (6_721, 6_621));
        let bytes: usize = issues.iter().map(|issue| issue.to_string().len()).sum();
        assert!(bytes < 100 * 2_100, "{bytes}");
    }
}
