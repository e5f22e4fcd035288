//! Runs the core's statements on a connection: binds, steps, collects. Accepts what every host accepts and no more, so
//! that nothing works here that fails elsewhere.

use crm_core::ports::store::{Rows, Statement, StoreError, Value};
use rusqlite::{
    Connection,
    types::{ToSqlOutput, ValueRef},
};

use super::error::Failure;

const READS: &[&str] = &["SELECT", "WITH", "VALUES"];
const WRITES: &[&str] = &[
    "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "CREATE", "DROP", "ALTER",
];

/// Whether statements may write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Runs one statement. `room` is what its rows may take, in bytes; it is less afterwards.
pub fn run(
    connection: &Connection,
    access: Access,
    statement: &Statement,
    room: &mut usize,
) -> Result<Rows, Failure> {
    admit(access, &statement.sql)?;
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    if access == Access::Read && !prepared.readonly() {
        return Err(StoreError::Failed("a statement that writes came to be read".into()).into());
    }
    let expected = prepared.parameter_count();
    if expected != statement.params.len() {
        let given = statement.params.len();
        return Err(StoreError::Failed(format!(
            "the statement takes {expected} parameters, not {given}"
        ))
        .into());
    }
    for (index, value) in statement.params.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value))?;
    }
    let columns = prepared.column_count();
    let mut rows = prepared.raw_query();
    let mut collected = Rows::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = value(row.get_ref(column)?)?;
            let size = size_of::<Value>() + value.as_str().map_or(0, str::len);
            *room = room.checked_sub(size).ok_or(StoreError::TooLarge)?;
            values.push(value);
        }
        collected.push(values);
    }
    Ok(collected)
}

/// Transactions, pragmas and other databases are the store's own affair.
fn admit(access: Access, sql: &str) -> Result<(), StoreError> {
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

struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| StoreError::Failed("a text is not UTF-8".into()))?
                .to_owned(),
        ),
        ValueRef::Blob(_) => return Err(StoreError::Failed("a column is a blob".into())),
    })
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
