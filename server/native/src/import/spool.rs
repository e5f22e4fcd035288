//! The temporary database of an import, which holds its rows between reading and writing. SQLite deletes it when the
//! program ends in any way. So the memory of an import does not grow with its files; the disk space for temporary files
//! (`SQLITE_TMPDIR`, `TMPDIR`) does.

use std::collections::BTreeMap;

use crm_core::{fault::Fault, records::import::Seen};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::Row;

/// The cache of the database in memory, in KiB.
const CACHE_KIB: u32 = 32 << 10;
/// Planned rows are read in chunks of up to this many bytes, or one row.
const AT_ONCE: usize = 8 << 20;
/// The most rows of a step. The database numbers rows by step times this bound plus their number.
const MOST_ROWS: i64 = 1 << 40;

const TABLES: &str = "
    CREATE TABLE found (path INTEGER, value TEXT, id TEXT, fields TEXT, step INTEGER, line INTEGER, known INTEGER,
        PRIMARY KEY (path, value)) WITHOUT ROWID;
    CREATE TABLE parents (step INTEGER, name TEXT, used INTEGER, PRIMARY KEY (step, name)) WITHOUT ROWID;
    CREATE TABLE children (step INTEGER, parent TEXT, line INTEGER, cells TEXT);
    CREATE INDEX children_of ON children (step, parent, line);
    CREATE TABLE planned (at INTEGER PRIMARY KEY, line INTEGER, id TEXT, known INTEGER, row TEXT);
    CREATE TABLE seen (space TEXT, key TEXT, value TEXT, PRIMARY KEY (space, key)) WITHOUT ROWID;
    BEGIN;";

/// A row that is ready to be written.
#[derive(Debug)]
pub struct Upsert {
    pub line: u64,
    pub id: String,
    /// Whether the record existed before this row.
    pub known: bool,
    pub content: Content,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Content {
    pub fields: Map<String, Value>,
    /// The line numbers of its lines in their file.
    pub parts: Vec<u64>,
    /// The expected values of fields that the server computes.
    pub check: BTreeMap<String, Value>,
}

/// The result of a lookup.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    /// Step and line of the last row with this key.
    pub row: Option<(usize, u64)>,
    /// Whether the record existed before that row.
    pub known: bool,
}

pub struct Spool {
    connection: Connection,
}

impl Spool {
    pub fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open("")?;
        connection.set_prepared_statement_cache_capacity(32);
        // The database does not outlive the program, so it needs no protection from crashes.
        let settings = format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -{CACHE_KIB};"
        );
        connection.execute_batch(&settings)?;
        connection.execute_batch(TABLES)?;
        Ok(Self { connection })
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// Adds a record under one of its values.
    pub fn add(
        &self,
        path: i64,
        value: &str,
        id: &str,
        fields: &Map<String, Value>,
    ) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO found (path, value, id, fields, known) VALUES (?1, ?2, ?3, ?4, 1)",
            params![path, value, id, json(fields)?],
        )?;
        Ok(())
    }

    /// Notes the row that has this value as its key.
    pub fn recognise(
        &self,
        path: i64,
        value: &str,
        (step, line): (usize, u64),
        id: &str,
        known: bool,
    ) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO found (path, value, id, fields, step, line, known) VALUES (?1, ?2, ?3, '{}', ?4, ?5, ?6) \
             ON CONFLICT DO UPDATE SET step = ?4, line = ?5, known = ?6",
            params![path, value, id, step as i64, line as i64, known],
        )?;
        Ok(())
    }

    pub fn found(&self, path: i64, value: &str) -> rusqlite::Result<Option<Found>> {
        let sql = "SELECT id, step, line, known FROM found WHERE path = ?1 AND value = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            let step: Option<i64> = row.get(1)?;
            let line: Option<i64> = row.get(2)?;
            Ok(Found {
                id: row.get(0)?,
                row: step
                    .zip(line)
                    .map(|(step, line)| (step as usize, line as u64)),
                known: row.get(3)?,
            })
        };
        statement.query_row(params![path, value], read).optional()
    }

    /// The fields for `take` of the record with this value.
    pub fn fields(&self, path: i64, value: &str) -> rusqlite::Result<Map<String, Value>> {
        let sql = "SELECT fields FROM found WHERE path = ?1 AND value = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let fields = statement
            .query_row(params![path, value], |row| row.get::<_, String>(0))
            .optional()?;
        fields.map_or_else(|| Ok(Map::new()), |fields| parse(&fields))
    }

    pub fn set_fields(
        &self,
        path: i64,
        value: &str,
        fields: &Map<String, Value>,
    ) -> rusqlite::Result<()> {
        self.run(
            "UPDATE found SET fields = ?3 WHERE path = ?1 AND value = ?2",
            params![path, value, json(fields)?],
        )?;
        Ok(())
    }

    /// Notes a row's name, to which its lines refer.
    pub fn add_parent(&self, step: usize, name: &str) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR IGNORE INTO parents (step, name, used) VALUES (?1, ?2, 0)",
            params![step as i64, name],
        )?;
        Ok(())
    }

    pub fn has_parent(&self, step: usize, name: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM parents WHERE step = ?1 AND name = ?2";
        self.connection
            .prepare_cached(sql)?
            .exists(params![step as i64, name])
    }

    pub fn add_child(&self, step: usize, parent: &str, row: &Row) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO children (step, parent, line, cells) VALUES (?1, ?2, ?3, ?4)",
            params![step as i64, parent, row.line as i64, json(&row.cells)?],
        )?;
        Ok(())
    }

    /// Whether this is the first row with the name; the lines belong to that row.
    pub fn claim(&self, step: usize, parent: &str) -> rusqlite::Result<bool> {
        let sql = "UPDATE parents SET used = 1 WHERE step = ?1 AND name = ?2 AND used = 0";
        Ok(self.run(sql, params![step as i64, parent])? > 0)
    }

    /// The number of a row's lines, and their bytes.
    pub fn weigh_children(&self, step: usize, parent: &str) -> rusqlite::Result<(usize, usize)> {
        let sql = "SELECT count(*), coalesce(sum(length(cells)), 0) FROM children WHERE step = ?1 AND parent = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row(params![step as i64, parent], |row| {
            Ok((
                row.get::<_, i64>(0)? as usize,
                row.get::<_, i64>(1)? as usize,
            ))
        })
    }

    /// The lines of a row, in the order of their file.
    pub fn children(&self, step: usize, parent: &str) -> rusqlite::Result<Vec<Row>> {
        let sql = "SELECT line, cells FROM children WHERE step = ?1 AND parent = ?2 ORDER BY line";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![step as i64, parent])?;
        let mut children = Vec::new();
        while let Some(row) = rows.next()? {
            children.push(Row {
                line: row.get::<_, i64>(0)? as u64,
                cells: parse(row.get_ref(1)?.as_str()?)?,
            });
        }
        Ok(children)
    }

    /// Stores the `number`th row of a step.
    pub fn plan(&self, step: usize, number: u64, row: &Upsert) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO planned (at, line, id, known, row) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                at(step, number),
                row.line as i64,
                row.id,
                row.known,
                json(&row.content)?
            ],
        )?;
        Ok(())
    }

    pub fn planned(&self, step: usize) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM planned WHERE at >= ?1 AND at < ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let range = params![at(step, 0), at(step + 1, 0)];
        statement.query_row(range, |row| Ok(row.get::<_, i64>(0)? as u64))
    }

    /// The planned rows of a step from the `from`th one on: up to `most`, or fewer if they are large. Empty at the end.
    pub fn chunk(&self, step: usize, from: u64, most: usize) -> rusqlite::Result<Vec<Upsert>> {
        let sql = "SELECT line, id, known, row FROM planned WHERE at >= ?1 AND at < ?2 ORDER BY at";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![at(step, from), at(step + 1, 0)])?;
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < most.max(1) && bytes < AT_ONCE {
            let Some(row) = rows.next()? else { break };
            let content = row.get_ref(3)?.as_str()?;
            bytes += content.len();
            chunk.push(Upsert {
                line: row.get::<_, i64>(0)? as u64,
                id: row.get(1)?,
                known: row.get(2)?,
                content: parse(content)?,
            });
        }
        Ok(chunk)
    }

    /// The line of the step's row with this id. Only for error messages; its index is made at the first call.
    pub fn line_of(&self, step: usize, id: &str) -> rusqlite::Result<Option<u64>> {
        self.run("CREATE INDEX IF NOT EXISTS planned_id ON planned (id)", [])?;
        let sql = "SELECT line FROM planned WHERE id = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let range = params![id, at(step, 0), at(step + 1, 0)];
        statement
            .query_row(range, |row| Ok(row.get::<_, i64>(0)? as u64))
            .optional()
    }

    /// The changes of a step's rows so far, for checking the next ones.
    pub fn seen(&self) -> rusqlite::Result<SeenOnDisk<'_>> {
        self.run("DELETE FROM seen", [])?;
        Ok(SeenOnDisk(self))
    }
}

fn at(step: usize, number: u64) -> i64 {
    step as i64 * MOST_ROWS + number as i64
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn parse<T: for<'a> Deserialize<'a>>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}

pub struct SeenOnDisk<'a>(&'a Spool);

impl Seen for SeenOnDisk<'_> {
    fn get(&self, space: &str, key: &str) -> Result<Option<Option<String>>, Fault> {
        let read = || {
            let sql = "SELECT value FROM seen WHERE space = ?1 AND key = ?2";
            let mut statement = self.0.connection.prepare_cached(sql)?;
            statement
                .query_row(params![space, key], |row| row.get(0))
                .optional()
        };
        read().map_err(|error| fault(&error))
    }

    fn set(&mut self, space: &str, key: &str, value: Option<&str>) -> Result<(), Fault> {
        let sql = "INSERT OR REPLACE INTO seen (space, key, value) VALUES (?1, ?2, ?3)";
        let set = self.0.run(sql, params![space, key, value]);
        set.map(drop).map_err(|error| fault(&error))
    }
}

fn fault(error: &rusqlite::Error) -> Fault {
    Fault::Internal(format!("the import's temporary database: {error}"))
}
