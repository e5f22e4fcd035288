//! Which statements a store runs at all: what every host runs, and no more, so that nothing works on one host that fails
//! on another.

use super::StoreError;

/// D1's limits.
pub const SQL_BYTES: usize = 100_000;
pub const PARAMETERS: usize = 100;

const READS: &[&str] = &["SELECT", "WITH", "VALUES"];
const WRITES: &[&str] = &[
    "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "CREATE", "DROP", "ALTER",
];

/// Whether statements may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Transactions, pragmas and other databases are the store's own affair.
pub fn admit(access: Access, sql: &str) -> Result<(), StoreError> {
    let allowed = match access {
        Access::Read => READS,
        Access::Write => WRITES,
    };
    let sql = sql.trim_start();
    let end = sql
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(sql.len());
    let word = &sql[..end];
    if allowed
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(word))
    {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "a statement that begins with {word:?} is not for the store to run here"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_that_every_host_runs_are_admitted() {
        for sql in [
            "select 1",
            " WITH a AS (SELECT 1) SELECT * FROM a",
            "VALUES(1)",
        ] {
            assert!(admit(Access::Read, sql).is_ok(), "{sql}");
            assert!(admit(Access::Write, sql).is_ok(), "{sql}");
        }
        for sql in [
            "INSERT INTO a VALUES (1)",
            "update a set b = 1",
            "CREATE INDEX a ON b (c)",
        ] {
            assert!(admit(Access::Read, sql).is_err(), "{sql}");
            assert!(admit(Access::Write, sql).is_ok(), "{sql}");
        }
        for sql in [
            "",
            "BEGIN",
            "commit",
            "ROLLBACK",
            "SAVEPOINT a",
            "RELEASE a",
            "PRAGMA x",
            "ATTACH 'a' AS b",
            "VACUUM",
            "é",
        ] {
            assert!(admit(Access::Read, sql).is_err(), "{sql}");
            assert!(admit(Access::Write, sql).is_err(), "{sql}");
        }
    }
}
