//! Address and password of a person. The address may be known to several businesses: then the request has to name one of
//! those that the password fits.

use crm_contract::{codes, latest::types::TokenResponse};
use serde_json::json;

use super::{Exchanging, answer, attempt, commit, read, refused};
use crate::{
    auth::{address::fold, sessions},
    context::Context,
    core::Core,
    fault::Fault,
    ports::store::{Rows, Statement, TenantId, Value},
    refusal::Refusal,
    work::Guard,
};

/// Of so many businesses the password is tried. An address that is known to more has to name one.
const MOST_TENANTS: usize = 5;

struct Account {
    tenant: TenantId,
    tenant_secret: String,
    user: String,
    hash: String,
}

pub async fn exchange(
    core: &Core,
    cx: &Context,
    email: &str,
    password: &str,
    tenant: Option<&str>,
) -> Result<TokenResponse, Refusal<Exchanging>> {
    let login = fold(email);
    attempt(core, cx, &login).await?;
    let tenants = match tenant {
        Some(tenant) => TenantId::parse(tenant).into_iter().collect(),
        None => core
            .ports()
            .directory
            .tenants_of_login(&login)
            .await
            .map_err(Fault::from)?,
    };
    let mut accounts = Vec::new();
    for tenant in tenants.into_iter().take(MOST_TENANTS) {
        let rows = read(core, &tenant, find(&login)).await?;
        accounts.extend(parse(tenant, rows));
    }
    let mut fitting = Vec::new();
    if accounts.is_empty() {
        core.auth
            .passwords
            .verify(password, None)
            .await
            .map_err(Fault::from)?;
    }
    for account in accounts {
        if core
            .auth
            .passwords
            .verify(password, Some(account.hash.clone()))
            .await
            .map_err(Fault::from)?
        {
            fitting.push(account);
        }
    }
    if fitting.len() > 1 {
        return Err(several(core, &fitting).await?.into());
    }
    let account = fitting.pop().ok_or_else(refused)?;
    let (refresh, opening) = sessions::open(
        &account.tenant,
        &account.tenant_secret,
        sessions::Kind::User,
        &account.user,
        cx.now,
        &*core.ports().random,
    );
    let guard = Guard::new().and(
        "EXISTS (SELECT 1 FROM users WHERE id = {} AND status = 'active' AND password_hash = {})",
        [account.user.as_str().into(), account.hash.into()],
    );
    if !commit(
        core,
        &account.tenant,
        guard.statement().into_iter().chain(opening).collect(),
    )
    .await?
    {
        return Err(refused().into());
    }
    Ok(answer(core, cx, sessions::Kind::User, account.user, &refresh).await?)
}

fn find(login: &str) -> Statement {
    Statement::new(
        "SELECT m.secret, u.id, u.password_hash FROM users u JOIN meta m WHERE u.login = ?1 AND u.status = 'active' AND u.password_hash IS NOT NULL",
        [login.into()],
    )
}

fn parse(tenant: TenantId, rows: Rows) -> Option<Account> {
    let row: [Value; 3] = rows.into_iter().next()?.try_into().ok()?;
    let [secret, user, hash] = row.map(Value::into_text);
    Some(Account {
        tenant,
        tenant_secret: secret?,
        user: user?,
        hash: hash?,
    })
}

async fn several(
    core: &Core,
    accounts: &[Account],
) -> Result<Refusal<codes::TenantRequired>, Fault> {
    let mut tenants = Vec::new();
    for account in accounts {
        let entry = core.ports().directory.tenant(&account.tenant).await?;
        tenants.push(json!({"id": account.tenant.as_str(), "name": entry.map(|entry| entry.name).unwrap_or_default()}));
    }
    Ok(Refusal::new(
        codes::TenantRequired,
        "The address is known to several businesses: name one as tenant.",
    )
    .with("tenants", tenants))
}
