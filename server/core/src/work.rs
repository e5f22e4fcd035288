//! The path of every authenticated request to its tenant's data. A preamble proves the caller and the revisions in the
//! same round trip as the data. Decisions are plain functions between a read and a guarded commit. Answers for repeats
//! are stored in the commit of their effect. A read takes one round trip. A write takes two, or one if it reads
//! nothing. Both take one more if a revision has moved or is not known yet.

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
pub use decision::{Counter, Decision, MakeAnswer};
use find::{Guess, Read};
pub use guard::Guard;
pub use log::{Entry, Kind};
pub use reads::{Found, Reads, Wanted};
pub use stored::Issued;
use stored::Print;
use turns::{Turn, Turns};

/// What the decisions of a request depend on.
#[derive(Clone)]
pub struct Scope {
    pub caller: Caller,
    pub state: Arc<TenantState>,
    pub grants: Grants,
    /// What the grants were computed from, as stored: the roles of a person, or those of the person who made a key.
    standing: Arc<str>,
    /// The tenant's sequence number at the read. None if nothing was read yet.
    pub seq: Option<i64>,
}

impl Scope {
    /// A list of this tenant, for its cursors.
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
    /// The stored answer of an earlier request with the same Idempotency-Key.
    Replayed(StoredAnswer),
}

impl<R: From<StoredAnswer>> Outcome<R> {
    /// The new answer or the stored one.
    pub fn into_reply(self) -> R {
        match self {
            Self::Done(reply) => reply,
            Self::Replayed(stored) => stored.into(),
        }
    }
}

/// A constraint refused the commit of a write.
pub struct Violation {
    pub constraint: Constraint,
    /// The tenant's sequence number at the previous try, if a constraint refused that one too.
    pub before: Option<i64>,
}

/// The next step of a write after its planned read.
pub enum Step<'a, R, E> {
    Commit(Decision<R>),
    /// A second read, then the decision. The decision's guard must prove the first read.
    Read(Reads, Deciding<'a, R, E>),
}

/// Decides from the rows of the second read.
pub type Deciding<'a, R, E> = Box<dyn FnOnce(&Scope, Found) -> Result<Decision<R>, E> + Send + 'a>;

/// The result of a plan: the statements to read, and what the plan prepared for the decision.
pub type Planned<P, E> = Result<(Reads, P), E>;

/// The only way to the tenants' data.
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

    /// Proves the caller without reading anything else.
    pub async fn scope(&self, cx: &Context) -> Result<Scope, Fault> {
        let plan = |_: &Scope| Ok((Reads::default(), ()));
        let (scope, ..) = self.read::<_, Fault>(cx, plan).await?;
        Ok(scope)
    }

    /// The row with this id.
    pub async fn row<T: Row>(&self, cx: &Context, id: &str) -> Result<Option<T>, Fault> {
        let plan = |_: &Scope| Ok(Reads::one::<Option<T>>(rows::find::<T>(id)));
        let (_, row, mut found) = self.read::<_, Fault>(cx, plan).await?;
        found.take(row)
    }

    /// Reads in one snapshot. `plan` gives the statements for the definitions and grants at hand, and prepares the
    /// decision. It runs again if these turn out to be outdated.
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

    /// Reads, decides, and commits under the decision's guard. If the guard fails, the write starts again, until the
    /// deadline. From the second failure on, such writes of a tenant take turns. `violated` explains what a refusal by
    /// a unique index means; it may read once more.
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

    /// Like [`write`](Self::write), for a caller in this process: it has no Idempotency-Key, and its answer may be of
    /// any type.
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

    /// Like [`write`](Self::write), with work that must be done outside the tenant's database before the commit, or
    /// that is too costly for callers who are refused. `before` runs at every try, once the caller is known to be
    /// allowed and the decision is made. The commit may still fail. The statements of `before` follow those of the
    /// decision.
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

    /// Like [`write`](Self::write), where the second read depends on the first: one more round trip.
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

    /// Writes after a read. `guess` is the first guess, if there is one. `print` serializes the answer for a repeat;
    /// with None the request's Idempotency-Key is ignored.
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
            // The rows of this try are dropped. Only the answer still needs memory.
            if !matches!(ended, Ended::Done(_)) {
                mark.give_back();
            }
            match ended {
                Ended::Done(answer) => return Ok(Outcome::Done(answer)),
                // Another request with the same key committed first. The next read finds its answer.
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
                // A race for one key or one id ends with the next read, so the first retry does not wait.
                None if tries == 1 => {}
                None => {
                    let tenant = &scope.caller.tenant;
                    turn = Some(self.turns.wait(&self.ports, tenant, cx.deadline).await?);
                }
                // The other writer began after this turn, or does not take part in turns.
                Some(turn) => turn.keep(&self.ports, tries, cx.deadline).await?,
            }
        }
    }

    /// Commits a decision that reads nothing, based on what is remembered of the tenant and the caller. The guard
    /// proves both: one round trip. None if the decision is not of this kind, or if something has changed: the write
    /// then begins with a read.
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

/// For writes without work outside the tenant's database.
fn nothing() -> Answer<'static, Result<Vec<Statement>, Fault>> {
    Box::pin(async { Ok(Vec::new()) })
}

fn unkeyed() -> Fault {
    Fault::Internal("a request without an Idempotency-Key was replayed".into())
}

/// Explains what a refusal by a unique index means to the caller.
pub trait AsyncViolation<E>: Send {
    /// Ok: another writer was faster, and the write is tried again.
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
