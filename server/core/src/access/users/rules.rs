//! The rules for every change of a person: roles and managers exist, a caller grants no rights that they lack and takes
//! over no person who has more, and the last owner stays. Plain functions over plain data.

use std::collections::HashSet;

use crm_contract::{codes, latest::types::UserUpdate};
use crm_runtime::server::{At, Report};

use super::row::{self, User};
use crate::{
    access::{grants::Grants, roles},
    auth::{address::fold, password::opaque},
    fault::Fault,
    refusal::Refusal,
    work::Guard,
};

/// The person after a change.
pub fn apply(before: &User, changes: &UserUpdate, now: i64) -> User {
    let mut after = User {
        updated_at: now,
        ..before.clone()
    };
    let set = |field: &mut Option<String>, change: &Option<Option<String>>| {
        if let Some(change) = change {
            field.clone_from(change);
        }
    };
    set(&mut after.profile.title, &changes.title);
    set(&mut after.profile.phone, &changes.phone);
    set(&mut after.profile.manager, &changes.manager);
    set(&mut after.external_id, &changes.external_id);
    if let Some(email) = &changes.email {
        after.email = email.trim().to_owned();
    }
    if let Some(name) = &changes.name {
        after.name.clone_from(name);
    }
    if let Some(roles) = &changes.roles {
        after.roles = distinct(roles);
    }
    if let Some(attributes) = &changes.attributes {
        after.profile.attributes.clone_from(attributes);
    }
    after
}

/// The names or ids without duplicates, in the order given.
pub fn distinct(names: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let kept = names.iter().filter(|name| seen.insert(name.as_str()));
    kept.cloned().collect()
}

/// Checks that the roles and the manager exist and that the password may be set.
pub fn check(
    user: &User,
    manager_is_missing: bool,
    password: Option<&str>,
) -> Result<(), Refusal<codes::FieldInvalid>> {
    let mut report = Report::new();
    if let Some((rule, message)) = password.and_then(opaque::refused) {
        report.add(&At::BODY.name("password"), rule, message);
    }
    let roles = At::BODY.name("roles");
    for (index, role) in user
        .roles
        .iter()
        .enumerate()
        .filter(|(_, role)| roles::find(role).is_none())
    {
        report.add(&roles.index(index), "role", roles::unknown(role));
    }
    if user.profile.manager.is_some() && manager_is_missing {
        report.add(
            &At::BODY.name("manager"),
            "relation",
            "There is no such user.",
        );
    }
    if user.profile.manager.as_ref() == Some(&user.id) {
        report.add(
            &At::BODY.name("manager"),
            "relation",
            "Nobody reports to themselves.",
        );
    }
    if report.is_clean() {
        Ok(())
    } else {
        Err(Refusal::Refused(
            report.problem().map(|_| codes::FieldInvalid),
        ))
    }
}

/// `revoke_api_keys` is valid only together with new roles, which decide which keys allow too much.
pub fn revoking_needs_roles(changes: &UserUpdate) -> Result<(), Refusal<codes::FieldInvalid>> {
    if changes.revoke_api_keys != Some(true) || changes.roles.is_some() {
        return Ok(());
    }
    let mut report = Report::new();
    report.add(
        &At::BODY.name("revoke_api_keys"),
        "roles",
        "Name the roles as well: the API keys that allow more than these are revoked.",
    );
    Err(Refusal::Refused(
        report.problem().map(|_| codes::FieldInvalid),
    ))
}

/// To change what a person may do, or how the person signs in, a caller must hold all the rights that the person has before
/// and after. So nobody gives rights that they lack, and nobody takes over a person who has more. A person always holds
/// their own rights, so they may set their own password.
pub fn may_change(
    caller: &Grants,
    before: &User,
    after: &User,
    new_password: bool,
) -> Result<(), Fault> {
    let way_in = new_password
        || fold(&before.email) != fold(&after.email)
        || before.external_id != after.external_id;
    if before.roles != after.roles {
        caller.cover(before.rights(), "change the roles of this person")?;
        caller.cover(after.rights(), "give these roles")?;
    }
    if way_in {
        caller.cover(before.rights(), "change how this person signs in")?;
    }
    Ok(())
}

/// Refused if `others` is 0; otherwise the guard proves that another active owner exists.
pub fn keep_an_owner(
    guard: Guard,
    id: &str,
    others: i64,
) -> Result<Guard, Refusal<codes::LastOwner>> {
    if others == 0 {
        return Err(Refusal::new(
            codes::LastOwner,
            "The business would be left without an owner.",
        ));
    }
    Ok(guard.and(&format!("({}) > 0", row::OTHER_OWNERS), [id.into()]))
}
