//! A person as the store has them, and the SQL that reads and writes one.

use std::collections::BTreeMap;

use crm_contract::{codes, latest::types};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access::{rights::Rights, roles},
    auth::address::fold,
    fault::Fault,
    new_id,
    page::{Added, Listed},
    ports::store::{Statement, Value},
    refusal::Refusal,
    rows::{self, Json, row},
    work::{Entry, Kind},
};

pub const ACTIVE: &str = "active";
pub const DEACTIVATED: &str = "deactivated";

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct User of "users" {
        pub id: String,
        pub version: i64,
        pub email: String,
        pub name: String,
        pub roles: Vec<String>,
        pub status: String,
        pub external_id: Option<String>,
        pub profile: Profile,
        /// Content hash of the create request: it tells a repeat from another request with the same id.
        pub content_hash: String,
        pub created_at: i64,
        pub updated_at: i64,
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl User {
    pub fn is_active_owner(&self) -> bool {
        self.status == ACTIVE && self.is_owner()
    }

    pub fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role == roles::OWNER)
    }

    /// The rights of the person while active.
    pub fn rights(&self) -> Rights {
        Rights::of_roles(self.roles.iter().map(String::as_str))
    }

    /// The change log entry for a new person.
    pub fn created(&self) -> Result<Entry, Fault> {
        Entry::change(Kind::User, &self.id, "create", &(), &self.logged())
    }

    /// The change log entry for the change of the person to `after`.
    pub fn changed(&self, op: &'static str, after: &Self) -> Result<Entry, Fault> {
        Entry::change(Kind::User, &self.id, op, &self.logged(), &after.logged())
    }

    /// The properties that the change log keeps. It leaves out those that the entry itself has.
    fn logged(&self) -> types::User {
        types::User {
            version: None,
            created_at: None,
            updated_at: None,
            ..self.shown()
        }
    }

    /// As the contract shows it.
    pub fn shown(&self) -> types::User {
        let Profile {
            title,
            phone,
            manager,
            attributes,
        } = self.profile.clone();
        types::User {
            id: self.id.clone(),
            email: Some(self.email.clone()),
            name: Some(self.name.clone()),
            title: Some(title),
            phone: Some(phone),
            manager: Some(manager),
            roles: Some(self.roles.clone()),
            status: Some(if self.status == ACTIVE {
                types::UserStatus::Active
            } else {
                types::UserStatus::Deactivated
            }),
            external_id: Some(self.external_id.clone()),
            attributes: Some(attributes),
            version: Some(self.version),
            created_at: Some(self.created_at),
            updated_at: Some(self.updated_at),
        }
    }
}

pub fn missing() -> Refusal<codes::NotFound> {
    Refusal::new(codes::NotFound, "There is no such user.")
}

/// The hash that identifies a create request. It leaves the password out, because this hash is a fast one.
pub fn content_hash(body: &types::UserCreate) -> String {
    let content = json!([
        body.email,
        body.name,
        body.title,
        body.phone,
        body.manager,
        body.roles,
        body.external_id,
        body.attributes
    ]);
    new_id::content_hash(&content)
}

/// SQL that counts the active owners other than one person, for a query or a condition.
pub const OTHER_OWNERS: &str = "SELECT count(*) FROM users u WHERE u.status = 'active' AND u.id <> {} AND EXISTS (SELECT 1 FROM json_each(u.roles) WHERE value = 'owner')";

pub fn other_owners(id: &str) -> Statement {
    Statement::new(OTHER_OWNERS.replacen("{}", "?1", 1), [id.into()])
}

/// Inserts a person. The version is the first of the commit.
pub fn insert(user: &User) -> Statement {
    rows::insert(user, &[login(user)], 0)
}

/// Updates a person. The version is the first of the commit.
pub fn update(before: &User, after: &User) -> Statement {
    rows::update(&before.id, before, after, &[login(after)], 0)
}

/// The column and value of the login: the folded address, which is unique.
fn login(user: &User) -> (&'static str, Value) {
    ("login", fold(&user.email).into())
}

/// Sets a person's password hash.
pub fn set_password(id: &str, hash: &str) -> Statement {
    Statement::new(
        "UPDATE users SET password_hash = ?2 WHERE id = ?1",
        [id.into(), hash.into()],
    )
}

impl Json for Profile {}

impl Listed for User {
    const PROPERTIES: &'static [&'static str] = types::User::PROPERTIES;

    fn added(&self) -> Added {
        Added::new(self.created_at, &self.id)
    }
}
