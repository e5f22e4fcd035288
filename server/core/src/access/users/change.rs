//! Adding and changing people. A caller cannot give rights that they lack or take over a person with more rights, and
//! the last owner stays. A password is hashed only after these checks.

use async_lock::OnceCell;
use crm_contract::latest::types;
use crm_runtime::server::Reply;

use super::{
    excess::{AskedKeys, Excess, Judged, WithKeys},
    row::{self, ACTIVE, Profile, User, missing},
    rules::{apply, check, distinct, keep_an_owner, may_change, revoking_needs_roles},
    taken::Taken,
};
use crate::{
    access::rights::Rights,
    auth::{address::fold, password::Party, sessions},
    code_set,
    context::{Context, Principal},
    core::Core,
    etag,
    fault::Fault,
    new_id::NewId,
    ports::{
        Answer,
        store::{Statement, TenantId},
    },
    refusal::Refusal,
    rows,
    work::{Decision, Found, Guard, Issued, Outcome, Reads, Scope, Wanted},
};

code_set! {
    pub enum Adding { IdTaken, UniqueViolation, FieldInvalid }
}

code_set! {
    pub enum Changing { NotFound, UniqueViolation, LastOwner, VersionMismatch, FieldInvalid }
}

/// Adds a person. `answer` makes the operation's response of the person as committed.
pub async fn create<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    body: types::UserCreate,
    answer: fn(User) -> R,
) -> Result<Outcome<R>, Refusal<Adding>> {
    let new_id = NewId::of(core, cx, body.id.clone());
    let user = User {
        id: new_id.id.clone(),
        version: 0,
        email: body.email.trim().to_owned(),
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
    let plan = |_: &Scope| {
        let mut reads = Reads::default();
        let there = reads.add::<Option<User>>(rows::find::<User>(&user.id));
        let manager = reads.add::<bool>(manager(&user.profile));
        Ok((reads, (there, manager)))
    };
    let decide = |scope: &Scope,
                  (there, manager): (Wanted<Option<User>>, Wanted<bool>),
                  mut found: Found| {
        // Checked first, so that a refused caller learns nothing of existing people.
        scope.grants.cover(user.rights(), "give these roles")?;
        let there = found.take(there)?;
        let there = new_id.repeated(there, |user| &user.content_hash, &user.content_hash)?;
        if let Some(found) = there {
            return Ok(Decision::nothing(move |_| answer(found.clone())));
        }
        check(&user, !found.take(manager)?, body.password.as_deref())?;
        let made = user.clone();
        let entry = user.created()?;
        let statements = vec![row::insert(&user)];
        let decision = Decision::change(vec![entry], statements, move |issued: &Issued| {
            answer(User {
                version: issued.base,
                ..made.clone()
            })
        });
        Ok(decision.under(Guard::new().versions("users", [(user.id.as_str(), 0)])))
    };
    let outside = Outside::new(
        core,
        cx,
        &user.id,
        Some(&user.email),
        body.password.as_deref(),
    )?;
    core.work
        .write_after(
            cx,
            plan,
            decide,
            || outside.stand(),
            Taken::new(core, Some(&user.email), user.external_id.as_deref()),
        )
        .await
}

/// The properties to change. The outer None leaves a property as it is; the inner None clears it.
pub type Changes = types::UserUpdate;

/// Changes the properties that the body names. API keys of the person that allow more than the new roles keep working,
/// unless the request revokes them in the same commit.
pub async fn update<R: Reply + 'static>(
    core: &Core,
    cx: &Context,
    id: &str,
    if_match: Option<&str>,
    changes: Changes,
    answer: fn(WithKeys) -> R,
) -> Result<Outcome<R>, Refusal<Changing>> {
    revoking_needs_roles(&changes)?;
    let excess = changes.roles.as_ref().map(|roles| Excess {
        person: id,
        left: Rights::of_roles(roles.iter().map(String::as_str)),
        revoke: changes.revoke_api_keys.unwrap_or_default(),
        now: cx.now,
    });
    let password = changes.password.as_deref();
    let profile = Profile {
        manager: changes.manager.clone().flatten(),
        ..Profile::default()
    };
    let plan = |scope: &Scope| {
        let mut reads = Reads::default();
        let asked = Asked {
            user: reads.add(rows::find::<User>(id)),
            manager: reads.add(manager(&profile)),
            owners: reads.add(row::other_owners(id)),
            keys: excess.and_then(|excess| excess.plan(&scope.grants, &mut reads)),
        };
        Ok((reads, asked))
    };
    let decide = |scope: &Scope, asked: Asked, mut found: Found| {
        let before = found.take(asked.user)?.ok_or_else(missing)?;
        etag::expect(if_match, before.version, "The user has changed since.")?;
        let after = apply(&before, &changes, cx.now);
        let no_manager = profile.manager.is_some() && !found.take(asked.manager)?;
        check(&after, no_manager, password)?;
        may_change(&scope.grants, &before, &after, password.is_some())?;
        let same = User {
            updated_at: before.updated_at,
            ..after.clone()
        };
        let is_changed = password.is_some() || same != before;
        let mut guard = Guard::new().versions("users", [(before.id.as_str(), before.version)]);
        if before.is_active_owner() && !after.is_active_owner() {
            guard = keep_an_owner(guard, &before.id, found.take(asked.owners)?)?;
        }
        let mut statements = Vec::new();
        if is_changed {
            statements.push(row::update(&before, &after));
        }
        if password.is_some() {
            // A person who changes their own password keeps the current session.
            let kept = match cx.caller.as_ref().map(|caller| &caller.principal) {
                Some(Principal::User { id, session }) if *id == before.id => Some(session.as_str()),
                _ => None,
            };
            statements.push(sessions::revoke_all(&before.id, kept, cx.now));
        }
        let (place, grants) = (u32::from(is_changed), &scope.grants);
        let keys = match excess {
            Some(excess) => excess.judge(grants, asked.keys, &mut found, guard, place)?,
            None => Judged::none(guard),
        };
        if !is_changed {
            return Ok(keys.decision(before, None, statements, answer));
        }
        let mut entry = before.changed("update", &after)?;
        if password.is_some() {
            entry = entry.with("password", "changed");
        }
        Ok(keys.decision(after, Some(entry), statements, answer))
    };
    let outside = Outside::new(core, cx, id, changes.email.as_deref(), password)?;
    let external_id = changes.external_id.as_ref().and_then(Option::as_deref);
    let taken = Taken::new(core, changes.email.as_deref(), external_id);
    core.work
        .write_after(cx, plan, decide, || outside.stand(), taken)
        .await
}

/// What is read to change a person.
struct Asked {
    user: Wanted<Option<User>>,
    manager: Wanted<bool>,
    owners: Wanted<i64>,
    keys: Option<AskedKeys>,
}

fn manager(profile: &Profile) -> Statement {
    Statement::new(
        "SELECT 1 FROM users WHERE id = ?1",
        [profile.manager.clone().into()],
    )
}

/// The work outside the tenant's database that a change of a person needs: the login in the directory, and the password
/// hash. It is done before the commit, after the caller is known to be allowed and the change is decided.
struct Outside<'a> {
    core: &'a Core,
    tenant: &'a TenantId,
    id: &'a str,
    /// The folded login address, if the change may set a new one.
    login: Option<String>,
    password: Option<&'a str>,
    party: Party,
    /// Computed once per request, however often the commit is tried.
    hash: OnceCell<String>,
}

impl<'a> Outside<'a> {
    fn new(
        core: &'a Core,
        cx: &'a Context,
        id: &'a str,
        email: Option<&str>,
        password: Option<&'a str>,
    ) -> Result<Self, Fault> {
        let caller = cx
            .caller
            .as_ref()
            .ok_or(Fault::Unauthenticated("this needs a token"))?;
        Ok(Self {
            core,
            tenant: &caller.tenant,
            id,
            login: email.map(fold),
            password,
            party: Party::of(cx),
            hash: OnceCell::new(),
        })
    }

    /// Does this work, and returns the statement that sets the new password, if any.
    fn stand(&self) -> Answer<'_, Result<Vec<Statement>, Fault>> {
        Box::pin(async move {
            let mut statements = Vec::new();
            let ports = self.core.ports();
            if let Some(password) = self.password {
                let passwords = &self.core.auth.passwords;
                let hashing = || passwords.hash(password, &*ports.random, &self.party);
                let hash = self.hash.get_or_try_init(hashing).await?;
                statements.push(row::set_password(self.id, hash));
            }
            // The directory gets the login before the tenant does. A login without a person lets nobody in; a person
            // without a directory entry could not sign in.
            if let Some(login) = &self.login {
                ports.directory.add_login(login, self.tenant).await?;
            }
            Ok(statements)
        })
    }
}
