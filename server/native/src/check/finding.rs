//! A finding of the check: the file, what is wrong, and how to mend it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Findings listed for one rule in one file; further ones are counted.
const MOST_LINES: usize = 20;

pub const RESTORE: &str = "Restore this file from the last good backup (docs/data.md)";

/// The rule about records whose unique texts became equal to those of others.
pub const APART: &str = "apart";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// The rule that is broken, one word.
    pub rule: &'static str,
    pub what: String,
    pub mend: String,
    /// The statement that mends it.
    pub sql: Option<String>,
}

impl Finding {
    /// Whether it is damage, rather than a decision for the operator.
    pub fn is_damage(&self) -> bool {
        self.rule != APART
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            rule,
            what,
            mend,
            sql,
        } = self;
        write!(f, "{}: {rule}: {what}. {mend}.", file.display())?;
        match sql {
            Some(sql) => write!(
                f,
                " With no server running, in `sqlite3` on this file: {sql};"
            ),
            None => Ok(()),
        }
    }
}

/// The findings in one file.
pub struct Findings {
    file: PathBuf,
    found: Vec<Finding>,
    counts: BTreeMap<&'static str, usize>,
}

impl Findings {
    pub fn of(file: &Path) -> Self {
        Self {
            file: file.to_path_buf(),
            found: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, rule: &'static str, what: impl Into<String>, mend: impl Into<String>) {
        self.push(rule, what.into(), mend.into(), None);
    }

    /// Adds a finding that an SQL statement mends.
    pub fn add_sql(
        &mut self,
        rule: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
        sql: impl Into<String>,
    ) {
        self.push(rule, what.into(), mend.into(), Some(sql.into()));
    }

    fn push(&mut self, rule: &'static str, what: String, mend: String, sql: Option<String>) {
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count <= MOST_LINES {
            self.found.push(Finding {
                file: self.file.clone(),
                rule,
                what,
                mend,
                sql,
            });
        }
    }

    pub fn unreadable(&mut self, error: &rusqlite::Error) {
        self.add("file", format!("cannot be read: {error}"), RESTORE);
    }

    pub fn done(mut self) -> Vec<Finding> {
        for (rule, count) in &self.counts {
            if *count > MOST_LINES {
                self.found.push(Finding {
                    file: self.file.clone(),
                    rule,
                    what: format!("{} more of the same kind", count - MOST_LINES),
                    mend: "As above".into(),
                    sql: None,
                });
            }
        }
        self.found
    }
}
