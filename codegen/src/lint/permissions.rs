//! Permissions of operations. Each operation that needs a token names a permission, or says why it needs none; none is
//! open by omission.

use std::collections::HashSet;

use super::Lint;
use super::security::declared_scopes;
use crate::document::{Method, Operation, Permission};
use crate::text::distance;

const NO_PERMISSION: &str = "x-no-permission";

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    let permissions = document.permissions();
    for operation in &document.operations {
        rule(lint, operation);
        known(lint, operation, &permissions);
        keys(lint, operation, &permissions);
    }
    registry(lint, &permissions);
}

/// Requires exactly one of `x-permission` and `x-no-permission`.
fn rule(lint: &mut Lint<'_>, operation: &Operation) {
    let id = &operation.id;
    let public = operation.security.is_empty();
    let exempt = super::exempt(lint, operation, NO_PERMISSION, !public);
    match (&operation.permission, exempt) {
        (None, false) if !public => lint.report(
            "permission-missing",
            &operation.at,
            format!("`{id}` needs a token and does not say which permission; what has no rule is refused to everybody"),
            "add `x-permission` with a name of the root's x-permissions, or `x-no-permission` with the reason why everybody who is signed in may call it",
        ),
        (Some(permission), true) => lint.report(
            "permission-missing",
            &operation.at,
            format!("`{id}` asks for the permission `{permission}` and says that it needs none"),
            "remove `x-permission` or `x-no-permission`",
        ),
        (Some(permission), false) if public => lint.report(
            "permission-unknown",
            &operation.at,
            format!("`{id}` is public and asks for the permission `{permission}`"),
            "add `security`, or remove x-permission",
        ),
        _ => {}
    }
}

fn known(lint: &mut Lint<'_>, operation: &Operation, permissions: &[Permission<'_>]) {
    let Some(asked) = &operation.permission else {
        return;
    };
    if permissions.iter().any(|known| known.name == asked) {
        return;
    }
    let near = permissions
        .iter()
        .find(|known| distance(known.name, asked, 2).is_some())
        .map(|near| format!(" (there is `{}`)", near.name))
        .unwrap_or_default();
    let message = format!("no permission is called `{asked}`{near}");
    lint.report(
        "permission-unknown",
        &operation.at,
        message,
        "add it to x-permissions at the root, or correct it",
    );
}

/// An operation that requires a permission of persons requires of keys the scope that grants it. An operation that only
/// reads may require the scope of the permission to read the same things instead.
fn keys(lint: &mut Lint<'_>, operation: &Operation, permissions: &[Permission<'_>]) {
    let Some(asked) = &operation.permission else {
        return;
    };
    let grants = |name: &str, scopes: &[String]| {
        let permission = permissions.iter().find(|known| known.name == name);
        let scope = permission.and_then(|permission| permission.scope);
        scope.is_some_and(|scope| scopes.iter().any(|named| named == scope))
    };
    let reading = reading(operation, asked);
    for requirement in &operation.security {
        let (scheme, scopes) = (&requirement.scheme, requirement.scopes.as_slice());
        if declared_scopes(lint.document, scheme).is_none() {
            continue;
        }
        let message = if scopes.is_empty() {
            format!(
                "every token of the scheme `{scheme}` may call `{}`, which asks persons for a permission",
                operation.id
            )
        } else if permissions.iter().any(|known| known.name == asked)
            && !grants(asked, scopes)
            && !reading.as_ref().is_some_and(|read| grants(read, scopes))
        {
            format!(
                "tokens of the scheme `{scheme}` may call `{}` without the scope that grants `{asked}`, which it asks persons for",
                operation.id
            )
        } else {
            continue;
        };
        let mend = "name the scope that grants its permission in the root's x-permissions, or take the scheme away";
        lint.report("scope-missing", &requirement.at, message, mend);
    }
}

/// For an operation that only reads, the permission to read the same things: `keys.read` for `keys.manage`.
fn reading(operation: &Operation, permission: &str) -> Option<String> {
    let (noun, _) = permission.rsplit_once('.')?;
    (operation.method == Method::Get).then(|| format!("{noun}.read"))
}

/// Checks `x-permissions`, and that each scope grants something.
fn registry(lint: &mut Lint<'_>, permissions: &[Permission<'_>]) {
    let document = lint.document;
    let scopes: Vec<(&str, Vec<String>)> = document
        .security_schemes
        .keys()
        .filter_map(|scheme| Some((scheme.as_str(), declared_scopes(document, scheme)?)))
        .collect();
    for permission in permissions {
        let name = permission.name;
        if permission
            .description
            .is_none_or(|text| text.trim().is_empty())
            || !permission.unknown.is_empty()
        {
            let message =
                format!("the entry of `{name}` is neither a text nor `{{description, scope}}`");
            lint.report(
                "permission-form",
                &permission.at,
                message,
                "write what it allows, and the scope that grants it to a key",
            );
        }
        if let Some(scope) = permission.scope
            && !scopes
                .iter()
                .any(|(_, declared)| declared.iter().any(|known| known == scope))
        {
            let message =
                format!("`{name}` is granted by the scope `{scope}`, which no scheme has");
            lint.report(
                "permission-scope",
                &permission.at,
                message,
                "add the scope to the scheme's x-scopes, or correct it",
            );
        }
    }
    let granting: HashSet<&str> = permissions.iter().filter_map(|one| one.scope).collect();
    for (scheme, declared) in &scopes {
        let Some(scheme) = document.security_schemes.get(*scheme) else {
            continue;
        };
        for scope in declared
            .iter()
            .filter(|scope| !granting.contains(scope.as_str()))
        {
            let message =
                format!("the scope `{scope}` grants no permission, so anybody could grant it");
            lint.report(
                "permission-scope",
                &scheme.at,
                message,
                "name it as the `scope` of what it grants in the root's x-permissions",
            );
        }
    }
}
