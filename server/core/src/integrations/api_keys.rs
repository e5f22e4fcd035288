//! A stored API key; only a hash of its secret is stored.

use crm_contract::latest::types;
use serde_json::json;

use crate::{
    access::rights::Rights,
    context::{Principal, actor},
    new_id,
    page::{Added, Listed},
    ports::store::{Statement, Value},
    rows::{Row, row},
    work::{Entry, Kind},
};

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ApiKey of "api_keys" {
        pub id: String,
        pub name: String,
        pub scopes: Vec<String>,
        /// The hash of the request that made it, which distinguishes a repeat from another request with the same id.
        pub content_hash: String,
        /// The actor as `kind:id`.
        pub created_by: String,
        pub created_at: i64,
        pub expires_at: Option<i64>,
        pub revoked_at: Option<i64>,
        /// When a request last used it, as far as that is stored.
        pub last_used_at: Option<i64>,
    }
}

impl Listed for ApiKey {
    const PROPERTIES: &'static [&'static str] = types::ApiKey::PROPERTIES;

    fn added(&self) -> Added {
        Added::new(self.created_at, &self.id)
    }
}

impl ApiKey {
    pub fn shown(&self) -> types::ApiKey {
        types::ApiKey {
            id: self.id.clone(),
            name: Some(self.name.clone()),
            scopes: Some(self.scopes.clone()),
            created_at: Some(self.created_at),
            created_by: Some(actor(&self.created_by)),
            expires_at: Some(self.expires_at),
            revoked_at: Some(self.revoked_at),
            last_used_at: Some(self.last_used_at),
        }
    }

    /// The change log entry of a new key.
    pub fn created(&self) -> Entry {
        let fields =
            json!({"name": self.name, "scopes": self.scopes, "expires_at": self.expires_at});
        Entry::new(Kind::ApiKey, &self.id, "create", fields)
    }

    /// The change log entry of its revocation.
    pub fn revoked(&self, now: i64) -> Entry {
        Entry::new(Kind::ApiKey, &self.id, "revoke", json!({"revoked_at": now}))
    }

    /// The answer to creating it, with the secret unless it was shown before.
    pub fn made(&self, secret: Option<String>) -> types::ApiKeyCreated {
        types::ApiKeyCreated {
            secret,
            id: self.id.clone(),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            created_at: self.created_at,
            created_by: actor(&self.created_by),
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        }
    }
}

/// The hash by which two requests to make a key are equal.
pub fn content_hash(name: &str, scopes: &[String], expires_at: Option<i64>) -> String {
    new_id::content_hash(&json!([name, scopes, expires_at]))
}

/// The most keys of one person in an answer.
pub const MOST_OF_A_PERSON: i64 = 200;

/// The unrevoked keys that a person made, and keys made with these, with a scope that grants more than the given
/// rights. An earlier program version, which may still be running, stored no maker: of its keys, only those that the
/// person made directly are found. `?1` is the person's id, `?2` the scopes that grant no more.
const EXCESSIVE: &str = "(maker = ?1 OR maker IS NULL AND created_by = 'user:' || ?1) AND revoked_at IS NULL \
     AND EXISTS (SELECT 1 FROM json_each(api_keys.scopes) WHERE value NOT IN (SELECT value FROM json_each(?2)))";

/// The working keys of a person that allow more than these rights, including keys made with them.
pub fn excessive(person: &str, rights: Rights, now: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT {} FROM api_keys WHERE {EXCESSIVE} AND (expires_at IS NULL OR expires_at > ?3) \
             ORDER BY created_at, id LIMIT {MOST_OF_A_PERSON}",
            ApiKey::COLUMNS
        ),
        [person.into(), scopes(rights), now.into()],
    )
}

fn scopes(rights: Rights) -> Value {
    json!(rights.scopes().collect::<Vec<_>>())
        .to_string()
        .into()
}

/// The greatest version of all keys, which shows whether one was made or revoked meanwhile.
pub fn newest() -> Statement {
    Statement::new(NEWEST, [])
}

pub const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM api_keys";

/// Revokes all keys of [`EXCESSIVE`]. Their version is the `place`-th of the commit, from 0.
pub fn revoke_excessive(person: &str, rights: Rights, place: u32, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE api_keys SET version = (SELECT base FROM meta) + ?3, revoked_at = ?4, updated_at = ?4 WHERE {EXCESSIVE}"
        ),
        [
            person.into(),
            scopes(rights),
            i64::from(place).into(),
            now.into(),
        ],
    )
}

/// The maker of a key is the person who made it; for a key made with another key, the maker of that key; for the
/// command line, the system.
pub fn insert(key: &ApiKey, principal: &Principal, secret_hash: String) -> Statement {
    let (maker, made_with) = match principal {
        Principal::User { id, .. } => (Some(id.as_str()), None),
        Principal::Key { id, .. } => (None, Some(id.as_str())),
        Principal::Operator => (Some("system:"), None),
        Principal::Portal { .. } => (None, None),
    };
    Statement::new(
        "INSERT INTO api_keys (id, version, name, secret_hash, scopes, content_hash, created_by, created_at, updated_at, expires_at, maker) \
         VALUES (?1, (SELECT base FROM meta), ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, coalesce(?9, (SELECT maker FROM api_keys WHERE id = ?10)))",
        vec![
            key.id.as_str().into(),
            key.name.as_str().into(),
            secret_hash.into(),
            json!(key.scopes).to_string().into(),
            key.content_hash.as_str().into(),
            key.created_by.as_str().into(),
            key.created_at.into(),
            key.expires_at.into(),
            maker.into(),
            made_with.into(),
        ],
    )
}

pub fn revoke(id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE api_keys SET version = (SELECT base FROM meta), revoked_at = ?2, updated_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        [id.into(), now.into()],
    )
}
