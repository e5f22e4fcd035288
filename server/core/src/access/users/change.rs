//! Adding, changing and deactivating people. Only owners make owners and touch them, and the last one stays.

use crm_contract::latest::types;
use crm_runtime::server::Reply;

use super::{
    list::missing,
    row::{self, ACTIVE, DEACTIVATED, Profile, User},
    rules::{apply, check, distinct, keep_an_owner, only_owners},
    taken::Taken,
};
use crate::{
    auth::{address::fold, sessions},
    code_set,
    context::Context,
    core::Core,
    fault::Fault,
    ports::{
        Answer,
        store::{Rows, Statement, StoreError},
    },
    random_id,
    records::etag,
    refusal::Refusal,
    work::{Decision, Guard, Issued, NoneExpected, Outcome, Scope},
};

code_set! {
    pub enum Adding { IdTaken, UniqueViolation, FieldInvalid }
}

code_set! {
    pub enum Changing { NotFound, UniqueViolation, LastOwner, VersionMismatch, FieldInvalid }
}

code_set! {
    pub enum Deactivating { NotFound, LastOwner }
}

/// Adds a person. `answer` makes the operation's response of the person as committed.
pub async fn create<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    body: types::UserCreate,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal<Adding>> {
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
                return Err(Refusal::new(
                    Adding::IdTaken,
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
        .write_after(
            cx,
            plan,
            decide,
            login,
            Taken::new(core, Some(&user.email), user.external_id.as_deref()),
        )
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
) -> Result<Outcome<R>, Refusal<Changing>> {
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
                Refusal::new(Changing::VersionMismatch, "The user has changed since.")
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
    let external_id = changes.external_id.as_ref().and_then(Option::as_deref);
    let taken = Taken::new(core, changes.email.as_deref(), external_id);
    core.work.write_after(cx, plan, decide, login, taken).await
}

/// Takes a person's access away; again changes nothing.
pub async fn deactivate<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal<Deactivating>> {
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
        .write_after(cx, plan, decide, no_login(), NoneExpected)
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

fn managers(profile: &Profile) -> Statement {
    Statement::new(
        "SELECT 1 FROM users WHERE id = ?1",
        [profile.manager.clone().into()],
    )
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
