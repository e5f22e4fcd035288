//! An API key as the store has it: what is kept of its secret is a hash.

use crm_contract::latest::types;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    access::rights::Rights,
    context::{Principal, actor},
    hex,
    page::{Added, Listed},
    ports::store::{Statement, Value},
    rows::{Row, row},
    work::{Entry, Kind},
};

/// What can be asked for by `?fields=`.
pub const PROPERTIES: [&str; 8] = [
    "id",
    "name",
    "scopes",
    "created_at",
    "created_by",
    "expires_at",
    "revoked_at",
    "last_used_at",
];

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ApiKey of "api_keys" {
        pub id: String,
        pub name: String,
        pub scopes: Vec<String>,
        /// Of the request that made it: a repeat is told from another one with the same id.
        pub content_hash: String,
        /// Kind, colon, id.
        pub created_by: String,
        pub created_at: i64,
        pub expires_at: Option<i64>,
        pub revoked_at: Option<i64>,
        /// When a request was last made with it, as far as that is written down.
        pub last_used_at: Option<i64>,
    }
}

impl Listed for ApiKey {
    const PROPERTIES: &'static [&'static str] = &PROPERTIES;

    fn added(&self) -> Added {
        Added {
            created_at: self.created_at,
            id: self.id.clone(),
        }
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

    /// What the change log says of a new key.
    pub fn created(&self) -> Entry {
        let fields =
            json!({"name": self.name, "scopes": self.scopes, "expires_at": self.expires_at});
        Entry::new(Kind::ApiKey, &self.id, "create", fields)
    }

    /// What the change log says when it is revoked.
    pub fn revoked(&self, now: i64) -> Entry {
        Entry::new(Kind::ApiKey, &self.id, "revoke", json!({"revoked_at": now}))
    }

    /// As the answer to its making, with the secret unless it was shown before.
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

/// What makes two requests to make a key the same.
pub fn content_hash(name: &str, scopes: &[String], expires_at: Option<i64>) -> String {
    hex::encode(&Sha256::digest(
        json!([name, scopes, expires_at]).to_string(),
    ))
}

/// The most keys of one person that are told at once.
pub const MOST_OF_A_PERSON: i64 = 200;

/// The keys that a person made, and those that were made with them, as far as they are not revoked and have a scope that
/// grants more than the rights at hand. An earlier program, which may still be running, wrote no maker: of its keys, only
/// those that the person made are found. `?1` is the person's id, `?2` the scopes that grant no more.
const EXCESSIVE: &str = "(maker = ?1 OR maker IS NULL AND created_by = 'user:' || ?1) AND revoked_at IS NULL \
     AND EXISTS (SELECT 1 FROM json_each(api_keys.scopes) WHERE value NOT IN (SELECT value FROM json_each(?2)))";

/// The keys of a person that work and allow more than these rights, those included that were made with one of them.
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

/// The greatest version of a key: it tells whether one was made or revoked meanwhile.
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

/// A key that was made by a person stands for that person, one that was made with another key for the person of that key,
/// and the command line's for nobody.
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
