//! Recomputes what a tenant's database has of an earlier folding ([`fold::REVISION`]): the keys, slots and search words
//! of its records, in the order of their numbers, some in each commit. It can be interrupted at any time and continues
//! where it stopped. No request waits for it. A record that is not recomputed yet may not be found by a new spelling.
//!
//! Two unique texts that used to differ may now be equal. Then the record with the lower number keeps the text, and the
//! other one is set apart: it keeps its value, the column `records.apart` distinguishes it in the index, and `crm
//! check` names it.

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

/// Steps of one tenant before the next tenant's turn.
const STEPS_AT_ONCE: usize = 10;
/// How often other writers may be faster before a step is given up.
const MOST_TRIES: usize = 20;

/// The remaining work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    Nothing,
    /// The work cannot be done now. The log has the reason.
    Blocked,
    /// The budget of statements was reached.
    Something,
}

/// The progress of this process with all tenants.
#[derive(Default)]
pub struct Refolded(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// Tenants that are known to have the current folding.
    done: HashSet<TenantId>,
    /// The tenant whose turn is next.
    next: Option<TenantId>,
}

impl Refolded {
    fn knows(&self, tenant: &TenantId) -> bool {
        self.0.lock().done.contains(tenant)
    }

    fn note(&self, tenant: TenantId) {
        self.0.lock().done.insert(tenant);
    }

    /// The tenants that are not known to be done, in the order of their turns.
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
    /// Recomputes the records of all tenants that need it, with at most this many statements in all. Tenants take
    /// turns, and the next call continues where this one stopped. A host calls it at its start and as often as it
    /// likes.
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

    /// Recomputes the next records, as far as the budget allows.
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
                    // A record was added meanwhile, or another process was faster.
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
                // Another request wrote one of the records or a unique text meanwhile. The step is decided again.
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
