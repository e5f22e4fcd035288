//! The path of every authenticated request to its tenant's data and back: a preamble that proves the caller and the
//! revisions in the same round trip as the data, decisions as plain functions between a read and a guarded commit, and
//! idempotent answers recorded in the commit of their effect. A read makes one round trip, a write two, or one if it needs
//! nothing read; one more where something moved or is not yet known.

use std::sync::Arc;

use crm_runtime::server::{Reply, StoredAnswer};

use crate::{
    access::grants::Grants,
    context::{Caller, Context},
    cursor::List,
    fault::Fault,
    held,
    ports::{Answer, Ports, store::Statement},
    rows::{self, Row},
    tenant::{TenantState, Tenants},
};

#[cfg(test)]
mod at_once;
mod commit;
mod constraint;
mod decision;
#[cfg(test)]
mod faults;
mod find;
pub mod guard;
pub mod log;
#[cfg(test)]
mod logged;
mod preamble;
mod reads;
#[cfg(test)]
mod room;
pub mod seal;
pub mod settled;
pub mod stored;
mod turns;

use commit::Ended;
pub use constraint::Constraint;
pub use decision::{Counter, Decision};
use find::{Guess, Read};
pub use guard::Guard;
pub use log::{Entry, Kind};
pub use reads::{Found, Reads, Wanted};
pub use stored::Issued;
use stored::Print;
use turns::{Turn, Turns};

/// What a request's decisions stand on.
#[derive(Clone)]
pub struct Scope {
    pub caller: Caller,
    pub state: Arc<TenantState>,
    pub grants: Grants,
    /// What the grants stand on, as the store had it: the roles of a person, and those of the person who made a key.
    standing: Arc<str>,
    /// The tenant's sequence number when this was read; None where nothing was read yet.
    pub seq: Option<i64>,
}

impl Scope {
    /// What the cursors of a list of this tenant belong to.
    pub fn list<'a>(&'a self, parts: &'a [&'a str]) -> List<'a> {
        List {
            secret: &self.state.secret,
            parts,
        }
    }
}

/// The end of a write.
pub enum Outcome<R> {
    Done(R),
    /// The same request was answered before: this is that answer.
    Replayed(StoredAnswer),
}

impl<R: From<StoredAnswer>> Outcome<R> {
    /// The answer just made, or the one that was stored.
    pub fn into_reply(self) -> R {
        match self {
            Self::Done(reply) => reply,
            Self::Replayed(stored) => stored.into(),
        }
    }
}

/// A write's commit was refused by a constraint.
pub struct Violation {
    pub constraint: Constraint,
    /// The tenant's sequence number when the try before this one was refused by a constraint.
    pub before: Option<i64>,
}

/// What a write does once it has read what it planned.
pub enum Step<'a, R, E> {
    Commit(Decision<R>),
    /// Reads more, and decides by that. The guard of the decision has to prove what was read first.
    Read(Reads, Deciding<'a, R, E>),
}

/// The decision by what was read second.
pub type Deciding<'a, R, E> = Box<dyn FnOnce(&Scope, Found) -> Result<Decision<R>, E> + Send + 'a>;

/// What a plan comes to: what to read, and what it prepared for the decision.
pub type Planned<P, E> = Result<(Reads, P), E>;

/// The door to the tenants' data.
pub struct Work {
    pub ports: Ports,
    pub tenants: Tenants,
    turns: Turns,
}

impl Work {
    pub fn new(ports: Ports) -> Self {
        Self {
            ports,
            tenants: Tenants::default(),
            turns: Turns::default(),
        }
    }

    /// Proves the caller, and reads nothing else.
    pub async fn scope(&self, cx: &Context) -> Result<Scope, Fault> {
        let plan = |_: &Scope| Ok((Reads::default(), ()));
        let (scope, ..) = self.read::<_, Fault>(cx, plan).await?;
        Ok(scope)
    }

    /// The row of a table under this id.
    pub async fn row<T: Row>(&self, cx: &Context, id: &str) -> Result<Option<T>, Fault> {
        let plan = |_: &Scope| Ok(Reads::one::<Option<T>>(rows::find::<T>(id)));
        let (_, row, mut found) = self.read::<_, Fault>(cx, plan).await?;
        found.take(row)
    }

    /// Reads in one snapshot. `plan` gives the statements for the definitions and grants at hand, and what it prepared; it
    /// runs again if they turn out to be old.
    pub async fn read<P: Send, E: From<Fault>>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
    ) -> Result<(Scope, P, Found), E> {
        match self.find(cx, None, None, &plan).await? {
            Read::Done(scope, prepared, rows) => Ok((scope, prepared, rows)),
            Read::Answered(_) => Err(unkeyed().into()),
        }
    }

    /// Read, decide, commit under the decision's guard; again from the start while the guard fails, until the deadline:
    /// then one after another with those that failed as well.
    /// `violated` says what a unique index that refuses the commit means, after one more read if it wants one.
    pub async fn write<P, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        decide: impl Fn(&Scope, P, Found) -> Result<Decision<R>, E> + Send + Sync,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        P: Send,
        R: Reply,
        E: From<Fault> + Send,
    {
        self.write_kept(cx, plan, decide, violated, Some(R::store))
            .await
    }

    /// The same for a caller in this process: it has no Idempotency-Key, and its answer may be of any type.
    pub async fn write_here<P, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        decide: impl Fn(&Scope, P, Found) -> Result<Decision<R>, E> + Send + Sync,
        violated: impl AsyncViolation<E>,
    ) -> Result<R, E>
    where
        P: Send,
        E: From<Fault> + Send,
    {
        match self.write_kept(cx, plan, decide, violated, None).await? {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Replayed(_) => Err(unkeyed().into()),
        }
    }

    async fn write_kept<P, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        decide: impl Fn(&Scope, P, Found) -> Result<Decision<R>, E> + Send + Sync,
        violated: impl AsyncViolation<E>,
        print: Option<Print<R>>,
    ) -> Result<Outcome<R>, E>
    where
        P: Send,
        E: From<Fault> + Send,
    {
        let mut guess = self.guess(cx, &plan, None).await?;
        if let Some(Ok((reads, _))) = &guess.planned
            && reads.is_empty()
            && let Some(Ok((_, prepared))) = guess.planned.take()
        {
            let decided = decide(&guess.scope, prepared, Found::default());
            if let Some(answer) = self.at_once(cx, &guess.scope, decided, print).await? {
                return Ok(Outcome::Done(answer));
            }
            guess.planned = Some(plan(&guess.scope));
        }
        let decide =
            |scope: &Scope, prepared, rows| decide(scope, prepared, rows).map(Step::Commit);
        self.write_guessed(cx, Some(guess), plan, decide, nothing, violated, print)
            .await
    }

    /// The same, where something outside of the tenant has to stand before the commit, or is too dear for a caller who is
    /// refused. `before` runs once the caller is known to be allowed and the decision is made, again with every try; the
    /// commit may still fail. Its statements come after those of the decision.
    pub async fn write_after<'b, P, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        decide: impl Fn(&Scope, P, Found) -> Result<Decision<R>, E> + Send + Sync,
        before: impl Fn() -> Answer<'b, Result<Vec<Statement>, Fault>> + Send,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        P: Send,
        R: Reply,
        E: From<Fault> + Send,
    {
        let decide =
            |scope: &Scope, prepared, rows| decide(scope, prepared, rows).map(Step::Commit);
        self.write_guessed(cx, None, plan, decide, before, violated, Some(R::store))
            .await
    }

    /// The same, where what has to be read follows from what was read: one round trip more.
    pub async fn write_in_steps<'s, P, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        step: impl Fn(&Scope, P, Found) -> Result<Step<'s, R, E>, E> + Send,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        P: Send,
        R: Reply,
        E: From<Fault> + Send,
    {
        self.write_guessed(cx, None, plan, step, nothing, violated, Some(R::store))
            .await
    }

    /// The way over a read. `guess`: the first one, where it was made already. `print`: how the answer is kept for a
    /// repeat; None: the request's Idempotency-Key does not count.
    #[expect(clippy::too_many_arguments)]
    async fn write_guessed<'b, 's, P, R, E>(
        &self,
        cx: &Context,
        mut guess: Option<Guess<P, E>>,
        plan: impl Fn(&Scope) -> Planned<P, E> + Send,
        step: impl Fn(&Scope, P, Found) -> Result<Step<'s, R, E>, E> + Send,
        before: impl Fn() -> Answer<'b, Result<Vec<Statement>, Fault>> + Send,
        violated: impl AsyncViolation<E>,
        print: Option<Print<R>>,
    ) -> Result<Outcome<R>, E>
    where
        P: Send,
        E: From<Fault> + Send,
    {
        let key = cx.idempotency.as_ref().filter(|_| print.is_some());
        let mut tries = 0;
        let mut violated_at = None;
        let mut turn: Option<Turn<'_>> = None;
        let mark = held::mark();
        loop {
            let (scope, prepared, rows) = match self.find(cx, key, guess.take(), &plan).await? {
                Read::Done(scope, prepared, rows) => (scope, prepared, rows),
                Read::Answered(row) => {
                    let key = key.ok_or_else(unkeyed)?;
                    return Ok(Outcome::Replayed(stored::replay(row, key)?));
                }
            };
            let mut decision = match step(&scope, prepared, rows)? {
                Step::Commit(decision) => decision,
                Step::Read(reads, decide) => {
                    let (tenant, statements) = (&scope.caller.tenant, reads.into_statements());
                    let rows = self.ports.store.read(tenant, statements).await;
                    decide(&scope, Found::new(rows.map_err(Fault::from)?))?
                }
            };
            if decision.statements.is_empty() && key.is_none() {
                return Ok(Outcome::Done((decision.answer)(&Issued::default())));
            }
            if !decision.statements.is_empty() {
                decision.statements.extend(before().await?);
            }
            let ended = self.commit(cx, &scope, decision, print).await?;
            // What was read for this try is gone, and only an answer needs its room.
            if !matches!(ended, Ended::Done(_)) {
                mark.give_back();
            }
            match ended {
                Ended::Done(answer) => return Ok(Outcome::Done(answer)),
                // Another request with the same key was faster: its answer is found by the next read.
                Ended::Constraint(Constraint::IdempotencyKey) => {}
                Ended::Constraint(constraint) => {
                    let violation = Violation {
                        constraint,
                        before: std::mem::replace(&mut violated_at, scope.seq),
                    };
                    violated.explain(&scope, violation).await?;
                }
                Ended::Stale => {}
            }
            tries += 1;
            match &turn {
                // A race for one key or one id is over with the next read: nobody waits for that.
                None if tries == 1 => {}
                None => {
                    let tenant = &scope.caller.tenant;
                    turn = Some(self.turns.wait(&self.ports, tenant, cx.deadline).await?);
                }
                // Somebody who came only now, or who knows nothing of our turns.
                Some(turn) => turn.keep(&self.ports, tries, cx.deadline).await?,
            }
        }
    }

    /// A decision that needs nothing from the store is committed on what is remembered of the tenant and the caller, which
    /// the guard proves: one round trip. None: it is no such decision, or something is otherwise, and the way over a read
    /// says what.
    async fn at_once<R, E>(
        &self,
        cx: &Context,
        scope: &Scope,
        decided: Result<Decision<R>, E>,
        print: Option<Print<R>>,
    ) -> Result<Option<R>, Fault> {
        let Ok(mut decision) = decided else {
            return Ok(None);
        };
        if decision.statements.is_empty() {
            return Ok(None);
        }
        if let Some(key) = cx.idempotency.as_ref().filter(|_| print.is_some()) {
            decision.guard = decision.guard.and(
                "NOT EXISTS (SELECT 1 FROM idempotency WHERE key_hash = {})",
                [key.key_hash.as_str().into()],
            );
        }
        Ok(match self.commit(cx, scope, decision, print).await? {
            Ended::Done(answer) => Some(answer),
            Ended::Constraint(_) | Ended::Stale => None,
        })
    }
}

/// Where nothing outside of the tenant has to stand before a commit.
fn nothing() -> Answer<'static, Result<Vec<Statement>, Fault>> {
    Box::pin(async { Ok(Vec::new()) })
}

fn unkeyed() -> Fault {
    Fault::Internal("a request without an Idempotency-Key was replayed".into())
}

/// What a unique index that refuses a commit means to the caller.
pub trait AsyncViolation<E>: Send {
    /// Ok: somebody was faster, and the write is tried again.
    fn explain(
        &self,
        scope: &Scope,
        violation: Violation,
    ) -> impl Future<Output = Result<(), E>> + Send;
}

impl<E, V: AsyncViolation<E> + Sync> AsyncViolation<E> for &V {
    async fn explain(&self, scope: &Scope, violation: Violation) -> Result<(), E> {
        V::explain(self, scope, violation).await
    }
}

/// For writes that no unique index can refuse.
pub struct NoneExpected;

impl<E: From<Fault>> AsyncViolation<E> for NoneExpected {
    async fn explain(&self, _: &Scope, violation: Violation) -> Result<(), E> {
        let constraint = violation.constraint;
        Err(Fault::Internal(format!("the constraint {constraint} refused a commit")).into())
    }
}
