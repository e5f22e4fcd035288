//! The conflicts of an import of people, found before any person is written: addresses and external ids that are taken,
//! and roles that do not exist.

use std::collections::HashMap;

use serde_json::json;

use crate::{
    access::roles,
    auth::address::fold,
    context::Context,
    fault::Fault,
    ports::store::{Rows, Statement},
    records::import::Seen,
    work::{Reads, Scope, Work},
};

/// A person as an import would add or change them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    pub id: String,
    pub email: Option<String>,
    pub external_id: Option<String>,
    pub roles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The index of the incoming person.
    pub place: usize,
    pub property: &'static str,
    pub what: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The value is taken: the id of the user or of the earlier incoming person that has it.
    Taken(String),
    NoRole(String),
}

/// Checks people in order, with one read. `seen` holds what earlier people of the same import changed.
pub async fn conflicts(
    work: &Work,
    cx: &Context,
    people: &[Incoming],
    seen: &mut dyn Seen,
) -> Result<Vec<Conflict>, Fault> {
    let list = |of: &dyn Fn(&Incoming) -> Option<String>| {
        let values: Vec<String> = people.iter().filter_map(of).collect();
        json!(values).to_string().into()
    };
    let params = [
        list(&|person| person.email.as_deref().map(fold)),
        list(&|person| person.external_id.clone()),
        list(&|person| Some(person.id.clone())),
    ];
    let plan = |_: &Scope| {
        Ok::<_, Fault>(Reads::one::<Rows>(Statement::new(
            "SELECT id, login, external_id FROM users WHERE login IN (SELECT value FROM json_each(?1)) \
             OR external_id IN (SELECT value FROM json_each(?2)) OR id IN (SELECT value FROM json_each(?3))",
            params.clone(),
        )))
    };
    let (_, rows, mut found) = work.read(cx, plan).await?;
    judge(people, found.take(rows)?, seen)
}

/// `rows`: id, login and external id of every user that may conflict.
fn judge(people: &[Incoming], rows: Rows, seen: &mut dyn Seen) -> Result<Vec<Conflict>, Fault> {
    let mut holders: HashMap<(&'static str, String), String> = HashMap::new();
    let mut had: HashMap<(&'static str, String), String> = HashMap::new();
    for row in rows {
        let mut columns = row.into_iter().map(|value| value.into_text());
        let mut next = || columns.next().flatten();
        let Some(id) = next() else { continue };
        for property in ["email", "external_id"] {
            if let Some(value) = next() {
                holders.insert((property, value.clone()), id.clone());
                had.insert((property, id.clone()), value);
            }
        }
    }
    let mut conflicts = Vec::new();
    for (place, person) in people.iter().enumerate() {
        let mut tell = |property, what| {
            conflicts.push(Conflict {
                place,
                property,
                what,
            });
        };
        let email = person.email.as_deref().map(fold);
        for (property, before, value) in [
            ("email", "the email of", email),
            (
                "external_id",
                "the external_id of",
                person.external_id.clone(),
            ),
        ] {
            let Some(value) = value else { continue };
            let holder = match seen.get(property, &value)? {
                Some(holder) => holder,
                None => holders.get(&(property, value.clone())).cloned(),
            };
            if let Some(by) = holder.filter(|by| *by != person.id) {
                tell(property, Wrong::Taken(by));
                continue;
            }
            let old = match seen.get(before, &person.id)? {
                Some(old) => old,
                None => had.get(&(property, person.id.clone())).cloned(),
            };
            if let Some(old) = old {
                seen.set(property, &old, None)?;
            }
            seen.set(before, &person.id, Some(&value))?;
            seen.set(property, &value, Some(&person.id))?;
        }
        for role in &person.roles {
            if roles::find(role).is_none() {
                tell("roles", Wrong::NoRole(role.clone()));
            }
        }
    }
    Ok(conflicts)
}
