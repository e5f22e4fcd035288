//! The statements that a store accepts: only those that every host can run, so that nothing works on one host and fails
//! on another.

use super::{Statement, StoreError, Value};

/// D1's limits of one statement, and of one text and one row, in bytes.
pub const SQL_BYTES: usize = 100_000;
pub const PARAMETERS: usize = 100;
pub const TEXT_BYTES: usize = 2_000_000;
/// D1's limits of SQL: the depth of an expression, columns, terms of a compound SELECT, arguments of a function, bytes
/// of a pattern (src/workerd/util/sqlite.c++ of workerd).
pub const EXPRESSION_DEPTH: usize = 100;
pub const COLUMNS: usize = 100;
pub const COMPOUND_TERMS: usize = 5;
pub const ARGUMENTS: usize = 127;
pub const PATTERN_BYTES: usize = 50;
/// The most statements of one batch: 1,000 may run in one invocation of a Worker, and a request makes several batches.
pub const STATEMENTS: usize = 250;
/// The most bytes of SQL and texts in one batch: a Worker holds several copies of it in memory.
pub const BATCH_BYTES: usize = 8 << 20;

/// The bytes of the statements, or an error if one of the hosts does not accept them. A store may accept more, but the
/// core's statements have to fit on every host.
pub fn fit(statements: &[Statement]) -> Result<usize, StoreError> {
    if statements.len() > STATEMENTS {
        return Err(StoreError::TooLarge);
    }
    let mut bytes = 0;
    for statement in statements {
        let texts = statement.params.iter().filter_map(Value::as_str);
        let (most, sum) = texts.fold((0, 0), |(most, sum), text| {
            (text.len().max(most), sum + text.len())
        });
        bytes += statement.sql.len() + sum;
        if most > TEXT_BYTES
            || statement.sql.len() > SQL_BYTES
            || statement.params.len() > PARAMETERS
            || bytes > BATCH_BYTES
        {
            return Err(StoreError::TooLarge);
        }
    }
    Ok(bytes)
}

const READS: &[&str] = &["SELECT", "WITH", "VALUES"];
const WRITES: &[&str] = &[
    "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "VALUES", "CREATE", "DROP", "ALTER",
];

/// Whether statements may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// No statement that writes begins with `WITH`. One that writes opens a cursor for each index of its table, and `records`
    /// has one for each indexed field of a tenant; SQLite refuses a common table expression once a statement has opened
    /// [`EXPRESSION_DEPTH`] cursors.
    Write,
}

/// Refuses statements about transactions, pragmas and other databases, which only the store itself may use.
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

/// Refuses columns that one host would not give back: D1 returns a row as an object, so it shows only one of two columns
/// with the same name, and orders numeric names first. Stores that do not have this limit check it in debug builds.
pub fn admit_columns<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), StoreError> {
    let names: Vec<&str> = names.collect();
    let mut seen = std::collections::HashSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(StoreError::Failed(format!("two columns are called {name}")));
    }
    let is_number = |name: &&&str| name.bytes().all(|byte| byte.is_ascii_digit());
    match names.iter().find(is_number) {
        Some(name) if names.len() > 1 => {
            Err(StoreError::Failed(format!("a column is called {name}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_d1_takes_fits() {
        let text = "x".repeat(TEXT_BYTES);
        assert_eq!(
            fit(&[Statement::new("SELECT ?1", [text.into()])]),
            Ok(TEXT_BYTES + 9)
        );
        let params: Vec<Value> = (0..PARAMETERS).map(|_| Value::Null).collect();
        let sql = format!("SELECT {}1", " ".repeat(SQL_BYTES - 8));
        assert_eq!(fit(&[Statement::new(sql, params)]), Ok(SQL_BYTES));
        assert_eq!(fit(&[]), Ok(0));
    }

    #[test]
    fn what_it_does_not_take_is_refused() {
        let wide: Vec<Value> = (0..=PARAMETERS).map(|_| Value::Null).collect();
        let long = || Statement::new("SELECT ?1", [Value::Text("x".repeat(TEXT_BYTES))]);
        let wider = Value::Text("é".repeat(TEXT_BYTES / 2 + 1));
        for statements in [
            vec![Statement::new("SELECT ?1", [wider])],
            vec![Statement::new("SELECT 1", wide)],
            vec![Statement::new(
                format!("SELECT {}1", " ".repeat(SQL_BYTES)),
                [],
            )],
            vec![Statement::new("SELECT 1", []); STATEMENTS + 1],
            (0..5).map(|_| long()).collect(),
        ] {
            assert_eq!(fit(&statements), Err(StoreError::TooLarge));
        }
    }

    #[test]
    fn only_statements_that_every_host_runs_are_admitted() {
        for sql in ["select 1", "VALUES(1)"] {
            assert!(admit(Access::Read, sql).is_ok(), "{sql}");
            assert!(admit(Access::Write, sql).is_ok(), "{sql}");
        }
        let with = " WITH a AS (SELECT 1) SELECT * FROM a";
        assert!(admit(Access::Read, with).is_ok());
        assert!(admit(Access::Write, with).is_err());
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
