//! The statements of one read, and typed handles to the rows of each.

use std::marker::PhantomData;

use crate::{
    fault::Fault,
    ports::store::{Rows, Statement},
    rows::FromRows,
};

/// Statements that are read in one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Reads(Vec<Statement>);

/// A handle to the rows of one statement, which are read as a `T`.
#[derive(Debug)]
pub struct Wanted<T>(usize, PhantomData<fn() -> T>);

impl<T> Clone for Wanted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Wanted<T> {}

impl Reads {
    pub fn add<T: FromRows>(&mut self, statement: Statement) -> Wanted<T> {
        self.0.push(statement);
        Wanted(self.0.len() - 1, PhantomData)
    }

    /// A read of one statement.
    pub fn one<T: FromRows>(statement: Statement) -> (Self, Wanted<T>) {
        let mut reads = Self::default();
        let at = reads.add(statement);
        (reads, at)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_statements(self) -> Vec<Statement> {
        self.0
    }
}

/// The rows that were read.
#[derive(Debug, Default)]
pub struct Found(Vec<Rows>);

impl Found {
    pub fn new(rows: Vec<Rows>) -> Self {
        Self(rows)
    }

    /// Takes the rows of one statement. A second call gives no rows.
    pub fn take<T: FromRows>(&mut self, at: Wanted<T>) -> Result<T, Fault> {
        T::from_rows(self.0.get_mut(at.0).map(std::mem::take).unwrap_or_default())
    }
}
