//! The caller's allowed actions, computed by the rules that enforce them.

use crm_contract::latest::types::{
    Permission, PermissionRecordScope, PermissionSource, PermissionSourceKind,
};

use crate::access::grants::{Action, Grants, Rule, Verb, named};

/// One entry for each allowed action and object type, then the named permissions.
pub fn list<'a>(grants: &Grants, types: impl Iterator<Item = &'a str>) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for object_type in types {
        for verb in Verb::ALL {
            let Some(granted_by) = grants.rule(Action::Records(verb)).and_then(source) else {
                continue;
            };
            let all = || Some(vec!["*".to_owned()]);
            let writes = matches!(verb, Verb::Create | Verb::Update);
            permissions.push(Permission {
                action: verb.name().to_owned(),
                object_type: Some(object_type.to_owned()),
                record_scope: Some(PermissionRecordScope::All),
                read_fields: if grants.allows(Action::Records(Verb::Read)) {
                    all()
                } else {
                    Some(Vec::new())
                },
                write_fields: if writes { all() } else { Some(Vec::new()) },
                granted_by,
            });
        }
    }
    for name in named() {
        if let Some(granted_by) = grants.rule(Action::Named(name)).and_then(source) {
            permissions.push(Permission {
                action: name.to_owned(),
                object_type: None,
                record_scope: None,
                read_fields: None,
                write_fields: None,
                granted_by,
            });
        }
    }
    permissions
}

/// None for the operator of the machine, who does not use this list.
fn source(rule: Rule) -> Option<PermissionSource> {
    let (kind, name) = match rule {
        Rule::Role(name) => (PermissionSourceKind::Role, name),
        Rule::Scope(name) => (PermissionSourceKind::Scope, name),
        Rule::Operator => return None,
    };
    Some(PermissionSource {
        kind,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Principal;

    fn told(principal: &Principal, roles: &str) -> Vec<String> {
        let list = list(&Grants::of(principal, &roles.into()), ["job"].into_iter());
        list.into_iter()
            .map(|one| {
                format!(
                    "{} {} by {:?} {}",
                    one.action,
                    one.object_type.unwrap_or_default(),
                    one.granted_by.kind,
                    one.granted_by.name
                )
            })
            .collect()
    }

    #[test]
    fn what_is_told_names_the_rule_that_grants_it() {
        let user = Principal::User {
            id: "u".into(),
            session: "s".into(),
        };
        assert_eq!(
            told(&user, r#"["readonly"]"#),
            [
                "read job by Role readonly",
                "schema.read  by Role readonly",
                "users.read  by Role readonly"
            ]
        );
        assert_eq!(
            told(&user, r#"["readonly","owner"]"#).len(),
            Verb::ALL.len() + named().count()
        );
        assert!(
            told(&user, r#"["readonly","owner"]"#)
                .iter()
                .all(|one| one.ends_with("by Role owner"))
        );
        assert!(told(&user, "[]").is_empty());
        let key = Principal::Key {
            id: "k".into(),
            scopes: vec!["records:write".into()],
        };
        assert_eq!(
            told(&key, "[]"),
            [
                "create job by Scope records:write",
                "update job by Scope records:write",
                "delete job by Scope records:write"
            ]
        );
    }
}
