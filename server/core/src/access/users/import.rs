//! People from another system, many at once: matched by their external id, added or brought up to date in one commit. The
//! same people again change nothing.

use std::collections::{BTreeMap, HashMap};

use crm_contract::codes::Code;
use crm_runtime::server::{At, Problem, Report, StoredAnswer};
use serde_json::json;

use super::row::{ACTIVE, COLUMNS, Profile, User};
use crate::{
    access::roles,
    auth::address::fold,
    context::Context,
    core::Core,
    fault::Fault,
    ports::store::{Rows, Statement},
    random_id,
    work::{Decision, Guard, NoneExpected, Outcome, Scope},
};

/// So many at once.
pub const MOST: usize = 1_000;

/// A person as another system has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    pub external_id: String,
    pub email: String,
    pub name: String,
    pub title: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// By external id, of this import or of an earlier one.
    pub manager: Option<String>,
    /// Given to new people; those who are known keep theirs.
    pub roles: Vec<String>,
    pub attributes: BTreeMap<String, String>,
}

/// What became of one, and under which id it is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub id: String,
    pub outcome: Became,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Added,
    Changed,
    Unchanged,
}

/// Brings people in, in their order. A failure names the place: `/body/<index>/<property>`.
pub async fn import(
    core: &Core,
    cx: &Context,
    people: &[Incoming],
) -> Result<Vec<Imported>, Problem<Code>> {
    if people.len() > MOST {
        return Err(Fault::Internal(format!("more than {MOST} people at once")).into());
    }
    let tenant = cx
        .caller
        .as_ref()
        .map(|caller| caller.tenant.clone())
        .ok_or(Fault::Unauthenticated("this needs a token"))?;
    for person in people {
        core.ports()
            .directory
            .add_login(&fold(&person.email), &tenant)
            .await
            .map_err(Fault::from)?;
    }
    let fresh: Vec<String> = people
        .iter()
        .map(|_| random_id::id(cx.now, &*core.ports().random))
        .collect();
    let names: Vec<&str> = people
        .iter()
        .flat_map(|person| [Some(person.external_id.as_str()), person.manager.as_deref()])
        .flatten()
        .collect();
    let logins: Vec<String> = people.iter().map(|person| fold(&person.email)).collect();
    let plan = |_: &Scope| {
        Ok(vec![
            Statement::new(
                format!(
                    "SELECT {COLUMNS} FROM users WHERE external_id IN (SELECT value FROM json_each(?1))"
                ),
                [json!(names).to_string().into()],
            ),
            Statement::new(
                "SELECT login, coalesce(external_id, '') FROM users WHERE login IN (SELECT value FROM json_each(?1))",
                [json!(logins).to_string().into()],
            ),
        ])
    };
    let decide = |_: &Scope, rows: Vec<Rows>| {
        let [known, taken] = <[Rows; 2]>::try_from(rows).unwrap_or_default();
        let known = known
            .into_iter()
            .map(User::parse)
            .collect::<Result<Vec<_>, _>>()?;
        let known: HashMap<String, User> = known
            .into_iter()
            .filter_map(|user| Some((user.external_id.clone()?, user)))
            .collect();
        let taken: HashMap<String, String> = taken
            .into_iter()
            .filter_map(|row| {
                <[_; 2]>::try_from(row)
                    .ok()
                    .and_then(|[login, who]| Some((login.into_text()?, who.into_text()?)))
            })
            .collect();
        let (imported, users) = merge(people, &fresh, &known, &taken, cx.now)?;
        let guard = Guard::new().versions(
            "users",
            users
                .iter()
                .map(|(user, version)| (user.id.as_str(), *version)),
        );
        let statements = if users.is_empty() {
            Vec::new()
        } else {
            vec![write(&users)]
        };
        Ok(Decision {
            guard,
            versions: users.len() as u32,
            statements,
            ..Decision::nothing(move |_| Answered(imported.clone()))
        })
    };
    match core
        .work
        .write::<_, Problem<Code>>(cx, plan, decide, NoneExpected)
        .await?
    {
        Outcome::Done(Answered(imported)) => Ok(imported),
        Outcome::Replayed(StoredAnswer { .. }) => {
            Err(Fault::Internal("an import was replayed".into()).into())
        }
    }
}

/// An import is no operation: nobody is sent this.
struct Answered(Vec<Imported>);

impl crm_runtime::server::Reply for Answered {
    fn reply(self) -> Result<crm_runtime::server::Answer, serde_json::Error> {
        Ok(crm_runtime::server::Answer::empty(204))
    }
}

type Merged = (Vec<Imported>, Vec<(User, i64)>);

/// What the people become, and the rows to write with the versions that they have now (0: none).
fn merge(
    people: &[Incoming],
    fresh: &[String],
    known: &HashMap<String, User>,
    taken: &HashMap<String, String>,
    now: i64,
) -> Result<Merged, Problem<Code>> {
    let mut report = Report::new();
    let mut ids: HashMap<&str, &str> = known
        .iter()
        .map(|(name, user)| (name.as_str(), user.id.as_str()))
        .collect();
    let mut logins: HashMap<String, &str> = taken
        .iter()
        .map(|(login, who)| (login.clone(), who.as_str()))
        .collect();
    for (index, (person, id)) in people.iter().zip(fresh).enumerate() {
        let place = At::BODY.index(index);
        if people[..index]
            .iter()
            .any(|other| other.external_id == person.external_id)
        {
            report.add(&place.name("external_id"), "unique", "Is there twice.");
        }
        ids.entry(&person.external_id).or_insert(id);
        if *logins
            .entry(fold(&person.email))
            .or_insert(&person.external_id)
            != person.external_id
        {
            report.add(
                &place.name("email"),
                "unique",
                "Somebody else has this address.",
            );
        }
        for role in person
            .roles
            .iter()
            .filter(|role| roles::find(role).is_none())
        {
            report.add(
                &place.name("roles"),
                "role",
                format!("There is no role {role}."),
            );
        }
    }
    let mut imported = Vec::with_capacity(people.len());
    let mut users = Vec::new();
    for (index, (person, id)) in people.iter().zip(fresh).enumerate() {
        let manager = person
            .manager
            .as_deref()
            .map(|name| ids.get(name).map(|id| (*id).to_owned()));
        if manager == Some(None) {
            report.add(
                &At::BODY.index(index).name("manager"),
                "relation",
                "There is no such person.",
            );
        }
        let before = known.get(&person.external_id);
        let after = User {
            email: person.email.clone(),
            name: person.name.clone(),
            external_id: Some(person.external_id.clone()),
            profile: Profile {
                title: person.title.clone(),
                phone: person.phone.clone(),
                manager: manager.flatten(),
                attributes: person.attributes.clone(),
            },
            updated_at: now,
            ..before.cloned().unwrap_or_else(|| User {
                id: id.clone(),
                version: 0,
                email: String::new(),
                name: String::new(),
                roles: person.roles.clone(),
                status: ACTIVE.to_owned(),
                external_id: None,
                profile: Profile::default(),
                content_hash: String::new(),
                created_at: now,
                updated_at: now,
            })
        };
        let outcome = match before {
            None => Became::Added,
            Some(before)
                if User {
                    updated_at: before.updated_at,
                    ..after.clone()
                } == *before =>
            {
                Became::Unchanged
            }
            Some(_) => Became::Changed,
        };
        imported.push(Imported {
            id: after.id.clone(),
            outcome,
        });
        if outcome != Became::Unchanged {
            let version = after.version;
            users.push((after, version));
        }
    }
    if report.is_clean() {
        Ok((imported, users))
    } else {
        Err(report.problem().map(|_| Code::ValidationFailed))
    }
}

/// One statement for all, whose rows travel as JSON.
fn write(users: &[(User, i64)]) -> Statement {
    let rows: Vec<_> = users
        .iter()
        .map(|(user, _)| {
            json!([
                user.id,
                user.email,
                fold(&user.email),
                user.name,
                json!(user.roles).to_string(),
                user.status,
                user.external_id,
                json!(user.profile).to_string(),
                user.content_hash,
                user.created_at,
                user.updated_at
            ])
        })
        .collect();
    Statement::new(
        "INSERT INTO users (id, version, email, login, name, roles, status, external_id, profile, content_hash, created_at, updated_at) \
         SELECT value ->> 0, (SELECT base FROM meta) + key, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
         value ->> 8, value ->> 9, value ->> 10 FROM json_each(?1) WHERE true \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, email = excluded.email, login = excluded.login, name = excluded.name, \
         profile = excluded.profile, updated_at = excluded.updated_at",
        [json!(rows).to_string().into()],
    )
}
