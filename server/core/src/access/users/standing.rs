//! Taking a person's access away, with what was made in their name, and giving it back. Both need all that the person's roles
//! allow.

use crm_contract::{codes, latest::types};
use crm_runtime::server::Reply;

use super::{
    list::missing,
    row::{self, ACTIVE, DEACTIVATED, User},
    rules::keep_an_owner,
};
use crate::{
    access::{
        grants::{Action, Grants},
        rights::rights,
    },
    auth::sessions,
    code_set,
    context::Context,
    core::Core,
    fault::Fault,
    integrations::api_keys::{self, ApiKey},
    ports::store::{Rows, Value},
    refusal::Refusal,
    work::{Decision, Guard, Issued, NoneExpected, Outcome, Scope},
};

code_set! {
    pub enum Deactivating { NotFound, LastOwner }
}

/// What a caller needs to see the keys that somebody made, and to revoke them.
const MANAGE_KEYS: &str = "api_keys.manage";

/// A person without access, and the keys that they made, if the caller may know them.
#[derive(Clone)]
pub struct Deactivated {
    pub user: User,
    pub api_keys: Option<Vec<ApiKey>>,
}

impl Deactivated {
    /// As the contract shows it: the person, and the keys.
    pub fn shown(&self) -> types::DeactivatedUser {
        let types::User {
            id,
            email,
            name,
            title,
            phone,
            manager,
            roles,
            status,
            external_id,
            attributes,
            version,
            created_at,
            updated_at,
        } = self.user.shown();
        let keys = self.api_keys.as_ref();
        types::DeactivatedUser {
            id,
            email,
            name,
            title,
            phone,
            manager,
            roles,
            status,
            external_id,
            attributes,
            version,
            created_at,
            updated_at,
            api_keys: keys.map(|keys| keys.iter().map(ApiKey::shown).collect()),
        }
    }
}

/// Takes a person's access away; again changes nothing. The keys that the person made go on working, unless they are to be
/// revoked in the same commit. `answer` makes the operation's response.
pub async fn deactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    revoke_keys: bool,
    answer: fn(Deactivated) -> R,
) -> Result<Outcome<R>, Refusal<Deactivating>> {
    let plan = |scope: &Scope| {
        let mut statements = vec![row::find(id), row::other_owners(id)];
        if manages_keys(&scope.grants) {
            statements.extend([api_keys::working_of(id, cx.now), api_keys::newest()]);
        }
        Ok(statements)
    };
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let mut rows = rows.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let (found, owners, keys, newest) = (next(), next(), next(), next());
        let before = User::parse(found.into_iter().next().ok_or_else(missing)?)?;
        let grants = &scope.grants;
        grants.cover(before.rights(), "deactivate this person")?;
        if revoke_keys {
            grants.cover(rights![MANAGE_KEYS], "revoke API keys")?;
        }
        let mut keys = keys
            .into_iter()
            .map(ApiKey::parse)
            .collect::<Result<Vec<_>, Fault>>()?;
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        if manages_keys(grants) {
            // What is told of the keys holds at the commit as well: none was made or revoked meanwhile.
            let newest = newest.first().and_then(|row| row.first());
            let newest = newest.and_then(Value::as_i64).unwrap_or_default();
            guard = guard.and(&format!("({}) = {{}}", api_keys::NEWEST), [newest.into()]);
        }
        let ends = before.status != DEACTIVATED;
        let (mut statements, mut versions) = (Vec::new(), 0);
        let mut user = before;
        if ends {
            if user.is_owner() {
                guard = keep_an_owner(guard, &user.id, &owners)?;
            }
            user.status = DEACTIVATED.to_owned();
            user.updated_at = cx.now;
            statements.extend([
                row::update(&user)?,
                sessions::revoke_all(&user.id, None, cx.now),
            ]);
            versions += 1;
        }
        if revoke_keys && !keys.is_empty() {
            statements.push(api_keys::revoke_all_of(&user.id, versions, cx.now));
            versions += 1;
            for key in &mut keys {
                key.revoked_at = Some(cx.now);
            }
        }
        let after = Deactivated {
            user,
            api_keys: manages_keys(grants).then_some(keys),
        };
        Ok(Decision {
            guard,
            versions,
            statements,
            ..Decision::nothing(move |issued: &Issued| {
                let mut told = after.clone();
                if ends {
                    told.user.version = issued.base;
                }
                answer(told)
            })
        })
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
            ..before
        };
        Ok(Decision {
            guard,
            versions: 1,
            statements: vec![row::update(&after)?],
            ..Decision::nothing(move |issued: &Issued| {
                answer(User {
                    version: issued.base,
                    ..after.clone()
                })
            })
        })
    };
    core.work.write(cx, plan, decide, NoneExpected).await
}

fn manages_keys(grants: &Grants) -> bool {
    grants.allows(Action::Named(MANAGE_KEYS))
}
