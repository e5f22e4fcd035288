//! Taking a person's access away, with what was made in their name, and giving it back. Both need all that the person's roles
//! allow.

use crm_contract::codes;
use crm_runtime::server::Reply;

use super::{
    excess::{Excess, WithKeys},
    list::missing,
    row::{self, ACTIVE, DEACTIVATED, User},
    rules::keep_an_owner,
};
use crate::{
    access::rights::Rights,
    auth::sessions,
    code_set,
    context::Context,
    core::Core,
    ports::store::Rows,
    refusal::Refusal,
    work::{Decision, Guard, Issued, NoneExpected, Outcome, Scope},
};

code_set! {
    pub enum Deactivating { NotFound, LastOwner }
}

/// Takes a person's access away; again changes nothing. The keys that the person made go on working, unless they are to be
/// revoked in the same commit. `answer` makes the operation's response.
pub async fn deactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    revoke_keys: bool,
    answer: fn(WithKeys) -> R,
) -> Result<Outcome<R>, Refusal<Deactivating>> {
    let excess = Excess {
        person: id,
        left: Rights::NONE,
        revoke: revoke_keys,
        now: cx.now,
    };
    let plan = |scope: &Scope| {
        let mut statements = vec![row::find(id), row::other_owners(id)];
        statements.extend(excess.plan(&scope.grants));
        Ok(statements)
    };
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let mut rows = rows.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let (found, owners) = (next(), next());
        let before = User::parse(found.into_iter().next().ok_or_else(missing)?)?;
        let grants = &scope.grants;
        grants.cover(before.rights(), "deactivate this person")?;
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        let ends = before.status != DEACTIVATED;
        let mut user = before.clone();
        let mut statements = Vec::new();
        let mut entry = None;
        if ends {
            if user.is_owner() {
                guard = keep_an_owner(guard, &user.id, &owners)?;
            }
            user.status = DEACTIVATED.to_owned();
            user.updated_at = cx.now;
            entry = Some(before.changed("deactivate", &user)?);
            statements.extend([
                row::update(&user)?,
                sessions::revoke_all(&user.id, None, cx.now),
            ]);
        }
        let keys = excess.judge(grants, rows, guard, u32::from(ends))?;
        Ok(keys.decision(user, entry, statements, answer))
    };
    core.work.write(cx, plan, decide, NoneExpected).await
}

/// Gives a person access again; again changes nothing. What was ended or revoked stays so.
pub async fn reactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal<codes::NotFound>> {
    let plan = |_: &Scope| Ok(vec![row::find(id)]);
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let found = rows
            .into_iter()
            .next()
            .and_then(|rows| rows.into_iter().next());
        let before = User::parse(found.ok_or_else(missing)?)?;
        scope
            .grants
            .cover(before.rights(), "reactivate this person")?;
        if before.status == ACTIVE {
            return Ok(Decision::nothing(move |_| answer(before.clone())));
        }
        let guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        let after = User {
            status: ACTIVE.to_owned(),
            updated_at: cx.now,
            ..before.clone()
        };
        let entry = before.changed("reactivate", &after)?;
        let statements = vec![row::update(&after)?];
        let decision = Decision::change(vec![entry], statements, move |issued: &Issued| {
            answer(User {
                version: issued.base,
                ..after.clone()
            })
        });
        Ok(decision.under(guard))
    };
    core.work.write(cx, plan, decide, NoneExpected).await
}
