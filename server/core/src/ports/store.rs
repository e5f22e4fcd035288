//! The only interface to a tenant's data, limited to what the weakest host (D1) can do: no interactive transactions,
//! and a batch is one transaction. Decisions are made between a `read` and a `commit`; the commit's guard states what
//! they relied on.

use std::{borrow::Cow, fmt, sync::Arc};

use super::Answer;

pub mod admission;
pub mod bound;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod refusal;

pub use bound::Bound;
pub use refusal::refusal;

/// A tenant's id: UUIDv7, lower-case hyphenated. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// None unless `text` is a lower-case hyphenated UUID: it becomes a file name, so it must not name another file.
    pub fn parse(text: &str) -> Option<Self> {
        let id = uuid::Uuid::try_parse(text).ok()?;
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        (id.as_hyphenated().encode_lower(&mut buffer) == text).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bound parameter or a column of a row. Integers stay within ±(2^53 - 1); there are no blobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Value {
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(n) => Some(*n),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One SQL statement with its parameters (`?1`, `?2` ...). Its text contains no values from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sql: Cow<'static, str>,
    pub params: Vec<Value>,
    /// The bound of its rows' bytes in a read. Statements of a commit have none.
    pub bound: Option<Bound>,
}

impl Statement {
    pub fn new(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Value>>) -> Self {
        Self {
            sql: sql.into(),
            params: params.into(),
            bound: None,
        }
    }

    /// The same statement with a bound of its rows.
    #[must_use]
    pub fn bounded(mut self, bound: Bound) -> Self {
        self.bound = Some(bound);
        self
    }
}

/// The rows of one statement, with columns in the statement's order: so each column needs a unique name that is not a
/// number. A real without a fraction may be returned as an integer. Rows that ended at their bound have one more row
/// without columns: see [`bound`].
pub type Rows = Vec<Vec<Value>>;

/// The outcome of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Commit {
    /// It is durable; the rows of each statement.
    Committed(Vec<Rows>),
    /// The guard failed (constraint `stale`): nothing was written.
    Stale,
    /// It violated a named constraint or unique index: nothing was written.
    Constraint(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("no such tenant")]
    UnknownTenant,
    /// Locked, overloaded, or the disk is full: the same request may succeed later.
    #[error("the store is busy: {0}")]
    Busy(String),
    #[error("a statement, row or parameter is larger than the store takes")]
    TooLarge,
    #[error("the store failed: {0}")]
    Failed(String),
}

pub trait TenantStore: Send + Sync + 'static {
    /// One round trip, one snapshot; the statements only read.
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>>;

    /// One round trip, one transaction, all or nothing, durable on return. A statement that violates the constraint
    /// `stale` makes the answer `Stale`; any other constraint is reported by its name.
    fn commit<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>>;
}
