//! The commit of a decision: its guard, its sequence numbers, its statements, its change log entries, and the stored
//! answer for a repeat.

use std::collections::HashMap;

use super::{
    Constraint, Counter, Decision, Issued, Scope, Work, decision, log,
    preamble::proven,
    stored::{self, Print},
};
use crate::{
    context::Context,
    fault::Fault,
    ports::store::{Commit, Rows, Statement, Value, admission::fit},
};

/// The result of a commit.
pub(super) enum Ended<R> {
    Done(R),
    /// The constraint that refused it.
    Constraint(Constraint),
    /// The guard does not hold.
    Stale,
}

impl Work {
    /// Commits a decision that was made with this scope's definitions and grants, and stores the answer for a repeat.
    /// If the caller lost the session, the key or a role since the decision, or if a definition changed, the decision
    /// is stale.
    pub(super) async fn commit<R>(
        &self,
        cx: &Context,
        scope: &Scope,
        decision: Decision<R>,
        print: Option<Print<R>>,
    ) -> Result<Ended<R>, Fault> {
        let logged = decision.logged()?;
        let number = log::number(logged.versions, logged.moves_access);
        let actor = scope.caller.principal.actor();
        let entries = log::append(logged.entries, logged.first, cx.now, &actor);
        let answer = decision.answer;
        let mut statements = Vec::with_capacity(decision.statements.len() + 6);
        let guard = decision
            .guard
            .revisions(scope.state.schema_rev, scope.state.access_rev);
        let guard = proven(guard, &scope.caller.principal, &scope.standing);
        statements.extend(guard.statement());
        let seq_at = statements.len();
        statements.push(number);
        let counters_at = (!decision.counters.is_empty()).then_some(statements.len());
        if counters_at.is_some() {
            statements.push(Statement::new(
                // Each counter is looked up once, so its new value is known before it is written.
                "INSERT INTO counters (name, value) \
                 SELECT j.value ->> 0, max(coalesce(c.value + (j.value ->> 1), 0), (j.value ->> 1) + (j.value ->> 2)) \
                 FROM json_each(?1) j LEFT JOIN counters c ON c.name = j.value ->> 0 WHERE true \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING name, value",
                [decision::taken(&decision.counters)?.into()],
            ));
        }
        statements.extend(decision.statements);
        statements.extend(entries);
        if let (Some(key), Some(print)) = (&cx.idempotency, print) {
            statements.extend(stored::record(
                key,
                &answer,
                print,
                &decision.counters,
                decision.secret,
                cx.now,
                &*self.ports.random,
            )?);
        }
        // Checked before anything is written, with the same bounds on every host.
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
    // Found by name, because a commit may take from as many counters as the tenant has counted fields.
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
