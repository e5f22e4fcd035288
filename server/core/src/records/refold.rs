//! Folds anew what a tenant's database holds of an earlier folding ([`fold::REVISION`]): the keys, the slots and the search
//! words of its records, in the order of their numbers, some with each commit. It may be cut off at any time and goes on
//! where it stopped. Nothing waits for it: a record that it has not reached is at worst not found by a new spelling.
//!
//! Two unique texts that were two may be one by now. The record with the lower number holds the text then, and the other
//! one is set apart: it keeps its value, `records.apart` tells the two apart in the index, and `crm check` names it.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

use crate::fold::REVISION;
use crate::{
    Core,
    fault::Fault,
    ports::{
        Random, TenantStore,
        store::{Commit, TenantId},
    },
    upkeep::{Budget, turns},
    work::Guard,
};

mod sql;
mod step;

use sql::{IS_AT, between, finish, holders, meta, numbers, sizes};
use step::{Step, Stored, last_of};

/// Steps of one tenant before the next one has its turn.
const STEPS_AT_ONCE: usize = 10;
/// Times that somebody else may be faster before a step is given up.
const MOST_TRIES: usize = 20;

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    Nothing,
    /// It could not be done now; the log says why.
    Blocked,
    /// It was stopped by the number of statements.
    Something,
}

/// How far this process is with all tenants.
#[derive(Default)]
pub struct Refolded(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// Those that are known to be folded as this process folds.
    done: HashSet<TenantId>,
    /// Whose turn is next.
    next: Option<TenantId>,
}

impl Refolded {
    fn knows(&self, tenant: &TenantId) -> bool {
        self.0.lock().done.contains(tenant)
    }

    fn note(&self, tenant: TenantId) {
        self.0.lock().done.insert(tenant);
    }

    /// Those that are not known to be done, in the order of their turns.
    fn turns(&self, mut tenants: Vec<TenantId>, random: &dyn Random) -> VecDeque<TenantId> {
        let progress = self.0.lock();
        tenants.retain(|tenant| !progress.done.contains(tenant));
        turns(tenants, progress.next.as_ref(), random)
    }

    fn go_on_with(&self, next: Option<TenantId>) {
        self.0.lock().next = next;
    }
}

impl Core {
    /// Folds all tenants' records anew, where they need it, with so many statements for all of them together. Tenants take
    /// turns, and the next run goes on where this one ends. A host calls it when it starts and as often as it likes.
    pub async fn refold(&self, statements: usize) -> Left {
        let tenants = match self.ports().directory.tenants().await {
            Ok(tenants) => tenants.into_iter().map(|entry| entry.id).collect(),
            Err(error) => {
                tracing::warn!(%error, "records are not folded anew: the directory");
                return Left::Blocked;
            }
        };
        let budget = self.budget(statements);
        let mut turns = self.refolded.turns(tenants, &*self.ports().random);
        let mut left = Left::Nothing;
        while !budget.is_spent()
            && let Some(tenant) = turns.pop_front()
        {
            match self.some_steps(&tenant, STEPS_AT_ONCE, &budget).await {
                Ok(Left::Something) => turns.push_back(tenant),
                Ok(more) => left = left.max(more),
                Err(fault) => {
                    tracing::warn!(%tenant, %fault, "records are not folded anew");
                    left = left.max(Left::Blocked);
                }
            }
        }
        if !turns.is_empty() {
            left = Left::Something;
        }
        self.refolded.go_on_with(turns.pop_front());
        left
    }

    /// The same for one tenant.
    pub async fn refold_tenant(&self, tenant: &TenantId, statements: usize) -> Result<Left, Fault> {
        let budget = self.budget(statements);
        self.some_steps(tenant, usize::MAX, &budget).await
    }

    async fn some_steps(
        &self,
        tenant: &TenantId,
        most: usize,
        budget: &Budget,
    ) -> Result<Left, Fault> {
        if self.refolded.knows(tenant) {
            return Ok(Left::Nothing);
        }
        for _ in 0..most {
            if budget.is_spent() {
                break;
            }
            if self.step(tenant, budget).await? == Left::Nothing {
                self.refolded.note(tenant.clone());
                return Ok(Left::Nothing);
            }
        }
        Ok(Left::Something)
    }

    /// Folds the next records, if it can before the budget is spent.
    async fn step(&self, tenant: &TenantId, budget: &Budget) -> Result<Left, Fault> {
        let store = &*budget.store;
        for _ in 0..MOST_TRIES {
            if budget.is_spent() {
                return Ok(Left::Something);
            }
            let mut rows = store.read(tenant, vec![meta(), sizes()]).await?.into_iter();
            let Some([folding, after]) = rows.next().and_then(|rows| numbers(rows.first()?)) else {
                return Err(odd());
            };
            if folding >= REVISION {
                return Ok(Left::Nothing);
            }
            let Some(last) = last_of(&rows.next().unwrap_or_default()) else {
                match store.commit(tenant, finish(folding, after)).await? {
                    Commit::Committed(_) => return Ok(Left::Nothing),
                    // A record came meanwhile, or another process was faster.
                    Commit::Stale => continue,
                    Commit::Constraint(name) => return Err(refused(&name)),
                }
            };
            let state = self.work.tenants.load(store, tenant).await?;
            let rows = store.read(tenant, vec![between(after, last)]).await?;
            let records: Vec<Stored> = rows
                .into_iter()
                .flatten()
                .filter_map(|row| Stored::read(&state, row))
                .collect();
            let holders = holders(store, tenant, &records).await?;
            let step = Step::new(&records, &holders);
            let guard = Guard::new()
                .and(IS_AT, [folding.into(), after.into()])
                .revisions(state.schema_rev, state.access_rev);
            let statements = step.statements(guard, last);
            crate::ports::store::admission::fit(&statements)?;
            match store.commit(tenant, statements).await? {
                Commit::Committed(_) => {
                    for id in &step.apart {
                        tracing::warn!(%tenant, record = *id, "a unique text of this record is another record's since case is folded in full: change one of them");
                    }
                    return Ok(Left::Something);
                }
                // Somebody wrote one of the records, or a unique text, meanwhile: their state decides.
                Commit::Stale | Commit::Constraint(_) => {}
            }
        }
        Err(Fault::Busy("the records keep changing".into()))
    }
}

fn odd() -> Fault {
    Fault::Internal("a row has another shape".into())
}

fn refused(constraint: &str) -> Fault {
    Fault::Internal(format!("the constraint {constraint} refused a commit"))
}

#[cfg(test)]
mod tests;
