//! Deactivating a person and what was made in their name, and reactivating the person. The caller needs all rights that
//! the person's roles allow.

use crm_contract::codes;
use crm_runtime::server::Reply;

use super::{
    excess::{AskedKeys, Excess, WithKeys},
    row::{self, ACTIVE, DEACTIVATED, User, missing},
    rules::keep_an_owner,
};
use crate::{
    access::rights::Rights,
    auth::sessions,
    code_set,
    context::Context,
    core::Core,
    refusal::Refusal,
    rows,
    work::{Decision, Found, Guard, Issued, NoneExpected, Outcome, Reads, Scope, Wanted},
};

code_set! {
    pub enum Deactivating { NotFound, LastOwner }
}

/// Deactivates a person; repeating it changes nothing. API keys that the person made keep working, unless the request
/// revokes them in the same commit. `answer` makes the operation's response.
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
        let mut reads = Reads::default();
        let user = reads.add::<Option<User>>(rows::find::<User>(id));
        let owners = reads.add::<i64>(row::other_owners(id));
        let keys = excess.plan(&scope.grants, &mut reads);
        Ok((reads, (user, owners, keys)))
    };
    type Asked = (Wanted<Option<User>>, Wanted<i64>, Option<AskedKeys>);
    let decide = |scope: &Scope, (user, owners, keys): Asked, mut found: Found| {
        let before = found.take(user)?.ok_or_else(missing)?;
        let grants = &scope.grants;
        grants.cover(before.rights(), "deactivate this person")?;
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        let ends = before.status != DEACTIVATED;
        let mut user = before.clone();
        let mut statements = Vec::new();
        let mut entry = None;
        if ends {
            if user.is_owner() {
                guard = keep_an_owner(guard, &user.id, found.take(owners)?)?;
            }
            user.status = DEACTIVATED.to_owned();
            user.updated_at = cx.now;
            entry = Some(before.changed("deactivate", &user)?);
            statements.extend([
                row::update(&before, &user),
                sessions::revoke_all(&user.id, None, cx.now),
            ]);
        }
        let keys = excess.judge(grants, keys, &mut found, guard, u32::from(ends))?;
        Ok(keys.decision(user, entry, statements, answer))
    };
    core.work.write(cx, plan, decide, NoneExpected).await
}

/// Reactivates a person; repeating it changes nothing. Ended sessions and revoked keys stay as they are.
pub async fn reactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal<codes::NotFound>> {
    let plan = |_: &Scope| Ok(Reads::one(rows::find::<User>(id)));
    let decide = |scope: &Scope, user: Wanted<Option<User>>, mut found: Found| {
        let before = found.take(user)?.ok_or_else(missing)?;
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
        let statements = vec![row::update(&before, &after)];
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
