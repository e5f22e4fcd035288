//! The API keys that allow more than is left of a person's rights, where the person's access or roles are taken away: they
//! are told to callers who may manage keys, and revoked in the same commit if that is asked for.

use crm_contract::latest::types;
use crm_runtime::server::Reply;
use serde_json::json;

use super::row::User;
use crate::{
    access::{
        grants::{Action, Grants},
        rights::{Rights, rights},
    },
    fault::Fault,
    integrations::api_keys::{self, ApiKey},
    ports::store::Statement,
    work::{Decision, Entry, Found, Guard, Issued, Kind, Reads, Wanted},
};

/// What a caller needs to see the keys that somebody made, and to revoke them.
const MANAGE_KEYS: &str = "api_keys.manage";

/// A person, and the keys that allow more than the person may do, if they were asked for and the caller may know them.
#[derive(Clone)]
pub struct WithKeys {
    pub user: User,
    pub api_keys: Option<Vec<ApiKey>>,
}

impl WithKeys {
    /// As the contract shows it: the person, and the keys.
    pub fn shown(&self) -> types::UserWithKeys {
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
        types::UserWithKeys {
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

/// The keys of a person that allow more than `left`.
#[derive(Clone, Copy)]
pub struct Excess<'a> {
    pub person: &'a str,
    pub left: Rights,
    pub revoke: bool,
    pub now: i64,
}

/// What is read of the keys, and which of all keys is the newest.
pub type AskedKeys = (Wanted<Vec<ApiKey>>, Wanted<i64>);

/// What becomes of the keys.
pub struct Judged {
    /// What is told of the keys holds at the commit as well: none was made or revoked meanwhile.
    pub guard: Guard,
    pub told: Option<Vec<ApiKey>>,
    /// The statement that revokes them, and what the change log says of it: all keys of the person whose scopes are more
    /// than those that are left, however many that are.
    pub revoking: Option<(Statement, Entry)>,
}

impl Judged {
    /// Where no keys are asked about.
    pub fn none(guard: Guard) -> Self {
        Self {
            guard,
            told: None,
            revoking: None,
        }
    }

    /// The decision that leaves a person as `user`, with what becomes of the keys. `changed`: what the change log says of
    /// the person, whom `statements` write and who takes the first version of the commit.
    pub fn decision<R: Reply + 'static>(
        self,
        user: User,
        changed: Option<Entry>,
        mut statements: Vec<Statement>,
        answer: fn(WithKeys) -> R,
    ) -> Decision<R> {
        let is_changed = changed.is_some();
        let mut entries: Vec<Entry> = changed.into_iter().collect();
        if let Some((statement, entry)) = self.revoking {
            statements.push(statement);
            entries.push(entry);
        }
        let after = WithKeys {
            user,
            api_keys: self.told,
        };
        let decision = Decision::change(entries, statements, move |issued: &Issued| {
            let mut told = after.clone();
            if is_changed {
                told.user.version = issued.base;
            }
            answer(told)
        });
        decision.under(self.guard)
    }
}

impl Excess<'_> {
    /// What has to be read of them: nothing for a caller who may not know them.
    pub fn plan(&self, caller: &Grants, reads: &mut Reads) -> Option<AskedKeys> {
        if !caller.allows(Action::Named(MANAGE_KEYS)) {
            return None;
        }
        let keys = reads.add(api_keys::excessive(self.person, self.left, self.now));
        Some((keys, reads.add(api_keys::newest())))
    }

    /// `asked`: by the plan. `place`: which version of the commit revoking them takes.
    pub fn judge(
        &self,
        caller: &Grants,
        asked: Option<AskedKeys>,
        found: &mut Found,
        guard: Guard,
        place: u32,
    ) -> Result<Judged, Fault> {
        if self.revoke {
            caller.cover(rights![MANAGE_KEYS], "revoke API keys")?;
        }
        let Some((keys, newest)) = asked else {
            return Ok(Judged::none(guard));
        };
        let (mut keys, newest) = (found.take(keys)?, found.take(newest)?);
        let revoking = (self.revoke && !keys.is_empty()).then(|| {
            let left: Vec<&str> = self.left.scopes().collect();
            (
                api_keys::revoke_excessive(self.person, self.left, place, self.now),
                Entry::new(
                    Kind::User,
                    self.person,
                    "revoke_api_keys",
                    json!({"scopes_left": left, "revoked_at": self.now}),
                ),
            )
        });
        if revoking.is_some() {
            for key in &mut keys {
                key.revoked_at = Some(self.now);
            }
        }
        Ok(Judged {
            guard: guard.and(&format!("({}) = {{}}", api_keys::NEWEST), [newest.into()]),
            told: Some(keys),
            revoking,
        })
    }
}
