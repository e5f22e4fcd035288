//! Work for all tenants that no request causes. Tenants take turns, and one run has a budget of statements: a run of
//! the Worker may make a thousand.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    Core,
    ports::{
        Answer, Random, TenantStore,
        store::{Commit, Rows, Statement, StoreError, TenantId},
    },
    random_id,
};

/// The tenants in the order of their turns. A new process begins at a random tenant, because it may be one of those
/// that stop after a few.
pub fn turns(
    mut tenants: Vec<TenantId>,
    next: Option<&TenantId>,
    random: &dyn Random,
) -> VecDeque<TenantId> {
    tenants.sort();
    let first = match next {
        Some(next) => tenants.partition_point(|tenant| tenant < next),
        None => usize::from(u16::from_le_bytes(random_id::bytes(random))),
    };
    let mut turns = VecDeque::from(tenants);
    if !turns.is_empty() {
        let first = first % turns.len();
        turns.rotate_left(first);
    }
    turns
}

/// A store that counts the statements sent to it.
pub struct Counting {
    store: Arc<dyn TenantStore>,
    statements: AtomicUsize,
}

impl TenantStore for Counting {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        self.statements.fetch_add(statements.len(), Relaxed);
        self.store.read(tenant, statements)
    }

    fn commit<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        self.statements.fetch_add(statements.len(), Relaxed);
        self.store.commit(tenant, statements)
    }
}

/// A budget of statements for the work that uses its store. A step that has begun may exceed it.
pub struct Budget {
    pub store: Arc<Counting>,
    most: usize,
}

impl Budget {
    pub fn is_spent(&self) -> bool {
        self.store.statements.load(Relaxed) >= self.most
    }
}

impl Core {
    pub fn budget(&self, most: usize) -> Budget {
        Budget {
            store: Arc::new(Counting {
                store: self.ports().store.clone(),
                statements: AtomicUsize::new(0),
            }),
            most,
        }
    }
}
