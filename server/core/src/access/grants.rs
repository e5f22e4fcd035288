//! What a caller may do, and which rule allows it: computed for one request from the roles of a person or the scopes of
//! a key. `GET /me/permissions` lists what the same rules enforce. An action that no rule allows is refused.

use std::sync::Arc;

use crm_contract::latest::server::operations::PERMISSIONS;
use crm_runtime::server::Operation;

use super::{
    rights::{Lacking, Rights, rights},
    roles::{self, Role},
};
use crate::{context::Principal, fault::Fault};

/// An action that a rule allows or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// An action on the records of a type. So far roles and scopes treat all types alike.
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

/// The permissions for records. Grants and `GET /me/permissions` name them by action and type.
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
    /// The permission in the contract that this action needs.
    pub const fn permission(self) -> &'a str {
        match self {
            Self::Records(Verb::Read) => READ_RECORDS,
            Self::Records(_) => WRITE_RECORDS,
            Self::Named(name) => name,
        }
    }
}

/// The permissions that are listed by name, in the order of the contract.
pub fn named() -> impl Iterator<Item = &'static str> {
    PERMISSIONS
        .iter()
        .map(|permission| permission.name)
        .filter(|name| ![READ_RECORDS, WRITE_RECORDS].contains(name))
}

/// The rule that grants an action.
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
    /// The rights that the caller may give to others. A key gives no more than its maker may do now.
    gives: Rights,
}

#[derive(Clone, Debug)]
enum By {
    Operator,
    Roles(Vec<&'static Role>),
    Scopes(Vec<String>),
    /// A customer has operations of their own, which are limited to the customer's contact.
    Nothing,
}

impl Grants {
    /// `roles`: JSON array of role names, of the person or of the person who made the key. The scopes of a key come
    /// from its token.
    pub fn of(principal: &Principal, roles: &Arc<str>) -> Self {
        let names: Vec<String> = serde_json::from_str(roles).unwrap_or_default();
        let roles: Vec<_> = names.iter().filter_map(|name| roles::find(name)).collect();
        let of_roles = Rights::of_roles(roles.iter().map(|role| role.name));
        let (by, rights, bound) = match principal {
            Principal::Operator => (By::Operator, Rights::OWNER, Rights::OWNER),
            Principal::Key { scopes, .. } => {
                let rights = Rights::of_scopes(scopes.iter().map(String::as_str));
                (By::Scopes(scopes.clone()), rights, of_roles)
            }
            Principal::Portal { .. } => (By::Nothing, Rights::NONE, Rights::NONE),
            Principal::User { .. } => (By::Roles(roles), of_roles, of_roles),
        };
        Self {
            by,
            rights,
            gives: rights.within(bound),
        }
    }

    /// The rule that grants an action, or None if the action is refused.
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
                // If several roles grant it, the most powerful role is named.
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
            // See [`manage`](Self::manage).
            By::Scopes(_) if is_managing(name) && !self.gives.has(name) => None,
            By::Scopes(_) => permission.scope.map(Rule::Scope),
        }
    }

    pub fn allows(&self, action: Action<'_>) -> bool {
        self.rule(action).is_some()
    }

    /// Admits a caller to an operation by the contract's rules: the kind of token, the scopes of a key, the permission
    /// of a person. If the contract states neither a permission nor why none is needed, nobody is admitted.
    pub fn admit(&self, operation: &Operation) -> Result<(), Fault> {
        let kind = match &self.by {
            By::Operator => return Ok(()),
            By::Roles(_) => "user",
            By::Scopes(_) => "key",
            By::Nothing => "portal",
        };
        if operation.security.is_empty() {
            return Ok(());
        }
        let way = operation.security.iter().find(|way| way.scheme == kind);
        let Some(way) = way.filter(|_| operation.has_rule()) else {
            return Err(Fault::NotGranted {
                why: format!("No rule lets a token of the kind {kind} do this."),
                kind: "permission",
                name: operation.id.to_owned(),
            });
        };
        match &self.by {
            By::Scopes(scopes) if !way.scopes.is_empty() => match way.missing(scopes) {
                Some(scope) => Err(Fault::NotGranted {
                    why: format!("The API key lacks the scope {scope}."),
                    kind: "scope",
                    name: scope.to_owned(),
                }),
                None if operation.method == "GET" => Ok(()),
                None => self.manage(operation.permission),
            },
            _ => match operation.permission {
                Some(permission) if !self.rights.has(permission) => {
                    Err(Fault::Forbidden(permission.to_owned()))
                }
                _ => Ok(()),
            },
        }
    }

    /// A key manages people and keys only while the person who made it may manage them. Otherwise a person who lost
    /// these rights could get them back with an older key.
    fn manage(&self, permission: Option<&str>) -> Result<(), Fault> {
        let mut asked = MANAGING
            .into_iter()
            .filter(|rights| permission.is_some_and(|name| rights.has(name)));
        asked.try_for_each(|rights| self.cover(rights, "manage people and keys"))
    }

    /// Refused unless the caller has all of these rights. For a key, the person who made it must have them too. `what`
    /// is the action that needs these rights, for the message.
    pub fn cover(&self, rights: Rights, what: &str) -> Result<(), Fault> {
        let (kind, name, why) = match (self.rights.lacks(rights), self.gives.lacks(rights)) {
            (_, None) => return Ok(()),
            (Some(Lacking::Ownership), _) | (None, Some(Lacking::Ownership)) => {
                let why = format!("Only an owner may {what}.");
                ("permission", roles::OWNER, why)
            }
            (Some(Lacking::Permission(permission)), _) => {
                let (kind, name) = match &self.by {
                    By::Scopes(_) => ("scope", permission.scope.unwrap_or(permission.name)),
                    _ => ("permission", permission.name),
                };
                let why = format!("Only somebody who has the {kind} {name} as well may {what}.");
                (kind, name, why)
            }
            (None, Some(Lacking::Permission(permission))) => {
                let name = permission.name;
                let why = format!(
                    "The person who made this API key lacks the permission {name}, so it may not {what}. \
                     Somebody who has it may make another key."
                );
                ("permission", name, why)
            }
        };
        Err(Fault::NotGranted {
            why,
            kind,
            name: name.to_owned(),
        })
    }
}

/// The permissions to manage people and keys.
const MANAGING: [Rights; 2] = [rights!("users.write"), rights!("api_keys.manage")];

fn is_managing(permission: &str) -> bool {
    MANAGING.iter().any(|rights| rights.has(permission))
}

#[cfg(test)]
mod tests {
    use crm_contract::latest::server::operations::OPERATIONS;
    use crm_runtime::server::Requirement;

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
            .filter(|operation| grants.admit(operation).is_ok())
            .map(|operation| operation.id)
            .collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn owner_and_admin_have_everything() {
        for roles in [&["owner"][..], &["admin"], &["readonly", "admin"]] {
            let refused: Vec<_> = OPERATIONS
                .iter()
                .filter(|operation| !allowed(&person(roles)).contains(&operation.id))
                .map(|operation| operation.id)
                .collect();
            assert_eq!(refused, ["portal_me"], "{roles:?}");
        }
    }

    /// A new permission to manage people or keys must be listed, or an old key returns rights that its maker lost.
    #[test]
    fn every_permission_that_changes_something_is_managing_or_is_not() {
        const NOT: [&str; 3] = ["records.write", "schema.write", "portal_codes.create"];
        for operation in OPERATIONS.iter().filter(|one| one.method != "GET") {
            let Some(permission) = operation.permission else {
                continue;
            };
            assert_ne!(
                is_managing(permission),
                NOT.contains(&permission),
                "{permission}"
            );
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
                grants.admit(operation).is_ok(),
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
                assert!(grants.admit(operation).is_err(), "{}", operation.id);
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
            &r#"["owner"]"#.into(),
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
        let scopes = vec!["records:read".to_owned(), "access:write".to_owned()];
        let id = "k".into();
        let demoted = Grants::of(&Principal::Key { id, scopes }, &r#"["readonly"]"#.into());
        assert_eq!(demoted.rule(Action::Named("users.write")), None);
        assert!(demoted.allows(Action::Records(Verb::Read)));
        assert!(
            key.cover(rights!["users.write", "records.read"], "give these")
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

    proptest::proptest! {
        /// A key grants the intersection of its scopes and its maker's roles.
        #[test]
        fn a_key_gives_no_more_than_the_person_who_made_it_may_do(
            scopes in proptest::sample::subsequence(Rights::ALL.scopes().collect::<Vec<_>>(), 0..=9),
            maker in proptest::sample::subsequence(vec!["owner", "admin", "readonly"], 0..=3),
            given in proptest::sample::subsequence(Rights::ALL.scopes().collect::<Vec<_>>(), 0..=9),
            owner in proptest::bool::ANY,
        ) {
            let id = "k".into();
            let held = scopes.iter().map(|&scope| scope.to_owned()).collect();
            let roles = serde_json::to_string(&maker).unwrap().into();
            let key = Grants::of(&Principal::Key { id, scopes: held }, &roles);
            let given = Rights::of_scopes(given).and(if owner { Rights::OWNER } else { Rights::NONE });
            let may = Rights::of_scopes(scopes).covers(given) && Rights::of_roles(maker).covers(given);
            proptest::prop_assert_eq!(key.cover(given, "give these").is_ok(), may);
        }
    }

    /// An operation that the contract's lint has not checked.
    const MADE_UP: Operation = Operation::new("views_list", "views", "GET", "/views").security(&[
        Requirement::new("user", &[]),
        Requirement::new("key", &[]),
        Requirement::new("portal", &[]),
    ]);

    fn everybody() -> Vec<(&'static str, Grants)> {
        let scopes = PERMISSIONS.iter().filter_map(|permission| permission.scope);
        let key = |scopes: Vec<String>| Principal::Key {
            id: "k".into(),
            scopes,
        };
        let portal = Principal::Portal {
            contact: "c".into(),
            session: "s".into(),
        };
        let of = |principal: &Principal| Grants::of(principal, &"[]".into());
        vec![
            ("owner", person(&["owner"])),
            ("readonly", person(&["readonly"])),
            ("no role", person(&[])),
            ("every scope", of(&key(scopes.map(str::to_owned).collect()))),
            ("no scope", of(&key(Vec::new()))),
            ("customer", of(&portal)),
        ]
    }

    fn admitted(operation: &Operation) -> Vec<&'static str> {
        everybody()
            .into_iter()
            .filter(|(_, grants)| grants.admit(operation).is_ok())
            .map(|(who, _)| who)
            .collect()
    }

    #[test]
    fn what_has_no_rule_is_nobodys() {
        for tag in ["views", "records", "schema", "me"] {
            for method in ["GET", "POST"] {
                let operation = Operation {
                    tag,
                    method,
                    ..MADE_UP
                };
                assert!(admitted(&operation).is_empty(), "{method} {tag}");
            }
        }
        let unknown = Operation {
            permission: Some("views.read"),
            ..MADE_UP
        };
        assert!(admitted(&unknown).is_empty());
        let known = Operation {
            permission: Some("records.write"),
            ..MADE_UP
        };
        assert_eq!(admitted(&known), ["owner", "every scope"]);
        let open = Operation {
            no_permission: Some("Everybody may."),
            ..MADE_UP
        };
        assert_eq!(admitted(&open).len(), everybody().len());
        let portal = Operation {
            security: &[Requirement {
                scheme: "portal",
                scopes: &[],
            }],
            ..open
        };
        assert_eq!(admitted(&portal), ["customer"]);
        let scoped = Operation {
            security: &[Requirement {
                scheme: "key",
                scopes: &["records:read", "records:write"],
            }],
            ..known
        };
        assert_eq!(admitted(&scoped), ["every scope"]);
        let public = Operation {
            security: &[],
            ..MADE_UP
        };
        assert_eq!(admitted(&public).len(), everybody().len());
    }

    #[test]
    fn what_is_told_by_name_is_what_was_told_from_the_first_release_on() {
        let names: Vec<_> = named().collect();
        assert_eq!(
            names,
            [
                "schema.read",
                "schema.write",
                "users.read",
                "users.write",
                "api_keys.read",
                "api_keys.manage",
                "integrations.read",
                "portal_codes.create"
            ]
        );
        for verb in Verb::ALL {
            let name = Action::Records(verb).permission();
            assert!(PERMISSIONS.iter().any(|one| one.name == name), "{name}");
        }
    }
}
