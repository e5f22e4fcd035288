//! Every write of records goes this way, one or a thousand, by a caller or an import: prepare (judge the values against
//! the definitions), read what the decision needs, decide, commit under its guard. The number of statements does not
//! depend on the number of records.

use std::sync::Arc;

use crm_runtime::{JsonObject, server::Reply};
use parking_lot::Mutex;

use crate::{
    context::{Context, Principal},
    fault::Fault,
    ports::store::Rows,
    refusal::Refusal,
    work::{AsyncViolation, Constraint, Decision, Issued, Outcome, Scope, Violation, Work},
};

mod commit;
mod decide;
pub(super) mod judge;
pub(super) mod keys;
mod numbers;
mod prepare;
mod rejoin;
mod state;
mod values;

pub use decide::{Batch, Effect, Written};
pub use state::{Number, Record, Version};

use prepare::Prepared;
pub(super) use prepare::WRITTEN;

/// Who states values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A caller of the API: fields that the server owns are refused.
    Caller,
    /// An import: it brings a record's past with it, status and number included. Totals are still computed.
    Importing,
}

/// The versions of which one must be the record's; None is any.
pub type Expected = Option<Vec<i64>>;

impl Authority {
    /// Whoever works on the machine that holds the data brings records' pasts with them.
    pub fn of(cx: &Context) -> Self {
        match cx.caller.as_ref().map(|caller| &caller.principal) {
            Some(Principal::Operator) => Self::Importing,
            _ => Self::Caller,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Op {
    /// `minted`: the server chose the id, so that nobody can have it.
    Create {
        id: String,
        minted: bool,
        fields: JsonObject,
    },
    Update {
        id: String,
        expected: Expected,
        fields: JsonObject,
    },
    Delete {
        id: String,
        expected: Expected,
    },
    Restore {
        id: String,
    },
    /// Updates the record whose unique field `key` has the value that `fields` has there, or creates it under `id`.
    Upsert {
        id: String,
        key: String,
        fields: JsonObject,
    },
}

#[derive(Clone, Debug)]
pub struct Item {
    pub object_type: String,
    pub op: Op,
    /// Where in the request the item stands, as a JSON pointer: `/body`, `/body/operations/3`.
    pub at: String,
}

/// A unique index refused the commit although the read had found the value free: somebody was faster. Any other
/// constraint has nobody to lose against.
struct Raced;

impl<C> AsyncViolation<Refusal<C>> for Raced {
    async fn explain(&self, _: &Scope, violation: Violation) -> Refusal<C> {
        match violation.constraint {
            Constraint::Unique { .. } | Constraint::RecordId => {
                Fault::Raced(violation.constraint.to_string())
            }
            other => Fault::Internal(format!("the constraint {other} refused records")),
        }
        .into()
    }
}

/// How the items of one write hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All take effect or none does.
    Shared,
    /// One that is refused leaves the others alone.
    Own,
}

/// Races that one request loses before it gives up.
const MOST_RACES: usize = 10;

/// Writes the items in order; later ones see what earlier ones did. Whose a unique value is, is judged at the end, when
/// every record holds what it is left with. `answer` says what to answer, or that nothing is to
/// be done after all; the function that it gives is run once the commit's numbers are known.
pub async fn write<R, C, A>(
    work: &Work,
    cx: &Context,
    authority: Authority,
    fate: Fate,
    items: &[Item],
    answer: A,
) -> Result<Outcome<R>, Refusal<C>>
where
    R: Reply,
    A: Fn(&Scope, &mut Batch) -> Result<Box<dyn Fn(&Issued) -> R + Send>, Refusal<C>> + Send + Sync,
{
    let known: Mutex<Option<Arc<Prepared>>> = Mutex::new(None);
    // However often it is tried, values are judged once, and again only by other definitions.
    let prepared = |scope: &Scope| -> Arc<Prepared> {
        let mut known = known.lock();
        let made = match known.take() {
            Some(made) if made.schema_rev == scope.state.schema_rev => made,
            _ => Arc::new(Prepared::new(scope, authority, items)),
        };
        known.insert(made).clone()
    };
    let mut seen_before = None;
    for _ in 0..MOST_RACES {
        let seen = Mutex::new(None);
        let plan = |scope: &Scope| Ok(prepared(scope).statements());
        let decide = |scope: &Scope, rows: Vec<Rows>| {
            *seen.lock() = scope.seq;
            let mut batch = decide::decide(scope, cx, authority, fate, &prepared(scope), rows)?;
            let answer = answer(scope, &mut batch)?;
            let plan = commit::plan(cx, scope, batch);
            let mut decision = Decision::records(plan.versions, plan.statements, answer);
            decision.guard = plan.guard;
            decision.counters = plan.counters;
            Ok(decision)
        };
        match work.write(cx, plan, decide, Raced).await {
            Err(Refusal::Fault(Fault::Raced(constraint)))
                if work.ports.clock.now() < cx.deadline =>
            {
                let seen = *seen.lock();
                // Nobody wrote anything between the two reads, so nobody was faster.
                if seen.is_some() && seen == seen_before {
                    let what = format!(
                        "the constraint {constraint} refused records that nobody raced for"
                    );
                    return Err(Fault::Internal(what).into());
                }
                seen_before = seen;
            }
            other => return other,
        }
    }
    Err(Fault::Busy("lost every race".into()).into())
}
