//! What a caller may do, and by which rule: computed from the roles of a person or the scopes of a key, for one request.
//! The same rules are enforced and told (`GET /me/permissions`).

use std::sync::Arc;

use crm_runtime::server::Operation;

use super::roles::{ADMIN, OWNER, READONLY};
use crate::context::Principal;

/// What a caller may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// With the records of a type. Roles and scopes grant all types alike so far.
    Records(Verb),
    /// A permission of the contract's `x-permissions`, or the right to read what one protects.
    Named(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Read,
    Create,
    Update,
    Delete,
}

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

/// The named permissions, with the scope that grants each to a key.
pub const NAMED: [(&str, &str); 8] = [
    ("schema.read", "schema:read"),
    ("schema.write", "schema:write"),
    ("users.read", "access:read"),
    ("users.write", "access:write"),
    ("api_keys.read", "integrations:read"),
    ("api_keys.manage", "integrations:write"),
    ("integrations.read", "integrations:read"),
    ("portal_codes.create", "portal:write"),
];

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
}

#[derive(Clone, Debug)]
enum By {
    Operator,
    Roles {
        owner: bool,
        admin: bool,
        readonly: bool,
    },
    Scopes(Vec<String>),
    /// A customer has operations of their own, which restrict themselves to the contact.
    Nothing,
}

impl Grants {
    /// `roles`: the person's roles as a JSON array of names. The scopes of a key are those of its token.
    pub fn of(principal: &Principal, roles: &Arc<str>) -> Self {
        let by = match principal {
            Principal::Operator => By::Operator,
            Principal::Key { scopes, .. } => By::Scopes(scopes.clone()),
            Principal::Portal { .. } => By::Nothing,
            Principal::User { .. } => {
                let roles: Vec<String> = serde_json::from_str(roles).unwrap_or_default();
                let has = |name: &str| roles.iter().any(|role| role == name);
                By::Roles {
                    owner: has(OWNER),
                    admin: has(ADMIN),
                    readonly: has(READONLY),
                }
            }
        };
        Self { by }
    }

    /// The rule that grants an action; none: it is refused.
    pub fn rule(&self, action: Action<'_>) -> Option<Rule> {
        match &self.by {
            By::Operator => Some(Rule::Operator),
            By::Nothing => None,
            By::Roles { owner: true, .. } => Some(Rule::Role(OWNER)),
            By::Roles { admin: true, .. } => Some(Rule::Role(ADMIN)),
            By::Roles { readonly, .. } => {
                (*readonly && reads(action)).then_some(Rule::Role(READONLY))
            }
            By::Scopes(scopes) => {
                let needed = match action {
                    Action::Records(Verb::Read) => "records:read",
                    Action::Records(_) => "records:write",
                    Action::Named(name) => NAMED.iter().find(|(named, _)| *named == name)?.1,
                };
                scopes
                    .iter()
                    .any(|scope| scope == needed)
                    .then_some(Rule::Scope(needed))
            }
        }
    }

    pub fn allows(&self, action: Action<'_>) -> bool {
        self.rule(action).is_some()
    }

    /// Whether the caller may make owners and change them.
    pub fn is_owner(&self) -> bool {
        matches!(self.by, By::Operator | By::Roles { owner: true, .. })
    }

    /// What a person lacks for an operation, if anything. A key's scopes were judged at the door, and a customer has
    /// operations of their own.
    pub fn lacks(&self, operation: &'static Operation) -> Option<&'static str> {
        if !matches!(self.by, By::Roles { .. }) {
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
}

fn reads(action: Action<'_>) -> bool {
    match action {
        Action::Records(verb) => verb == Verb::Read,
        Action::Named(name) => matches!(name, "schema.read" | "users.read"),
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
        assert!(person(&["owner"]).is_owner() && !person(&["admin"]).is_owner());
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
    fn each_named_permission_of_the_contract_has_a_scope() {
        for permission in OPERATIONS
            .iter()
            .filter_map(|operation| operation.permission)
        {
            assert!(
                NAMED.iter().any(|(name, _)| *name == permission),
                "{permission}"
            );
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
        assert!(!key.is_owner());
    }
}
