//! The only path by which records are written, one or a thousand, by a caller or an import. Steps: prepare (check the
//! values against the definitions), read what the decision needs, decide, commit under its guard. The number of
//! statements does not depend on the number of records.

use std::{borrow::Cow, sync::Arc};

use crm_runtime::{JsonObject, server::Reply};
use parking_lot::Mutex;

use crate::{
    access::visibility::Visible,
    context::{Context, Principal},
    etag::Expected,
    fault::Fault,
    work::{
        AsyncViolation, Constraint, Decision, Found, MakeAnswer, Outcome, Planned, Reads, Scope,
        Step, Violation, Work,
    },
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

pub use decide::{Batch, Effect, Outcomes, Written};
pub use state::{Number, Record, Version};

pub(super) use prepare::WRITTEN;
use prepare::{Asked, Prepared};

/// Who states the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A caller of the API. Fields that the server owns are refused.
    Caller,
    /// An import. It states a record's history, including status and number. Totals are still computed.
    Importing,
}

impl Authority {
    /// The operator of the machine that holds the data may state everything that an import may.
    pub fn of(cx: &Context) -> Self {
        match cx.caller.as_ref().map(|caller| &caller.principal) {
            Some(Principal::Operator) => Self::Importing,
            _ => Self::Caller,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Op {
    /// `minted`: the server chose the id, so it cannot be in use.
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
    /// Updates the record whose unique field `key` has the value in `fields`, or creates a record under `id`.
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
    /// The JSON pointer to the item in the request: `/body`, `/body/operations/3`.
    pub at: String,
}

/// A unique index refused the commit although the read found the value free: another writer was faster, and the next
/// try finds the holder. No other constraint can be lost to another writer.
struct Raced;

impl<E: From<Fault>> AsyncViolation<E> for Raced {
    async fn explain(&self, scope: &Scope, violation: Violation) -> Result<(), E> {
        let Violation { constraint, before } = violation;
        let unique = matches!(constraint, Constraint::Unique { .. } | Constraint::RecordId);
        // If nobody wrote between two reads, no other writer was faster.
        if unique && (before.is_none() || before != scope.seq) {
            return Ok(());
        }
        let what = format!("the constraint {constraint} refused records that nobody raced for");
        Err(Fault::Internal(what).into())
    }
}

/// Whether the items of a write succeed together or separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All items take effect, or none does.
    Shared,
    /// A refused item does not affect the others.
    Own,
}

/// The items of a write, who states them, and whether they succeed together.
pub struct Items<'a> {
    pub authority: Authority,
    pub fate: Fate,
    pub items: Cow<'a, [Item]>,
}

impl Items<'_> {
    /// Checks the items against the definitions at hand.
    fn prepare(&self, scope: &Scope) -> Prepared {
        Prepared::new(scope, self.authority, &self.items)
    }
}

/// The prepared items of the last try. Values are checked once per request, and again only if the definitions changed.
#[derive(Default)]
struct Known(Mutex<Option<Arc<Prepared>>>);

impl Known {
    fn prepare(&self, scope: &Scope, items: &Items<'_>) -> Arc<Prepared> {
        let mut known = self.0.lock();
        let made = match known.take() {
            Some(made) if made.schema_rev == scope.state.schema_rev => made,
            _ => Arc::new(items.prepare(scope)),
        };
        known.insert(made).clone()
    }
}

/// Writes the items in order. Later items see the effects of earlier ones. Unique values are checked against the state
/// after all items. `answer` makes the answer. If it fails, nothing is written.
pub async fn write<R, E, A>(
    work: &Work,
    cx: &Context,
    items: Items<'_>,
    answer: A,
) -> Result<Outcome<R>, E>
where
    R: Reply,
    E: From<Fault> + Send,
    A: Fn(&Scope, Outcomes) -> Result<MakeAnswer<R>, E> + Send + Sync,
{
    let known = Known::default();
    let plan = |scope: &Scope| Ok(plan(scope, known.prepare(scope, &items)));
    let decide = |scope: &Scope, plan, found| decided(scope, cx, &items, plan, found, &answer);
    work.write(cx, plan, decide, Raced).await
}

/// Like [`write`], for a caller in this process, whose answer may be of any type.
pub async fn write_here<R, E, A>(
    work: &Work,
    cx: &Context,
    items: Items<'_>,
    answer: A,
) -> Result<R, E>
where
    E: From<Fault> + Send,
    A: Fn(&Scope, Outcomes) -> Result<MakeAnswer<R>, E> + Send + Sync,
{
    let known = Known::default();
    let plan = |scope: &Scope| Ok(plan(scope, known.prepare(scope, &items)));
    let decide = |scope: &Scope, plan, found| decided(scope, cx, &items, plan, found, &answer);
    work.write_here(cx, plan, decide, Raced).await
}

type Plan = (Arc<Prepared>, Asked);

fn plan(scope: &Scope, prepared: Arc<Prepared>) -> (Reads, Plan) {
    let (reads, asked) = prepared.reads(&Visible::to(scope));
    (reads, (prepared, asked))
}

fn decided<R, E: From<Fault>>(
    scope: &Scope,
    cx: &Context,
    items: &Items<'_>,
    (prepared, asked): Plan,
    found: Found,
    answer: impl FnOnce(&Scope, Outcomes) -> Result<MakeAnswer<R>, E>,
) -> Result<Decision<R>, E> {
    let (authority, fate) = (items.authority, items.fate);
    let mut batch = decide::decide(scope, cx, authority, fate, &prepared, asked, found)?;
    let answer = answer(scope, std::mem::take(&mut batch.outcomes))?;
    Ok(commit::decision(cx, scope, batch, answer))
}

/// What a command derives from its first read.
pub struct Derived<Q> {
    pub items: Items<'static>,
    /// The guard of the command's first read, and its changes to anything but records. The argument is the offset of
    /// its first sequence number: see [`Decision::and`].
    pub beside: Box<dyn FnOnce(u32) -> Decision<()> + Send>,
    /// Passed on to the answer.
    pub carried: Q,
}

/// Runs a command: reads by `plan`, derives items from the result, reads what these need, and commits once. The guard
/// of [`Derived::beside`] must prove what the items were derived from. Three round trips.
pub async fn command<P, Q, R, E>(
    work: &Work,
    cx: &Context,
    plan: impl Fn(&Scope) -> Planned<P, E> + Send,
    derive: impl Fn(&Scope, P, Found) -> Result<Derived<Q>, E> + Send + Sync,
    answer: impl Fn(&Scope, Q, Outcomes) -> Result<MakeAnswer<R>, E> + Send + Sync,
) -> Result<Outcome<R>, E>
where
    P: Send,
    Q: Send,
    R: Reply,
    E: From<Fault> + Send,
{
    let answer = &answer;
    let step = |scope: &Scope, prepared, found| {
        let Derived {
            items,
            beside,
            carried,
        } = derive(scope, prepared, found)?;
        let (reads, plan) = self::plan(scope, Arc::new(items.prepare(scope)));
        let decide = move |scope: &Scope, found: Found| {
            let answered = |scope: &Scope, outcomes| answer(scope, carried, outcomes);
            let decision = decided(scope, cx, &items, plan, found, answered)?;
            let first = decision.versions();
            Ok(decision.and(beside(first))?)
        };
        Ok(Step::Read(reads, Box::new(decide)))
    };
    work.write_in_steps(cx, plan, step, Raced).await
}
