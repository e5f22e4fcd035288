//! For tests: a tenant's database in memory behind the port, counting round trips, and a type that has a field of every
//! kind.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

pub mod host;

use rusqlite::{Connection, types::ValueRef};

use crate::{
    migrations,
    ports::{
        Answer,
        store::{Commit, Rows, Statement, StoreError, TenantId, TenantStore, Value},
    },
    schema::{ObjectType, Schema, built_in, index},
};

/// One tenant, whatever its id.
pub struct Memory {
    pub connection: Mutex<Connection>,
    pub reads: AtomicUsize,
    pub commits: AtomicUsize,
    /// Run before the next commit: somebody else's write between a read and its commit.
    pub before_commit: Mutex<Option<Box<dyn FnOnce(&Connection) + Send>>>,
}

impl Memory {
    pub fn new(types: &[Arc<ObjectType>]) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for migration in migrations::MIGRATIONS {
            for statement in migrations::statements(migration.sql) {
                connection.execute_batch(&statement).unwrap();
            }
        }
        for object_type in types {
            for statement in index::create_all(object_type) {
                connection.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
        }
        Self {
            connection: Mutex::new(connection),
            reads: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            before_commit: Mutex::new(None),
        }
    }

    /// Round trips since the last call: reads and commits.
    pub fn trips(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.commits.swap(0, Ordering::SeqCst))
    }

    pub fn run(&self, statement: &Statement) -> Rows {
        rows(&self.connection.lock().unwrap(), statement).unwrap_or_else(|error| panic!("{}: {error}", statement.sql))
    }

    /// The plan of a statement, one step per line.
    pub fn plan(&self, statement: &Statement) -> String {
        let explained = Statement::new(format!("EXPLAIN QUERY PLAN {}", statement.sql), statement.params.clone());
        let lines = self.run(&explained).into_iter().filter_map(|row| row.into_iter().nth(3)?.into_text());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Rows> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (index, value) in statement.params.iter().enumerate() {
        match value {
            Value::Null => prepared.raw_bind_parameter(index + 1, rusqlite::types::Null)?,
            Value::Integer(number) => prepared.raw_bind_parameter(index + 1, number)?,
            Value::Real(number) => prepared.raw_bind_parameter(index + 1, number)?,
            Value::Text(text) => prepared.raw_bind_parameter(index + 1, text)?,
        }
    }
    let columns = prepared.column_count();
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = |index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            })
        };
        found.push((0..columns).map(value).collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

impl TenantStore for Memory {
    fn read<'a>(&'a self, _: &'a TenantId, statements: Vec<Statement>) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let connection = self.connection.lock().unwrap();
        let read = statements.iter().map(|statement| rows(&connection, statement).map_err(|error| StoreError::Failed(format!("{}: {error}", statement.sql)))).collect();
        Box::pin(async { read })
    }

    fn commit<'a>(&'a self, _: &'a TenantId, statements: Vec<Statement>) -> Answer<'a, Result<Commit, StoreError>> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let mut connection = self.connection.lock().unwrap();
        if let Some(other) = self.before_commit.lock().unwrap().take() {
            other(&connection);
        }
        let transaction = connection.transaction().unwrap();
        let mut all = Vec::new();
        let mut refused = None;
        for statement in &statements {
            match rows(&transaction, statement) {
                Ok(rows) => all.push(rows),
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                    refused = Some(error.to_string());
                    break;
                }
                Err(error) => {
                    let text = format!("{}: {error}", statement.sql);
                    return Box::pin(async { Err(StoreError::Failed(text)) });
                }
            }
        }
        let outcome = match refused {
            Some(name) if name.contains("stale") => Commit::Stale,
            Some(name) => Commit::Constraint(name),
            None => {
                transaction.commit().unwrap();
                Commit::Committed(all)
            }
        };
        Box::pin(async { Ok(outcome) })
    }
}

/// A type with a field of every kind, as the contract would write it.
pub const THING: &str = r#"{
  "description": "A thing. The tenant's own fields stand beside these.",
  "x-record-label": {"one": "Thing", "many": "Things"},
  "x-record-indexes": [["status", "at"], ["title", "code"]],
  "properties": {
    "title": {"x-field": {"type": "text", "label": "Title", "indexed": true, "searchable": true, "max_length": 200}},
    "code": {"x-field": {"type": "text", "label": "Code", "unique": true, "searchable": true, "max_length": 60}},
    "body": {"x-field": {"type": "long_text", "label": "Body", "searchable": true}},
    "count": {"x-field": {"type": "integer", "label": "Count", "indexed": true, "min": -1000, "max": 1000}},
    "ratio": {"x-field": {"type": "decimal", "label": "Ratio", "scale": 2}},
    "flag": {"x-field": {"type": "boolean", "label": "Flag", "default": true}},
    "status": {"x-field": {"type": "select", "label": "Status", "indexed": true, "default": "new", "options": [{"value": "new", "label": "New"}, {"value": "done", "label": "Done"}]}},
    "state": {"x-field": {"type": "select", "label": "State", "server_owned": true, "default": "draft", "options": [{"value": "draft", "label": "Draft"}, {"value": "open", "label": "Open"}]}},
    "tags": {"x-field": {"type": "multi_select", "label": "Tags", "max_length": 10}},
    "day": {"x-field": {"type": "date", "label": "Day"}},
    "at": {"x-field": {"type": "datetime", "label": "At", "indexed": true}},
    "span": {"x-field": {"type": "duration", "label": "Span"}},
    "price": {"x-field": {"type": "money", "label": "Price", "indexed": true}},
    "email": {"x-field": {"type": "email", "label": "Email"}},
    "phone": {"x-field": {"type": "phone", "label": "Phone"}},
    "web": {"x-field": {"type": "url", "label": "Web"}},
    "site": {"x-field": {"type": "address", "label": "Site", "searchable": true}},
    "place": {"x-field": {"type": "geo", "label": "Place"}},
    "parent": {"x-field": {"type": "relation", "label": "Parent", "indexed": true, "target": "thing"}},
    "friends": {"x-field": {"type": "relation_list", "label": "Friends", "target": "thing"}},
    "owner": {"x-field": {"type": "user", "label": "Owner", "indexed": true}},
    "team": {"x-field": {"type": "team", "label": "Team"}},
    "files": {"x-field": {"type": "file_list", "label": "Files"}},
    "currency": {"x-field": {"type": "text", "label": "Currency", "max_length": 3, "pattern": "[A-Z]{3}"}},
    "lines": {"x-field": {"type": "lines", "label": "Lines"}},
    "discount": {"x-field": {"type": "money", "label": "Discount", "min": 0}},
    "subtotal": {"x-field": {"type": "money", "label": "Subtotal", "server_owned": true}},
    "tax_total": {"x-field": {"type": "money", "label": "Tax", "server_owned": true}},
    "total": {"x-field": {"type": "money", "label": "Total", "server_owned": true}},
    "balance": {"x-field": {"type": "money", "label": "Balance", "server_owned": true}},
    "stars": {"x-field": {"type": "rating", "label": "Stars"}},
    "serial": {"x-field": {"type": "auto_number", "label": "Serial"}}
  }
}"#;

pub fn thing() -> Arc<ObjectType> {
    built_in::parse("thing", THING).unwrap()
}

pub fn schema() -> Schema {
    Schema::over(&[thing()], Vec::new(), Vec::new()).unwrap()
}

/// The n-th id: ids of equal millisecond, ordered.
pub fn id(n: usize) -> String {
    format!("0190a1b2-0000-7000-8000-{n:012x}")
}
