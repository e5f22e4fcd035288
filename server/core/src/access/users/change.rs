//! Adding, changing and deactivating people. Only owners make owners and touch them, and the last one stays.

use std::sync::Arc;

use crm_contract::{codes::Code, v1::types};
use crm_runtime::server::{At, Problem, Reply, Report};

use super::{
    list::missing,
    row::{self, ACTIVE, DEACTIVATED, Profile, User},
};
use crate::{
    access::roles,
    auth::{address::fold, sessions},
    context::Context,
    core::Core,
    fault::Fault,
    ports::{
        Answer, TenantStore,
        store::{Rows, Statement, StoreError, TenantId},
    },
    random_id,
    records::etag,
    work::{AsyncViolation, Decision, Guard, Issued, Outcome, Scope, Violation},
};

type Refusal = Problem<Code>;

/// Adds a person. `answer` makes the operation's response of the person as committed.
pub async fn create<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    body: types::UserCreate,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal> {
    let minted = body.id.is_none();
    let id = body
        .id
        .clone()
        .unwrap_or_else(|| random_id::id(cx.now, &*core.ports().random));
    let password = hash(core, body.password.as_deref()).await?;
    let user = User {
        id,
        version: 0,
        email: body.email.clone(),
        name: body.name.clone(),
        roles: distinct(&body.roles),
        status: ACTIVE.to_owned(),
        external_id: body.external_id.clone(),
        profile: Profile {
            title: body.title.clone(),
            phone: body.phone.clone(),
            manager: body.manager.clone(),
            attributes: body.attributes.clone().unwrap_or_default(),
        },
        content_hash: row::content_hash(&body),
        created_at: cx.now,
        updated_at: cx.now,
    };
    let plan = |_: &Scope| Ok(vec![row::find(&user.id), managers(&user.profile)]);
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let [found, managers] = <[Rows; 2]>::try_from(rows).unwrap_or_default();
        if let Some(found) = found.into_iter().next() {
            let found = User::parse(found)?;
            if minted || found.content_hash != user.content_hash {
                return Err(Problem::new(
                    Code::IdTaken,
                    "The id belongs to somebody else.",
                ));
            }
            return Ok(Decision::nothing(move |_| answer(found.clone())));
        }
        check(&user, managers.is_empty())?;
        if user.is_owner() {
            only_owners(scope)?;
        }
        let made = user.clone();
        Ok(Decision {
            guard: Guard::new().versions("users", [(user.id.as_str(), 0)]),
            versions: 1,
            statements: vec![row::insert(&user, password.clone())?],
            ..Decision::nothing(move |issued: &Issued| {
                answer(User {
                    version: issued.base,
                    ..made.clone()
                })
            })
        })
    };
    let login = add_login(core, cx, &user.email)?;
    core.work
        .write_after(cx, plan, decide, login, taken(core, &user))
        .await
}

/// What a change names; the outer None leaves as it is, the inner one clears.
pub type Changes = types::UserUpdate;

/// Changes what the body names.
pub async fn update<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    if_match: Option<&str>,
    changes: Changes,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal> {
    let password = hash(core, changes.password.as_deref()).await?;
    let manager = Profile {
        manager: changes.manager.clone().flatten(),
        ..Profile::default()
    };
    let plan = |_: &Scope| {
        Ok(vec![
            row::find(id),
            managers(&manager),
            row::other_owners(id),
        ])
    };
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let [found, managers, owners] = <[Rows; 3]>::try_from(rows).unwrap_or_default();
        let before = User::parse(found.into_iter().next().ok_or_else(missing)?)?;
        if etag::if_match(if_match).is_some_and(|versions| !versions.contains(&before.version)) {
            return Err(
                Problem::new(Code::VersionMismatch, "The user has changed since.")
                    .with("version", before.version),
            );
        }
        let after = apply(&before, &changes, cx.now);
        check(&after, manager.manager.is_some() && managers.is_empty())?;
        let touches_login = password.is_some() || fold(&before.email) != fold(&after.email);
        if before.is_owner() != after.is_owner() || (before.is_owner() && touches_login) {
            only_owners(scope)?;
        }
        if password.is_none()
            && (User {
                updated_at: before.updated_at,
                ..after.clone()
            }) == before
        {
            return Ok(Decision::nothing(move |_| answer(before.clone())));
        }
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        if before.is_active_owner() && !after.is_active_owner() {
            guard = keep_an_owner(guard, &before.id, &owners)?;
        }
        let mut statements = vec![row::update(&after, password.clone())?];
        if password.is_some() {
            statements.push(sessions::revoke_all(&before.id, cx.now));
        }
        Ok(changed(guard, statements, after, answer))
    };
    let login = match &changes.email {
        Some(email) => add_login(core, cx, email)?,
        None => no_login(),
    };
    let subject = User {
        email: changes.email.clone().unwrap_or_default(),
        external_id: changes.external_id.clone().flatten(),
        ..nobody(id)
    };
    core.work
        .write_after(cx, plan, decide, login, taken(core, &subject))
        .await
}

/// Takes a person's access away; again changes nothing.
pub async fn deactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal> {
    let plan = |_: &Scope| Ok(vec![row::find(id), row::other_owners(id)]);
    let decide = |scope: &Scope, rows: Vec<Rows>| {
        let [found, owners] = <[Rows; 2]>::try_from(rows).unwrap_or_default();
        let before = User::parse(found.into_iter().next().ok_or_else(missing)?)?;
        if before.status == DEACTIVATED {
            return Ok(Decision::nothing(move |_| answer(before.clone())));
        }
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        if before.is_owner() {
            only_owners(scope)?;
            guard = keep_an_owner(guard, &before.id, &owners)?;
        }
        let after = User {
            status: DEACTIVATED.to_owned(),
            updated_at: cx.now,
            ..before
        };
        let statements = vec![
            row::update(&after, None)?,
            sessions::revoke_all(&after.id, cx.now),
        ];
        Ok(changed(guard, statements, after, answer))
    };
    core.work
        .write_after(cx, plan, decide, no_login(), taken(core, &nobody(id)))
        .await
}

fn changed<R: Reply + 'static>(
    guard: Guard,
    statements: Vec<Statement>,
    after: User,
    answer: fn(User) -> R,
) -> Decision<R> {
    Decision {
        guard,
        versions: 1,
        statements,
        ..Decision::nothing(move |issued: &Issued| {
            answer(User {
                version: issued.base,
                ..after.clone()
            })
        })
    }
}

fn apply(before: &User, changes: &Changes, now: i64) -> User {
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
        after.email.clone_from(email);
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

fn distinct(roles: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for role in roles {
        if !kept.contains(role) {
            kept.push(role.clone());
        }
    }
    kept
}

/// Roles that exist, and a manager who does.
fn check(user: &User, manager_is_missing: bool) -> Result<(), Refusal> {
    let mut report = Report::new();
    let roles = At::BODY.name("roles");
    for (index, role) in user
        .roles
        .iter()
        .enumerate()
        .filter(|(_, role)| roles::find(role).is_none())
    {
        report.add(
            &roles.index(index),
            "role",
            format!("There is no role {role}."),
        );
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
        Err(report.problem().map(|_| Code::FieldInvalid))
    }
}

fn managers(profile: &Profile) -> Statement {
    Statement::new(
        "SELECT 1 FROM users WHERE id = ?1",
        [profile.manager.clone().into()],
    )
}

fn only_owners(scope: &Scope) -> Result<(), Refusal> {
    if scope.grants.is_owner() {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "Only an owner may make owners or change them.",
    )
    .with("permission", "owner"))
}

/// Refused if nobody else is an owner; else the guard holds that somebody is.
fn keep_an_owner(guard: Guard, id: &str, others: &Rows) -> Result<Guard, Refusal> {
    let count = others
        .first()
        .and_then(|row| row.first())
        .and_then(|value| value.as_i64())
        .unwrap_or_default();
    if count == 0 {
        return Err(Problem::new(
            Code::LastOwner,
            "The business would be left without an owner.",
        ));
    }
    Ok(guard.and(&format!("({}) > 0", row::OTHER_OWNERS), [id.into()]))
}

async fn hash(core: &Core, password: Option<&str>) -> Result<Option<String>, Fault> {
    match password {
        Some(password) => Ok(Some(
            core.auth
                .passwords
                .hash(password, &*core.ports().random)
                .await?,
        )),
        None => Ok(None),
    }
}

type Before = Box<dyn Fn() -> Answer<'static, Result<(), StoreError>> + Send>;

/// The directory learns of a login before the tenant does: a login that leads to nobody lets nobody in, while a person
/// whose login leads nowhere could not sign in.
fn add_login(core: &Core, cx: &Context, email: &str) -> Result<Before, Fault> {
    let caller = cx
        .caller
        .as_ref()
        .ok_or(Fault::Unauthenticated("this needs a token"))?;
    let (directory, tenant, login) = (
        core.ports().directory.clone(),
        caller.tenant.clone(),
        fold(email),
    );
    Ok(Box::new(move || {
        let (directory, tenant, login) = (directory.clone(), tenant.clone(), login.clone());
        Box::pin(async move { directory.add_login(&login, &tenant).await })
    }))
}

fn no_login() -> Before {
    Box::new(|| Box::pin(async { Ok(()) }))
}

fn nobody(id: &str) -> User {
    User {
        id: id.to_owned(),
        version: 0,
        email: String::new(),
        name: String::new(),
        roles: Vec::new(),
        status: String::new(),
        external_id: None,
        profile: Profile::default(),
        content_hash: String::new(),
        created_at: 0,
        updated_at: 0,
    }
}

/// Says whose address or external id it is.
struct Taken {
    store: Arc<dyn TenantStore>,
    login: String,
    external_id: Option<String>,
}

fn taken(core: &Core, user: &User) -> Taken {
    Taken {
        store: core.ports().store.clone(),
        login: fold(&user.email),
        external_id: user.external_id.clone(),
    }
}

impl Taken {
    async fn holder(&self, tenant: &TenantId, field: &str) -> Result<Option<String>, StoreError> {
        let statement = match field {
            "email" => Statement::new(
                "SELECT id FROM users WHERE login = ?1",
                [self.login.as_str().into()],
            ),
            _ => Statement::new(
                "SELECT id FROM users WHERE external_id = ?1",
                [self.external_id.clone().into()],
            ),
        };
        let rows = self.store.read(tenant, vec![statement]).await?;
        Ok(rows
            .into_iter()
            .next()
            .and_then(|rows| rows.into_iter().next()?.into_iter().next()?.into_text()))
    }
}

impl AsyncViolation<Refusal> for Taken {
    async fn explain(&self, scope: &Scope, violation: Violation) -> Refusal {
        let field = match violation.constraint.as_str() {
            name if name.contains("login") => "email",
            name if name.contains("external_id") => "external_id",
            other => {
                return Fault::Internal(format!("the constraint {other} refused a user")).into();
            }
        };
        match self.holder(&scope.caller.tenant, field).await {
            Ok(holder) => {
                let problem = Problem::new(
                    Code::UniqueViolation,
                    format!("Another user has this {field}."),
                )
                .with("field", field);
                match holder {
                    Some(id) => problem.with("existing", id),
                    None => problem,
                }
            }
            Err(error) => Fault::from(error).into(),
        }
    }
}
