//! What a caller may do, and by which rule: computed from the roles of a person or the scopes of a key, for one request.
//! The same rules are enforced and told (`GET /me/permissions`). What no rule allows is refused.

use std::sync::Arc;

use crm_runtime::server::Operation;

use super::{
    rights::{Lacking, PERMISSIONS, Rights},
    roles::{self, Role},
};
use crate::{context::Principal, fault::Fault};

/// What a caller may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// With the records of a type. Roles and scopes grant all types alike so far.
    Records(Verb),
    /// A permission of the contract's `x-permissions`.
    Named(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Read,
    Create,
    Update,
    Delete,
}

/// The permissions for records, which are granted and told by action and type.
const READ_RECORDS: &str = "records.read";
const WRITE_RECORDS: &str = "records.write";

impl Verb {
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::Delete];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl<'a> Action<'a> {
    /// The permission of the contract that it needs.
    pub const fn permission(self) -> &'a str {
        match self {
            Self::Records(Verb::Read) => READ_RECORDS,
            Self::Records(_) => WRITE_RECORDS,
            Self::Named(name) => name,
        }
    }
}

/// The permissions that are told by their name, in the contract's order.
pub fn named() -> impl Iterator<Item = &'static str> {
    PERMISSIONS
        .iter()
        .map(|permission| permission.name)
        .filter(|name| ![READ_RECORDS, WRITE_RECORDS].contains(name))
}

/// Why something is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Role(&'static str),
    Scope(&'static str),
    /// The command line on the machine that holds the data.
    Operator,
}

/// A caller's grants.
#[derive(Clone, Debug)]
pub struct Grants {
    by: By,
    rights: Rights,
}

#[derive(Clone, Debug)]
enum By {
    Operator,
    Roles(Vec<&'static Role>),
    Scopes,
    /// A customer has operations of their own, which restrict themselves to the contact.
    Nothing,
}

impl Grants {
    /// `roles`: the person's roles as a JSON array of names. The scopes of a key are those of its token.
    pub fn of(principal: &Principal, roles: &Arc<str>) -> Self {
        match principal {
            Principal::Operator => Self {
                by: By::Operator,
                rights: Rights::OWNER,
            },
            Principal::Key { scopes, .. } => Self {
                rights: Rights::of_scopes(scopes.iter().map(String::as_str)),
                by: By::Scopes,
            },
            Principal::Portal { .. } => Self {
                by: By::Nothing,
                rights: Rights::NONE,
            },
            Principal::User { .. } => {
                let names: Vec<String> = serde_json::from_str(roles).unwrap_or_default();
                let roles: Vec<_> = names.iter().filter_map(|name| roles::find(name)).collect();
                let rights = Rights::of_roles(roles.iter().map(|role| role.name));
                Self {
                    by: By::Roles(roles),
                    rights,
                }
            }
        }
    }

    /// The rule that grants an action; none: it is refused.
    pub fn rule(&self, action: Action<'_>) -> Option<Rule> {
        let name = action.permission();
        let permission = PERMISSIONS.iter().find(|one| one.name == name)?;
        if !self.rights.has(name) {
            return None;
        }
        match &self.by {
            By::Operator => Some(Rule::Operator),
            By::Nothing => None,
            By::Roles(roles) => {
                // Of several, the one that allows most.
                let granting = roles.iter().filter(|role| role.rights().has(name));
                let role = granting.copied().reduce(|best, other| {
                    if other.rights().covers(best.rights()) {
                        other
                    } else {
                        best
                    }
                })?;
                Some(Rule::Role(role.name))
            }
            By::Scopes => permission.scope.map(Rule::Scope),
        }
    }

    pub fn allows(&self, action: Action<'_>) -> bool {
        self.rule(action).is_some()
    }

    /// What a person lacks for an operation, if anything. A key's scopes were judged at the door, and a customer has
    /// operations of their own.
    pub fn lacks(&self, operation: &'static Operation) -> Option<&'static str> {
        if !matches!(self.by, By::Roles(_)) {
            return None;
        }
        let reads = operation.method == "GET";
        let (action, name) = match (operation.permission, operation.tag) {
            (Some(permission), _) => (Action::Named(permission), permission),
            (None, "records") if reads => (Action::Records(Verb::Read), "records.read"),
            (None, "records") => (Action::Records(Verb::Update), "records.write"),
            (None, "schema") => (Action::Named("schema.read"), "schema.read"),
            _ => return None,
        };
        (!self.allows(action)).then_some(name)
    }

    /// Refused unless the caller has all of these rights. `what`: what only somebody who has them may do.
    pub fn cover(&self, rights: Rights, what: &str) -> Result<(), Fault> {
        let (kind, name) = match (self.rights.lacks(rights), &self.by) {
            (None, _) => return Ok(()),
            (Some(Lacking::Permission(permission)), By::Scopes) => {
                ("scope", permission.scope.unwrap_or(permission.name))
            }
            (Some(Lacking::Permission(permission)), _) => ("permission", permission.name),
            (Some(Lacking::Ownership), _) => ("permission", roles::OWNER),
        };
        let why = match name {
            roles::OWNER => format!("Only an owner may {what}."),
            _ => format!("Only somebody who has the {kind} {name} as well may {what}."),
        };
        Err(Fault::NotGranted {
            why,
            kind,
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crm_contract::latest::server::operations::OPERATIONS;

    use super::*;

    fn person(roles: &[&str]) -> Grants {
        let roles = serde_json::to_string(roles).unwrap().into();
        Grants::of(
            &Principal::User {
                id: "u".into(),
                session: "s".into(),
            },
            &roles,
        )
    }

    fn allowed(grants: &Grants) -> Vec<&'static str> {
        let mut ids: Vec<_> = OPERATIONS
            .iter()
            .filter(|operation| grants.lacks(operation).is_none())
            .map(|operation| operation.id)
            .collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn owner_and_admin_have_everything() {
        for roles in [&["owner"][..], &["admin"], &["readonly", "admin"]] {
            assert_eq!(allowed(&person(roles)).len(), OPERATIONS.len(), "{roles:?}");
        }
    }

    #[test]
    fn readonly_reads() {
        let grants = person(&["readonly"]);
        for operation in OPERATIONS.iter().filter(|operation| {
            operation.security.iter().any(|way| way.scheme == "user") && operation.tag != "me"
        }) {
            let integrations = matches!(
                operation.permission,
                Some("api_keys.manage" | "integrations.read")
            );
            let expected = operation.method == "GET" && !integrations;
            assert_eq!(
                grants.lacks(operation).is_none(),
                expected,
                "{}",
                operation.id
            );
        }
    }

    #[test]
    fn without_a_role_nothing_of_the_tenant_is_open() {
        for grants in [person(&[]), person(&["dispatcher"]), person(&["OWNER"])] {
            for operation in OPERATIONS.iter().filter(|operation| {
                matches!(
                    operation.tag,
                    "records" | "schema" | "access" | "integrations"
                )
            }) {
                assert!(grants.lacks(operation).is_some(), "{}", operation.id);
            }
        }
    }

    #[test]
    fn a_scope_grants_what_it_says() {
        let key = Grants::of(
            &Principal::Key {
                id: "k".into(),
                scopes: vec!["records:read".into(), "access:write".into()],
            },
            &"[]".into(),
        );
        assert_eq!(
            key.rule(Action::Records(Verb::Read)),
            Some(Rule::Scope("records:read"))
        );
        assert_eq!(key.rule(Action::Records(Verb::Create)), None);
        assert_eq!(
            key.rule(Action::Named("users.write")),
            Some(Rule::Scope("access:write"))
        );
        assert_eq!(key.rule(Action::Named("users.read")), None);
        assert!(
            key.cover(
                Rights::named(&["users.write", "records.read"]),
                "give these"
            )
            .is_ok()
        );
        for (rights, kind, name) in [
            (Rights::ALL, "scope", "records:write"),
            (Rights::OWNER, "permission", "owner"),
        ] {
            let why = match name {
                "owner" => "Only an owner may give these.",
                _ => "Only somebody who has the scope records:write as well may give these.",
            };
            assert_eq!(
                key.cover(rights, "give these"),
                Err(Fault::NotGranted {
                    why: why.into(),
                    kind,
                    name: name.into()
                })
            );
        }
    }
}
