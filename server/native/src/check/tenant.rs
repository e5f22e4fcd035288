//! Checks one tenant's database on one snapshot: the file, the counters, the indexes, and each record against the
//! change log and the definitions.

use std::{collections::BTreeMap, sync::Arc};

use crm_core::{
    migrations::{MIGRATIONS, statements},
    ports::store::{Rows, Value},
    schema::{self, Schema, index, index_statements},
};
use rusqlite::{Connection, types::ValueRef};

use super::{Findings, finding::RESTORE, history, is_sound, model};

pub struct Seen {
    pub records: u64,
    pub changes: u64,
    /// The addresses of those who may sign in.
    pub logins: Vec<String>,
}

pub fn check(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<Seen> {
    let mut seen = Seen {
        records: 0,
        changes: 0,
        logins: Vec::new(),
    };
    if !is_sound(connection, findings)? {
        return Ok(seen);
    }
    // Dropping the connection ends the transaction, which writes nothing.
    connection.execute_batch("BEGIN")?;
    if !is_ours(connection, findings)? {
        return Ok(seen);
    }
    counters(connection, findings)?;
    let Some(schema) = definitions(connection, findings)? else {
        return Ok(seen);
    };
    indexes(connection, &schema, findings)?;
    references(connection, findings)?;
    seen.changes = history::check(connection, findings)?;
    seen.records = model::check(connection, &schema, findings)?;
    let mut logins = connection
        .prepare("SELECT login FROM users WHERE status = 'active' AND password_hash IS NOT NULL")?;
    let logins = logins.query_map([], |row| row.get(0))?;
    seen.logins = logins.collect::<rusqlite::Result<_>>()?;
    Ok(seen)
}

/// Whether this program knows the schema of the database; `crm serve` migrates an older one when it opens it.
fn is_ours(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<bool> {
    let newest = MIGRATIONS.iter().map(|one| one.number).max().unwrap_or(0);
    let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'migrations'";
    let applied: i64 = if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
        0
    } else {
        let applied = "SELECT coalesce(max(number), 0) FROM migrations";
        connection.query_row(applied, [], |row| row.get(0))?
    };
    if applied > newest {
        findings.add(
            "version",
            format!("is of a newer program (migration {applied}, this one knows {newest})"),
            "Use the program that wrote it",
        );
    } else if applied < newest {
        findings.add(
            "version",
            format!("is of an older program (migration {applied} of {newest})"),
            "`crm serve` brings it up to date; check it then",
        );
    }
    Ok(applied == newest)
}

/// The sequence number must not be lower than any number that was issued from it.
fn counters(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let meta = "SELECT count(*), coalesce(max(seq), 0) FROM meta";
    let (rows, seq): (i64, i64) =
        connection.query_row(meta, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if rows != 1 {
        findings.add("meta", format!("has {rows} rows in place of one"), RESTORE);
    }
    for (table, column) in [
        ("changes", "seq"),
        ("records", "version"),
        ("object_types", "version"),
        ("fields", "version"),
        ("users", "version"),
        ("api_keys", "version"),
        ("teams", "version"),
    ] {
        let most = format!("SELECT coalesce(max({column}), 0) FROM {table}");
        let most: i64 = connection.query_row(&most, [], |row| row.get(0))?;
        if most > seq {
            findings.add_sql(
                "sequence",
                format!("the sequence number is {seq}, and {table} holds {most} already"),
                "The next write would be refused",
                format!("UPDATE meta SET seq = max(seq, {most})"),
            );
        }
    }
    Ok(())
}

fn definitions(
    connection: &Connection,
    findings: &mut Findings,
) -> rusqlite::Result<Option<Schema>> {
    let (types, fields) = (
        rows(connection, schema::TYPES)?,
        rows(connection, schema::FIELDS)?,
    );
    match Schema::load(types, fields) {
        Ok(schema) => Ok(Some(schema)),
        Err(error) => {
            findings.add("definitions", error, RESTORE);
            Ok(None)
        }
    }
}

/// Without its unique index a field may hold a value twice; without the others lists are slow.
fn indexes(
    connection: &Connection,
    schema: &Schema,
    findings: &mut Findings,
) -> rusqlite::Result<()> {
    let mut there = connection
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")?;
    let there: BTreeMap<String, String> = there
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let tables = MIGRATIONS.iter().flat_map(|one| statements(one.sql));
    let own = schema.types().flat_map(|one| match one.built_in {
        false => index::create_all(one),
        // The indexes of built-in fields are the same for all tenants and are checked there; these are the indexes of
        // custom fields.
        true => {
            let fields = one.fields.values();
            let of_field = |field: &Arc<_>| index::create_of_field(&one.name, field);
            fields.flat_map(of_field).collect()
        }
    });
    for statement in tables.chain(index_statements()).chain(own) {
        let Some(name) = index::name_of(&statement) else {
            continue;
        };
        let (what, sql) = match there.get(name) {
            None => ("missing", statement.clone()),
            Some(there) if *there != index::kept(statement.trim()) => (
                "not the one that it has to be",
                format!("{}; {statement}", index::drop_named(name)),
            ),
            Some(_) => continue,
        };
        findings.add_sql(
            "index",
            format!("the index {name} is {what}"),
            "Values of a unique field that are there twice are to be told apart first",
            sql,
        );
    }
    Ok(())
}

/// Checks rows that refer to rows of another table.
fn references(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let rules = [
        (
            "session",
            "SELECT id FROM sessions s WHERE kind = 'user' AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.subject)",
            "Whoever it was signs in again",
            "DELETE FROM sessions WHERE kind = 'user' AND subject NOT IN (SELECT id FROM users)",
        ),
        (
            "session",
            "SELECT id FROM sessions s WHERE kind = 'portal' AND NOT EXISTS (SELECT 1 FROM records r WHERE r.id = s.subject)",
            "Whoever it was signs in again",
            "DELETE FROM sessions WHERE kind = 'portal' AND subject NOT IN (SELECT id FROM records)",
        ),
        (
            "word",
            "SELECT word || ' ' || record FROM words w WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.num = w.record)",
            "Nothing is found by it",
            "DELETE FROM words WHERE record NOT IN (SELECT num FROM records)",
        ),
        (
            "guard",
            "SELECT 'a guard that failed' FROM guard",
            "It does no harm",
            "DELETE FROM guard",
        ),
        (
            "idempotency",
            "SELECT key_hash FROM idempotency WHERE base > (SELECT max(seq) + 1 FROM meta)",
            "A repeat of that request is then processed again",
            "DELETE FROM idempotency WHERE base > (SELECT max(seq) + 1 FROM meta)",
        ),
    ];
    for (rule, sql, mend, by) in rules {
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let what = format!("{} refers to nothing that is there", text(row, 0)?);
            findings.add_sql(rule, what, mend, by);
        }
    }
    Ok(())
}

pub fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}

/// The column as text; invalid UTF-8 is replaced.
pub fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        _ => String::new(),
    })
}

fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let value = |column| Ok(value_of(row.get_ref(column)?));
        (0..columns).map(value).collect()
    })?;
    rows.collect()
}

/// The counters of automatic numbers, by name.
pub fn numbers(connection: &Connection) -> rusqlite::Result<BTreeMap<String, i64>> {
    let mut statement = connection.prepare("SELECT name, value FROM counters")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
