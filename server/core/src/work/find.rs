//! The read of a request. It assumes that what is remembered of the tenant and the caller is still true, and proves it
//! in the same round trip as the data.

use std::sync::Arc;

use super::{
    Found, Planned, Scope, Work,
    preamble::{caller_id, parse_preamble, preamble},
    stored::StoredRow,
};
use crate::{
    access::grants::Grants,
    context::{Context, Idempotency},
    fault::Fault,
    held,
};

/// How often a read may find moved revisions before it gives up.
const MOST_RELOADS: u32 = 5;

/// What a request reads if the remembered data is still true.
pub(super) struct Guess<P, E> {
    pub scope: Scope,
    /// None if the caller's roles are not remembered.
    pub roles: Option<Arc<str>>,
    /// None if the caller's roles are not remembered or do not allow the operation.
    pub planned: Option<Planned<P, E>>,
}

/// The result of a read.
pub(super) enum Read<P> {
    Done(Scope, P, Found),
    /// An earlier request with the same Idempotency-Key was answered.
    Answered(StoredRow),
}

impl Work {
    /// Plans the read with the remembered definitions and roles. `read`: the roles, if this request has just read them.
    pub(super) async fn guess<P, E: From<Fault>>(
        &self,
        cx: &Context,
        plan: &(impl Fn(&Scope) -> Planned<P, E> + Send),
        read: Option<Arc<str>>,
    ) -> Result<Guess<P, E>, E> {
        let caller = cx
            .caller
            .as_ref()
            .ok_or(Fault::Unauthenticated("this operation needs a token"))?;
        let tenant = &caller.tenant;
        let state = match self.tenants.state(tenant) {
            Some(state) => state,
            None => self.tenants.load(&*self.ports.store, tenant).await?,
        };
        let remembered = || self.tenants.roles(tenant, caller_id(&caller.principal));
        let roles = read.or_else(remembered);
        let standing = roles.clone().unwrap_or_else(|| "[]".into());
        let scope = Scope {
            caller: caller.clone(),
            state,
            grants: Grants::of(&caller.principal, &standing),
            standing,
            seq: None,
        };
        // If the roles are unknown or do not allow the operation, the planned statements would be useless: only the
        // preamble is sent.
        let is_admitted = roles.is_some() && scope.grants.admit(cx.operation).is_ok();
        let planned = is_admitted.then(|| plan(&scope));
        Ok(Guess {
            scope,
            roles,
            planned,
        })
    }

    /// Proves the caller and reads, again while the remembered data turns out to be outdated. `first` is the first
    /// guess, if there is one.
    pub(super) async fn find<P: Send, E: From<Fault>>(
        &self,
        cx: &Context,
        key: Option<&Idempotency>,
        mut first: Option<Guess<P, E>>,
        plan: &(impl Fn(&Scope) -> Planned<P, E> + Send),
    ) -> Result<Read<P>, E> {
        let store = &*self.ports.store;
        let mark = held::mark();
        // They may be forgotten by the next round: others come in between.
        let mut read: Option<Arc<str>> = None;
        for _ in 0..MOST_RELOADS {
            mark.give_back();
            let guess = match first.take() {
                Some(guess) => guess,
                None => self.guess(cx, plan, read.take()).await?,
            };
            let Guess {
                mut scope,
                roles,
                planned,
            } = guess;
            let mut statements = vec![preamble(&scope.caller.principal, key)];
            let planned = planned.map(|planned| {
                // A refusal by outdated definitions does not count. It is decided again with proven ones.
                planned.map(|(reads, prepared)| {
                    statements.extend(reads.into_statements());
                    prepared
                })
            });
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
                let found: Arc<str> = found.into();
                self.tenants
                    .remember_roles(tenant, caller_id(principal), found.clone());
                read = Some(found);
            }
            if revisions != (scope.state.schema_rev, scope.state.access_rev) {
                self.tenants.load(store, tenant).await?;
                continue;
            }
            if !current {
                continue;
            }
            scope.grants.admit(cx.operation)?;
            if let (Some(row), Some(key)) = (stored, key) {
                if row.fingerprint != key.fingerprint {
                    return Err(Fault::IdempotencyKeyReused.into());
                }
                return Ok(Read::Answered(row));
            }
            let Some(planned) = planned else {
                let what = "a caller who is admitted has no plan";
                return Err(Fault::Internal(what.into()).into());
            };
            return Ok(Read::Done(scope, planned?, Found::new(rows.collect())));
        }
        Err(Fault::Busy("the tenant's definitions keep changing".into()).into())
    }
}
