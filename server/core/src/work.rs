//! The path of every authenticated request to its tenant's data and back: a preamble that proves the caller and the
//! revisions in the same round trip as the data, decisions as plain functions between a read and a guarded commit, and
//! idempotent answers recorded in the commit of their effect. A read makes one round trip, a write two, or one if it needs
//! nothing read; one more where something moved or is not yet known.

use std::{collections::HashMap, sync::Arc};

use crm_runtime::server::{Reply, StoredAnswer};

use crate::{
    access::grants::Grants,
    context::{Caller, Context, Idempotency},
    fault::Fault,
    held,
    ports::{
        Answer, Ports,
        store::{Commit, Rows, Statement, Value, admission::fit},
    },
    records::cursor::List,
    tenant::{TenantState, Tenants},
};

#[cfg(test)]
mod at_once;
mod constraint;
#[cfg(test)]
mod faults;
pub mod guard;
pub mod log;
#[cfg(test)]
mod logged;
mod preamble;
#[cfg(test)]
mod room;
pub mod seal;
pub mod settled;
pub mod stored;
mod turns;

pub use constraint::Constraint;
pub use guard::Guard;
pub use log::{Entry, Kind};
use preamble::{caller_id, parse_preamble, preamble, proven};
pub use stored::Issued;
use stored::StoredRow;
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

/// What the change log says of a decision: one entry for each sequence number that it takes.
enum Log {
    Entries(Vec<Entry>),
    /// The statements write them: so many.
    Written(u32),
}

/// A counter that a commit takes numbers from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub name: String,
    /// How many numbers are taken.
    pub count: u32,
    /// The greatest number that the commit states itself: the counter moves past it first. 0: none.
    pub stated: i64,
}

/// What a write decided: nothing of it has happened yet.
pub struct Decision<R> {
    pub guard: Guard,
    log: Log,
    /// The counters that it takes numbers from: see [`Issued`].
    pub counters: Vec<Counter>,
    /// In SQL the k-th version is `(SELECT base FROM meta) + k`; the k-th number of a counter is
    /// `(SELECT value FROM counters WHERE name = ..) - count + 1 + k`.
    statements: Vec<Statement>,
    /// The answer, given what the commit gave out.
    pub answer: Box<dyn Fn(&Issued) -> R + Send>,
    /// The answer holds a secret: it is stored sealed under the Idempotency-Key.
    pub secret: bool,
}

impl<R> Decision<R> {
    fn new(log: Log, statements: Vec<Statement>, answer: Box<dyn Fn(&Issued) -> R + Send>) -> Self {
        Self {
            guard: Guard::new(),
            log,
            counters: Vec::new(),
            statements,
            answer,
            secret: false,
        }
    }

    /// Nothing to change: the answer alone.
    pub fn nothing(answer: impl Fn(&Issued) -> R + Send + 'static) -> Self {
        Self::new(Log::Entries(Vec::new()), Vec::new(), Box::new(answer))
    }

    /// A change of anything but records. Each entry of the change log takes the next sequence number; the first one is
    /// [`Issued::base`].
    pub fn change(
        entries: Vec<Entry>,
        statements: Vec<Statement>,
        answer: impl Fn(&Issued) -> R + Send + 'static,
    ) -> Self {
        Self::new(Log::Entries(entries), statements, Box::new(answer))
    }

    /// A change of records, whose statements write `versions` entries of the change log.
    pub fn records(
        versions: u32,
        statements: Vec<Statement>,
        answer: Box<dyn Fn(&Issued) -> R + Send>,
    ) -> Self {
        Self::new(Log::Written(versions), statements, answer)
    }

    /// What else holds for the decision.
    #[must_use]
    pub fn under(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// The answer holds a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// More statements of the same change.
    pub fn extend(&mut self, statements: Vec<Statement>) {
        self.statements.extend(statements);
    }

    /// Its sequence numbers, what it logs by itself, and whether it changes what somebody may do.
    fn logged(&self) -> Result<(u32, &[Entry], bool), Fault> {
        let (versions, entries) = match &self.log {
            Log::Written(versions) => (*versions, &[][..]),
            Log::Entries(entries) => {
                let versions = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                (versions, &entries[..])
            }
        };
        if versions == 0 && !self.statements.is_empty() {
            return Err(Fault::Internal(
                "a decision changes something and logs nothing".into(),
            ));
        }
        Ok((versions, entries, entries.iter().any(Entry::moves_access)))
    }
}

/// The end of a write.
pub enum Outcome<R> {
    Done(R),
    /// The same request was answered before: this is that answer.
    Replayed(StoredAnswer),
}

/// How a write's commit refused other than by its guard.
pub struct Violation {
    pub constraint: Constraint,
}

/// The end of a commit.
enum Ended<R> {
    Done(R),
    /// What refused it.
    Constraint(Constraint),
    /// Its guard does not hold.
    Stale,
}

/// Times a read may find that the revisions moved before it gives up.
const MOST_RELOADS: u32 = 5;

/// The door to the tenants' data.
pub struct Work {
    pub ports: Ports,
    pub tenants: Tenants,
    turns: Turns,
}

struct Preamble {
    scope: Scope,
    stored: Option<StoredRow>,
}

/// What a request would read if what is remembered is still true.
struct Guess<E> {
    scope: Scope,
    /// None: the caller's are not remembered.
    roles: Option<Arc<str>>,
    planned: Result<Vec<Statement>, E>,
}

impl Work {
    pub fn new(ports: Ports) -> Self {
        Self {
            ports,
            tenants: Tenants::default(),
            turns: Turns::default(),
        }
    }

    /// Reads in one snapshot. `plan` gives the statements for the definitions and grants at hand; it runs again if they
    /// turn out to be old.
    pub async fn read<E: From<Fault>>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send,
    ) -> Result<(Scope, Vec<Rows>), E> {
        let (preamble, rows) = self.read_with_preamble(cx, None, None, &plan).await?;
        Ok((preamble.scope, rows))
    }

    /// Read, decide, commit under the decision's guard; again from the start while the guard fails, until the deadline:
    /// then one after another with those that failed as well.
    /// `violated` says what a unique index that refuses the commit means, after one more read if it wants one.
    pub async fn write<R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send,
        decide: impl Fn(&Scope, Vec<Rows>) -> Result<Decision<R>, E> + Send,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        R: Reply,
        E: From<Fault>,
    {
        let guess = self.guess(cx, &plan).await?;
        let reads_nothing = guess.planned.as_ref().is_ok_and(Vec::is_empty);
        if reads_nothing
            && guess.roles.is_some()
            && let Some(answer) = self.at_once(cx, &guess.scope, &decide).await?
        {
            return Ok(Outcome::Done(answer));
        }
        let before = || -> Answer<'static, _> { Box::pin(async { Ok(Vec::new()) }) };
        self.write_guessed(cx, Some(guess), plan, decide, before, violated)
            .await
    }

    /// The same, where something outside of the tenant has to stand before the commit, or is too dear for a caller who is
    /// refused. `before` runs once the caller is known to be allowed and the decision is made, again with every try; the
    /// commit may still fail. Its statements come after those of the decision.
    pub async fn write_after<'b, R, E>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send,
        decide: impl Fn(&Scope, Vec<Rows>) -> Result<Decision<R>, E> + Send,
        before: impl Fn() -> Answer<'b, Result<Vec<Statement>, Fault>> + Send,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        R: Reply,
        E: From<Fault>,
    {
        self.write_guessed(cx, None, plan, decide, before, violated)
            .await
    }

    /// The way over a read. `guess`: the first one, where it was made already.
    async fn write_guessed<'b, R, E>(
        &self,
        cx: &Context,
        mut guess: Option<Guess<E>>,
        plan: impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send,
        decide: impl Fn(&Scope, Vec<Rows>) -> Result<Decision<R>, E> + Send,
        before: impl Fn() -> Answer<'b, Result<Vec<Statement>, Fault>> + Send,
        violated: impl AsyncViolation<E>,
    ) -> Result<Outcome<R>, E>
    where
        R: Reply,
        E: From<Fault>,
    {
        let mut tries = 0;
        let mut turn: Option<Turn<'_>> = None;
        let mark = held::mark();
        loop {
            let (preamble, rows) = self
                .read_with_preamble(cx, cx.idempotency.as_ref(), guess.take(), &plan)
                .await?;
            if let (Some(stored), Some(key)) = (preamble.stored, &cx.idempotency) {
                return Ok(Outcome::Replayed(stored::replay(stored, key)?));
            }
            let scope = preamble.scope;
            let mut decision = decide(&scope, rows)?;
            if decision.statements.is_empty() && cx.idempotency.is_none() {
                return Ok(Outcome::Done((decision.answer)(&Issued::default())));
            }
            if !decision.statements.is_empty() {
                decision.statements.extend(before().await?);
            }
            let ended = self.commit(cx, &scope, decision).await?;
            // What was read for this try is gone, and only an answer needs its room.
            if !matches!(ended, Ended::Done(_)) {
                mark.give_back();
            }
            match ended {
                Ended::Done(answer) => return Ok(Outcome::Done(answer)),
                // Another request with the same key was faster: its answer is found by the next read.
                Ended::Constraint(Constraint::IdempotencyKey) => {}
                Ended::Constraint(constraint) => {
                    return Err(violated.explain(&scope, Violation { constraint }).await);
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
    async fn at_once<R: Reply, E>(
        &self,
        cx: &Context,
        scope: &Scope,
        decide: &(impl Fn(&Scope, Vec<Rows>) -> Result<Decision<R>, E> + Send),
    ) -> Result<Option<R>, Fault> {
        if scope.grants.admit(cx.operation).is_err() {
            return Ok(None);
        }
        let Ok(mut decision) = decide(scope, Vec::new()) else {
            return Ok(None);
        };
        if decision.statements.is_empty() {
            return Ok(None);
        }
        if let Some(key) = &cx.idempotency {
            decision.guard = decision.guard.and(
                "NOT EXISTS (SELECT 1 FROM idempotency WHERE key_hash = {})",
                [key.key_hash.as_str().into()],
            );
        }
        Ok(match self.commit(cx, scope, decision).await? {
            Ended::Done(answer) => Some(answer),
            Ended::Constraint(_) | Ended::Stale => None,
        })
    }

    /// Commits a decision that was made on this scope's definitions and grants, and with it the answer to a repeat. A
    /// caller who has lost the session, the key or a role since the decision makes it stale, like definitions that moved.
    async fn commit<R: Reply>(
        &self,
        cx: &Context,
        scope: &Scope,
        decision: Decision<R>,
    ) -> Result<Ended<R>, Fault> {
        let (versions, entries, moves_access) = decision.logged()?;
        let entries = log::append(entries, cx.now, &scope.caller.principal.actor());
        let answer = decision.answer;
        let mut statements = Vec::with_capacity(decision.statements.len() + 6);
        let guard = decision
            .guard
            .revisions(scope.state.schema_rev, scope.state.access_rev);
        let guard = proven(guard, &scope.caller.principal, &scope.standing);
        statements.extend(guard.statement());
        let seq_at = statements.len();
        statements.push(log::number(versions, moves_access));
        let counters_at = (!decision.counters.is_empty()).then_some(statements.len());
        let each = decision.counters.iter();
        let each = each.map(|counter| (&counter.name, counter.count, counter.stated));
        let counters = serde_json::to_string(&each.collect::<Vec<_>>())
            .map_err(|error| Fault::Internal(error.to_string()))?;
        if counters_at.is_some() {
            statements.push(Statement::new(
                // Each counter is looked up once: what it comes to is known before it is written.
                "INSERT INTO counters (name, value) \
                 SELECT j.value ->> 0, max(coalesce(c.value + (j.value ->> 1), 0), (j.value ->> 1) + (j.value ->> 2)) \
                 FROM json_each(?1) j LEFT JOIN counters c ON c.name = j.value ->> 0 WHERE true \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING name, value",
                [counters.clone().into()],
            ));
        }
        statements.extend(decision.statements);
        statements.extend(entries);
        if let Some(key) = &cx.idempotency {
            statements.extend(stored::record(
                key,
                &answer,
                decision.counters.len(),
                &counters,
                decision.secret,
                cx.now,
                &*self.ports.random,
            )?);
        }
        // On every host alike, and before anything is written.
        fit(&statements)?;
        let store = &*self.ports.store;
        Ok(
            match store.commit(&scope.caller.tenant, statements).await? {
                Commit::Committed(rows) => Ended::Done(answer(&issued(
                    &rows,
                    seq_at,
                    counters_at,
                    &decision.counters,
                ))),
                Commit::Constraint(name) => Ended::Constraint(name.into()),
                Commit::Stale => Ended::Stale,
            },
        )
    }

    /// What a request would read, for the definitions and roles as they are remembered.
    async fn guess<E: From<Fault>>(
        &self,
        cx: &Context,
        plan: &(impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send),
    ) -> Result<Guess<E>, E> {
        let caller = cx
            .caller
            .as_ref()
            .ok_or(Fault::Unauthenticated("this operation needs a token"))?;
        let tenant = &caller.tenant;
        let state = match self.tenants.state(tenant) {
            Some(state) => state,
            None => self.tenants.load(&*self.ports.store, tenant).await?,
        };
        let roles = self.tenants.roles(tenant, caller_id(&caller.principal));
        let standing = roles.clone().unwrap_or_else(|| "[]".into());
        let scope = Scope {
            caller: caller.clone(),
            state,
            grants: Grants::of(&caller.principal, &standing),
            standing,
            seq: None,
        };
        // Without known roles the statements would be made for nobody, and with roles that do not allow the operation in
        // vain: only the preamble goes out.
        let planned = if roles.is_some() && scope.grants.admit(cx.operation).is_ok() {
            plan(&scope)
        } else {
            Ok(Vec::new())
        };
        Ok(Guess {
            scope,
            roles,
            planned,
        })
    }

    async fn read_with_preamble<E: From<Fault>>(
        &self,
        cx: &Context,
        key: Option<&Idempotency>,
        mut first: Option<Guess<E>>,
        plan: &(impl Fn(&Scope) -> Result<Vec<Statement>, E> + Send),
    ) -> Result<(Preamble, Vec<Rows>), E> {
        let store = &*self.ports.store;
        let mark = held::mark();
        for _ in 0..MOST_RELOADS {
            mark.give_back();
            let guess = match first.take() {
                Some(guess) => guess,
                None => self.guess(cx, plan).await?,
            };
            let Guess {
                mut scope,
                roles,
                planned,
            } = guess;
            let mut statements = vec![preamble(&scope.caller.principal, key)];
            let refused = match planned {
                Ok(planned) => {
                    statements.extend(planned);
                    None
                }
                // A refusal that stood on old definitions is no refusal: it is judged after they are proven.
                Err(error) => Some(error),
            };
            let mut rows = store
                .read(&scope.caller.tenant, statements)
                .await
                .map_err(Fault::from)?
                .into_iter();
            let row = rows
                .next()
                .and_then(|rows| rows.into_iter().next())
                .ok_or_else(|| Fault::Internal("the preamble gave no row".into()))?;
            let (revisions, seq, found, stored) = parse_preamble(row)?;
            scope.seq = Some(seq);
            let (tenant, principal) = (&scope.caller.tenant, &scope.caller.principal);
            let Some(found) = found else {
                return Err(Fault::Unauthenticated("this token was revoked").into());
            };
            let current = roles.as_ref().is_some_and(|roles| **roles == *found);
            if !current {
                self.tenants
                    .remember_roles(tenant, caller_id(principal), found.into());
            }
            if revisions != (scope.state.schema_rev, scope.state.access_rev) {
                self.tenants.load(store, tenant).await?;
                continue;
            }
            if !current {
                continue;
            }
            scope.grants.admit(cx.operation)?;
            if let Some(row) = &stored
                && let Some(key) = key
            {
                if row.fingerprint != key.fingerprint {
                    return Err(Fault::IdempotencyKeyReused.into());
                }
            } else if let Some(error) = refused {
                return Err(error);
            }
            return Ok((Preamble { scope, stored }, rows.collect()));
        }
        Err(Fault::Busy("the tenant's definitions keep changing".into()).into())
    }
}

/// What a refusing unique index means to the caller.
pub trait AsyncViolation<E>: Send {
    fn explain(&self, scope: &Scope, violation: Violation) -> impl Future<Output = E> + Send;
}

impl<E, V: AsyncViolation<E> + Sync> AsyncViolation<E> for &V {
    async fn explain(&self, scope: &Scope, violation: Violation) -> E {
        V::explain(self, scope, violation).await
    }
}

/// For writes that no unique index can refuse.
pub struct NoneExpected;

impl<E: From<Fault>> AsyncViolation<E> for NoneExpected {
    async fn explain(&self, _: &Scope, violation: Violation) -> E {
        Fault::Internal(format!(
            "the constraint {} refused a commit",
            violation.constraint
        ))
        .into()
    }
}

fn issued(
    rows: &[Rows],
    seq_at: usize,
    counters_at: Option<usize>,
    counters: &[Counter],
) -> Issued {
    let base = rows
        .get(seq_at)
        .and_then(|rows| rows.first())
        .and_then(|row| row.first())
        .and_then(Value::as_i64)
        .unwrap_or_default();
    // By name: a commit may take from as many counters as there are fields that the server counts.
    let after: HashMap<&str, i64> = counters_at
        .and_then(|at| rows.get(at))
        .into_iter()
        .flatten()
        .filter_map(|row| Some((row.first()?.as_str()?, row.get(1)?.as_i64()?)))
        .collect();
    let before = |counter: &Counter| {
        let value = after.get(counter.name.as_str());
        value.map(|value| value - i64::from(counter.count))
    };
    Issued {
        base,
        counters: counters
            .iter()
            .map(|counter| before(counter).unwrap_or_default())
            .collect(),
    }
}
