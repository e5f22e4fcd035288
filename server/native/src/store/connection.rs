//! Opens the connections of a tenant's database and brings its schema up to date.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crm_core::{
    migrations::{MIGRATIONS, Migration, statements},
    ports::store::{
        StoreError, Value,
        admission::{
            ARGUMENTS, COLUMNS, COMPOUND_TERMS, EXPRESSION_DEPTH, PARAMETERS, PATTERN_BYTES,
            SQL_BYTES,
        },
    },
    schema,
};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, config::DbConfig,
    limits::Limit,
};

use super::{error::store_error, options::Options};
use crate::folder;

/// What to do with a database that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

/// Opens the writing connection: migrates the schema, and makes commits durable (WAL, every commit synced).
pub fn writer(path: &Path, missing: Missing, options: &Options) -> Result<Connection, StoreError> {
    if missing == Missing::Refuse && !path.exists() {
        return Err(StoreError::UnknownTenant);
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if missing == Missing::Create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
        folder::own_file(path)
            .map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
    }
    let mut connection = Connection::open_with_flags(path, flags).map_err(store_error)?;
    durable(&connection, options.lock_wait).map_err(store_error)?;
    connection
        .pragma_update(None, "cache_size", -4_096)
        .map_err(store_error)?;
    // The log file keeps its size when it starts over, since overwriting a file syncs faster than growing it.
    let kept = i64::from(options.wal_restart_frames) * 4_096;
    connection
        .pragma_update_and_check(None, "journal_size_limit", kept, |_| Ok(()))
        .map_err(store_error)?;
    if let Some(pages) = options.pages {
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(store_error)?;
    }
    migrate(&mut connection, MIGRATIONS)?;
    index(&mut connection).map_err(store_error)?;
    limited(&connection, options).map_err(store_error)?;
    Ok(connection)
}

/// Opens a connection that only reads. The writer must be open, since it makes the files that the log needs.
pub fn reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(options.lock_wait)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -2_048)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        limited(&connection, options)?;
        Ok(connection)
    };
    open().map_err(store_error)
}

/// Sets WAL mode with every commit synced.
pub fn durable(connection: &Connection, lock_wait: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(lock_wait)?;
    let until = Instant::now() + lock_wait;
    loop {
        // SQLite does not wait for the lock here by itself, since two processes that both change the mode could
        // deadlock.
        match connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
        {
            Err(rusqlite::Error::SqliteFailure(code, _))
                if code.code == ErrorCode::DatabaseBusy && Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => break other.map(drop)?,
        }
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "memory")
}

fn limited(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.set_limit(
        Limit::SQLITE_LIMIT_LENGTH,
        i32::try_from(options.length).unwrap_or(i32::MAX),
    )?;
    // D1's limits, so that SQL that works here works there.
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, PARAMETERS),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH),
        (Limit::SQLITE_LIMIT_COLUMN, COLUMNS),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, COMPOUND_TERMS),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, ARGUMENTS),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES),
    ] {
        connection.set_limit(limit, i32::try_from(most).unwrap_or(i32::MAX))?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    // Without this, SQLite prepares a statement again whenever a parameter changes that it compared with the condition
    // of a partial index when planning, which is at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(options.statements);
    Ok(())
}

/// Applies missing migrations. Each migration and its row are one transaction, which takes the write lock before it
/// checks: when two processes race, one applies the migration and the other finds it applied.
pub fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let newest = migrations
        .iter()
        .map(|migration| migration.number)
        .max()
        .unwrap_or(0);
    if applied(connection).map_err(store_error)? == newest {
        return Ok(());
    }
    for migration in migrations {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(store_error)?;
        let applied = applied(&transaction).map_err(store_error)?;
        if applied > newest {
            return Err(StoreError::Failed(format!(
                "the database was written by a newer program: it has migration {applied}, this program knows {newest}"
            )));
        }
        if applied >= migration.number {
            continue;
        }
        let apply = || {
            transaction.execute_batch(
                "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)",
            )?;
            for sql in statements(migration.sql) {
                transaction.execute_batch(&sql)?;
            }
            let now = "INSERT INTO migrations (number, applied_at) VALUES (?1, CAST(unixepoch('subsec') * 1000 AS INTEGER))";
            transaction.execute(now, [migration.number]).map(drop)
        };
        apply().map_err(store_error)?;
        transaction.commit().map_err(store_error)?;
    }
    Ok(())
}

/// Updates the indexes of the built-in types, unless the database records that it has them.
fn index(connection: &mut Connection) -> rusqlite::Result<()> {
    let wanted = i32::try_from(schema::indexes_mark() >> 33)
        .unwrap_or(i32::MAX)
        .max(1);
    if connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))? == wanted {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let there = transaction
        .prepare(schema::INDEXES)?
        .query_map([], |row| {
            let text = |column| row.get::<_, String>(column).map(Value::Text);
            Ok(vec![text(0)?, text(1)?])
        })?
        .collect::<rusqlite::Result<_>>()?;
    for statement in schema::index_changes(&there) {
        transaction.execute_batch(&statement)?;
    }
    transaction.pragma_update(None, "user_version", wanted)?;
    transaction.commit()
}

/// The number of the newest migration that the database has; 0 if none.
fn applied(connection: &Connection) -> rusqlite::Result<i64> {
    let any = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    if connection
        .query_row(any, [], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(0);
    }
    connection.query_row(
        "SELECT coalesce(max(number), 0) FROM migrations",
        [],
        |row| row.get(0),
    )
}
