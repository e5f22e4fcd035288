//! For tests: a tenant's database in memory behind the port, which counts round trips, and a type that has a field of
//! every kind.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;

pub mod api;
pub mod faults;
pub mod host;

use rusqlite::{Connection, limits::Limit, types::ValueRef};

use crate::{
    held, migrations,
    ports::{
        Answer,
        store::{
            Commit, Rows, Statement, StoreError, TenantId, TenantStore, Value,
            admission::{self, Access, admit},
            bound::{Scale, Weighed, weight},
            refusal,
        },
    },
    schema::{ObjectType, Schema, built_in, index},
};

/// Another client's write to the same database.
pub type Meddler = Box<dyn FnOnce(&Connection) + Send>;

/// The database of one tenant. It ignores the tenant's id.
pub struct Memory {
    pub connection: Mutex<Connection>,
    pub reads: AtomicUsize,
    pub commits: AtomicUsize,
    /// Runs before the next commit, as another client's write between a read and its commit.
    pub before_commit: Mutex<Option<Meddler>>,
}

impl Memory {
    pub fn new(types: &[Arc<ObjectType>]) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        // The same limits as on every host.
        for (limit, most) in [
            (
                Limit::SQLITE_LIMIT_COMPOUND_SELECT,
                admission::COMPOUND_TERMS,
            ),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, admission::EXPRESSION_DEPTH),
            (Limit::SQLITE_LIMIT_COLUMN, admission::COLUMNS),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, admission::ARGUMENTS),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, admission::SQL_BYTES),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, admission::PARAMETERS),
        ] {
            connection.set_limit(limit, most as i32).unwrap();
        }
        for migration in migrations::MIGRATIONS {
            for statement in migrations::statements(migration.sql) {
                connection.execute_batch(&statement).unwrap();
            }
        }
        for object_type in types {
            for statement in index::create_all(object_type) {
                connection
                    .execute_batch(&statement)
                    .unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
        }
        Self {
            connection: Mutex::new(connection),
            reads: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            before_commit: Mutex::new(None),
        }
    }

    /// The numbers of reads and commits since the last call.
    pub fn trips(&self) -> (usize, usize) {
        (
            self.reads.swap(0, Ordering::SeqCst),
            self.commits.swap(0, Ordering::SeqCst),
        )
    }

    pub fn run(&self, statement: &Statement) -> Rows {
        rows(&self.connection.lock(), statement)
            .unwrap_or_else(|error| panic!("{}: {error}", statement.sql))
    }

    /// SQLite's plan for a statement, one step per line.
    pub fn plan(&self, statement: &Statement) -> String {
        let explained = Statement::new(
            format!("EXPLAIN QUERY PLAN {}", statement.sql),
            statement.params.clone(),
        );
        let lines = self
            .run(&explained)
            .into_iter()
            .filter_map(|row| row.into_iter().nth(3)?.into_text());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Runs a statement and checks its rows against its bound.
pub fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Rows> {
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
    admission::admit_columns(prepared.column_names())
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let weighing: Vec<usize> = statement
        .bound
        .iter()
        .flat_map(|bound| bound.columns)
        .map(|name| prepared.column_index(name))
        .collect::<rusqlite::Result<_>>()?;
    let mut scale = statement.bound.map(Scale::new);
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
        let row = (0..columns)
            .map(value)
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if let Some(scale) = &mut scale {
            let weighed = scale.add(weight(&row, &weighing));
            match weighed
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?
            {
                Weighed::Fits => {}
                Weighed::Ends => {
                    found.push(Vec::new());
                    break;
                }
            }
        }
        found.push(row);
    }
    Ok(found)
}

fn bytes(rows: &[Rows]) -> usize {
    let values = rows.iter().flatten().flatten();
    values.filter_map(Value::as_str).map(str::len).sum()
}

/// Whether [`rows`] failed because of the bound.
pub fn is_too_large(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::ToSqlConversionFailure(error) if error.downcast_ref() == Some(&StoreError::TooLarge))
}

impl TenantStore for Memory {
    fn read<'a>(
        &'a self,
        _: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let connection = self.connection.lock();
        let read: Result<Vec<Rows>, StoreError> = statements
            .iter()
            .map(|statement| {
                admit(Access::Read, &statement.sql)?;
                if connection
                    .prepare_cached(&statement.sql)
                    .is_ok_and(|one| !one.readonly())
                {
                    return Err(StoreError::Failed(
                        "a read got a statement that writes".into(),
                    ));
                }
                rows(&connection, statement).map_err(|error| match is_too_large(&error) {
                    true => StoreError::TooLarge,
                    false => StoreError::Failed(format!("{}: {error}", statement.sql)),
                })
            })
            .collect();
        // Rows count to the current request, as on every host.
        let read = read.and_then(|read| match held::current() {
            Some(held) if !held.read(bytes(&read)) => Err(StoreError::Busy("no room".into())),
            _ => Ok(read),
        });
        Box::pin(async { read })
    }

    fn commit<'a>(
        &'a self,
        _: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = admission::fit(&statements) {
            return Box::pin(async { Err(error) });
        }
        let mut connection = self.connection.lock();
        if let Some(other) = self.before_commit.lock().take() {
            other(&connection);
        }
        let transaction = connection.transaction().unwrap();
        let mut all = Vec::new();
        let mut refused = None;
        for statement in &statements {
            if let Err(error) = admit(Access::Write, &statement.sql) {
                return Box::pin(async { Err(error) });
            }
            match rows(&transaction, statement) {
                Ok(rows) => all.push(rows),
                Err(error)
                    if error.sqlite_error_code()
                        == Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
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
            Some(message) => match refusal(&message) {
                Some(outcome) => outcome,
                None => return Box::pin(async { Err(StoreError::Failed(message)) }),
            },
            None => {
                transaction.commit().unwrap();
                Commit::Committed(all)
            }
        };
        Box::pin(async { Ok(outcome) })
    }
}

/// The definition of a type with a field of every kind, as the contract would write it.
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

/// The n-th id. The ids have the same millisecond and are ascending.
pub fn id(n: usize) -> String {
    format!("0190a1b2-0000-7000-8000-{n:012x}")
}

/// The number of the calling user and of the session: see [`id`].
pub const USER: usize = 0xaaaa;
const SESSION: usize = 0xbbbb;

/// A core with one tenant in memory, which has the type `thing`.
pub struct World {
    pub core: crate::Core,
    pub store: Arc<Memory>,
    pub now: Arc<std::sync::atomic::AtomicI64>,
    /// The caller.
    pub principal: crate::context::Principal,
}

pub const NOW: i64 = 1_774_744_200_000;

struct TestClock(Arc<std::sync::atomic::AtomicI64>);

impl crate::ports::Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, ms: u64) -> Answer<'_, ()> {
        self.0.fetch_add(ms as i64, Ordering::SeqCst);
        Box::pin(async {})
    }
}

struct TestRandom(AtomicUsize);

impl crate::ports::Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = (self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(2_654_435_761)
                >> 7) as u8;
        }
    }
}

struct Nothing;

impl crate::ports::Limiter for Nothing {
    fn take<'a>(
        &'a self,
        quota: crate::ports::limiter::Quota,
        _: &'a str,
    ) -> Answer<'a, crate::ports::limiter::Decision> {
        Box::pin(async move {
            crate::ports::limiter::Decision {
                allowed: true,
                remaining: quota.requests,
                reset_s: 0,
            }
        })
    }
}

/// An operation that gives customers access to records. The enforcer alone decides which records they see.
const OPEN_TO_CUSTOMERS: crm_runtime::server::Operation = crm_runtime::server::Operation {
    security: &[crm_runtime::server::Requirement {
        scheme: "portal",
        scopes: &[],
    }],
    permission: None,
    no_permission: Some("A test."),
    ..crm_contract::latest::server::operations::RECORDS_CREATE
};

impl World {
    pub fn new() -> Self {
        let thing = thing();
        let mut types = vec![thing.clone()];
        types.extend(built_in::types().unwrap().iter().cloned());
        let store = Arc::new(Memory::new(&types));
        let insert =
            |sql: &'static str, params: Vec<Value>| store.run(&Statement::new(sql, params));
        insert(
            "INSERT INTO object_types (name, version, definition, created_at, updated_at) VALUES ('thing', 1, ?1, 0, 0)",
            vec![serde_json::to_string(&thing.definition()).unwrap().into()],
        );
        for field in thing.fields.values() {
            insert(
                "INSERT INTO fields (type, name, version, definition, created_at, updated_at, slot) VALUES ('thing', ?1, 1, ?2, 0, 0, ?3)",
                vec![
                    field.name.as_str().into(),
                    serde_json::to_string(&field.definition).unwrap().into(),
                    field.slot.map(i64::from).into(),
                ],
            );
        }
        insert(
            "INSERT INTO users (id, version, email, login, content_hash, name, roles, status, created_at, updated_at) VALUES (?1, 1, 'o@example.org', 'o@example.org', '', 'O', '[\"owner\"]', 'active', 0, 0)",
            vec![id(USER).into()],
        );
        insert(
            "INSERT INTO sessions (id, kind, subject, refresh_hash, rotated_at, created_at, expires_at) VALUES (?1, 'user', ?2, '', 0, 0, 9007199254740991)",
            vec![id(SESSION).into(), id(USER).into()],
        );
        let now = Arc::new(std::sync::atomic::AtomicI64::new(NOW));
        let ports = crate::ports::Ports {
            store: store.clone(),
            directory: Arc::new(Nothing),
            documents: Arc::new(crate::ports::documents::Embedded),
            limiter: Arc::new(Nothing),
            clock: Arc::new(TestClock(now.clone())),
            random: Arc::new(TestRandom(AtomicUsize::new(1))),
        };
        let compute = Arc::new(crate::ports::compute::Inline);
        let core = crate::Core {
            auth: crate::auth::Auth::new("crm".into(), compute, ports.clock.clone()),
            work: crate::work::Work::new(ports),
            config: crate::core::Config::default(),
            usage: Default::default(),
            looked: Default::default(),
            refolded: Default::default(),
        };
        Self {
            core,
            store,
            now,
            principal: crate::context::Principal::User {
                id: id(USER),
                session: id(SESSION),
            },
        }
    }

    /// Makes the customer with this contact the caller.
    pub fn as_customer(&mut self, contact: &str) {
        let session = id(0xcccc);
        self.store.run(&Statement::new(
            "INSERT INTO sessions (id, kind, subject, refresh_hash, rotated_at, created_at, expires_at) VALUES (?1, 'portal', ?2, '', 0, 0, 9007199254740991)",
            [session.as_str().into(), contact.into()],
        ));
        self.principal = crate::context::Principal::Portal {
            contact: contact.to_owned(),
            session,
        };
    }

    /// The context of a request by the caller, who is the owner by default.
    pub fn cx(&self) -> crate::context::Context {
        let now = self.now.load(Ordering::SeqCst);
        crate::context::Context {
            operation: match &self.principal {
                crate::context::Principal::Portal { .. } => &OPEN_TO_CUSTOMERS,
                _ => &crm_contract::latest::server::operations::RECORDS_CREATE,
            },
            request_id: "0190a1b2-0000-7000-8000-0000000000ff".into(),
            now,
            deadline: now + 10_000,
            caller: Some(crate::context::Caller {
                tenant: TenantId::parse("0190a1b2-0000-7000-8000-000000000000").unwrap(),
                principal: self.principal.clone(),
            }),
            idempotency: None,
            address: None,
        }
    }
}

/// The result of a future that never waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("nothing here waits")
}

mod nowhere {
    //! A directory for tests that do not use it.
    use super::{Answer, Nothing, StoreError, TenantId};
    use crate::ports::{
        Directory,
        directory::{SigningKey, TenantEntry},
    };

    fn none<'a, T: Send + 'a>() -> Answer<'a, Result<T, StoreError>> {
        Box::pin(async { Err(StoreError::UnknownTenant) })
    }

    impl Directory for Nothing {
        fn tenant<'a>(
            &'a self,
            _: &'a TenantId,
        ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>> {
            none()
        }
        fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>> {
            none()
        }
        fn create_tenant<'a>(&'a self, _: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
        fn tenants_of_login<'a>(
            &'a self,
            _: &'a str,
        ) -> Answer<'a, Result<Vec<TenantId>, StoreError>> {
            none()
        }
        fn add_login<'a>(
            &'a self,
            _: &'a str,
            _: &'a TenantId,
        ) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
        fn remove_login<'a>(
            &'a self,
            _: &'a str,
            _: &'a TenantId,
        ) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
        fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>> {
            none()
        }
        fn add_signing_key<'a>(&'a self, _: &'a SigningKey) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
        fn add_first_signing_key<'a>(
            &'a self,
            _: &'a SigningKey,
        ) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
        fn expire_signing_key<'a>(
            &'a self,
            _: &'a str,
            _: i64,
        ) -> Answer<'a, Result<(), StoreError>> {
            none()
        }
    }
}

#[test]
fn the_store_in_memory_conforms() {
    use crate::ports::store::conformance::{CASES, Subject};
    let mut failed = Vec::new();
    // The store has one tenant, so cases about several are left out.
    for case in CASES
        .iter()
        .filter(|case| case.name != "an_unknown_tenant_is_refused")
    {
        let subject = Subject {
            store: Arc::new(Memory::new(&[])),
            tenant: TenantId::parse(&id(1)).unwrap(),
        };
        match futures_util::FutureExt::now_or_never((case.run)(subject)) {
            Some(Ok(())) => {}
            Some(Err(seen)) => failed.push(format!("{}: {seen}", case.name)),
            None => failed.push(format!("{}: it waits", case.name)),
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
