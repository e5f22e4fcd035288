//! API keys that allow more than their maker's remaining rights, after the maker lost roles or access. Callers who may
//! manage keys see them in the answer. The request can revoke them in the same commit.

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

/// The permission to see and revoke another person's keys.
const MANAGE_KEYS: &str = "api_keys.manage";

/// A person, and their keys that allow more than the person may do. None if the keys were not read or the caller may
/// not see them.
#[derive(Clone)]
pub struct WithKeys {
    pub user: User,
    pub api_keys: Option<Vec<ApiKey>>,
}

impl WithKeys {
    /// The person and the keys as the contract shows them.
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

/// The person's excessive keys, and the greatest version of all keys.
pub type AskedKeys = (Wanted<Vec<ApiKey>>, Wanted<i64>);

/// The keys to list and to revoke.
pub struct Judged {
    /// No key was made or revoked meanwhile, so the list in the answer is still right at the commit.
    pub guard: Guard,
    pub told: Option<Vec<ApiKey>>,
    /// The statement that revokes the keys, and its change log entry. It revokes all keys of the person whose scopes
    /// exceed the remaining rights, however many there are.
    pub revoking: Option<(Statement, Entry)>,
}

impl Judged {
    /// For changes that concern no keys.
    pub fn none(guard: Guard) -> Self {
        Self {
            guard,
            told: None,
            revoking: None,
        }
    }

    /// The decision that stores the person as `user` and revokes the keys. `changed` is the person's change log entry;
    /// `statements` write the person with the first version of the commit.
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
    /// The statements that read the keys. None for a caller who may not see keys.
    pub fn plan(&self, caller: &Grants, reads: &mut Reads) -> Option<AskedKeys> {
        if !caller.allows(Action::Named(MANAGE_KEYS)) {
            return None;
        }
        let keys = reads.add(api_keys::excessive(self.person, self.left, self.now));
        Some((keys, reads.add(api_keys::newest())))
    }

    /// `asked` comes from [`plan`](Self::plan). `place` is the index of the revocation's version in the commit.
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
