//! Access tokens for scripts, made on the machine with the data, without a proof of identity: whoever can run this can
//! read the data anyway.

use super::{address, sessions};
use crate::{
    context::{Caller, Principal},
    core::Core,
    fault::Fault,
    ports::store::{Commit, Statement, StoreError, TenantId, Value},
};

/// The subject of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// The person with this login address.
    User(String),
    /// The API key with this id.
    Key(String),
}

/// Makes a token. None if there is no such active person or key. Its lifetime is 15 minutes, or `life_s` if that is
/// less.
pub async fn token(
    core: &Core,
    tenant: &TenantId,
    bearer: &Bearer,
    life_s: u32,
) -> Result<Option<String>, Fault> {
    let ports = core.ports();
    let now = ports.clock.now();
    let principal = match bearer {
        Bearer::User(login) => user(core, tenant, login, now).await?,
        Bearer::Key(id) => key(core, tenant, id, now).await?,
    };
    let Some(principal) = principal else {
        return Ok(None);
    };
    let caller = Caller {
        tenant: tenant.clone(),
        principal,
    };
    let until = now + i64::from(life_s) * 1_000;
    core.auth
        .issue(ports, &caller, now, Some(until))
        .await
        .map(|(token, _)| Some(token))
}

/// A person's token needs a session, so that it can be revoked.
async fn user(
    core: &Core,
    tenant: &TenantId,
    login: &str,
    now: i64,
) -> Result<Option<Principal>, Fault> {
    let ports = core.ports();
    let sql =
        "SELECT m.secret, u.id FROM users u JOIN meta m WHERE u.login = ?1 AND u.status = 'active'";
    let row = first(
        core,
        tenant,
        Statement::new(sql, [address::fold(login).into()]),
    )
    .await?;
    let [Value::Text(secret), Value::Text(id)] = row.as_slice() else {
        return Ok(None);
    };
    let (refresh, statements) = sessions::open(
        tenant,
        secret,
        sessions::Kind::User,
        id,
        now,
        &*ports.random,
    );
    match ports.store.commit(tenant, statements).await? {
        Commit::Committed(_) => Ok(Some(Principal::User {
            id: id.clone(),
            session: sessions::id(&refresh),
        })),
        refused => Err(Fault::Internal(format!(
            "a session was refused: {refused:?}"
        ))),
    }
}

async fn key(
    core: &Core,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<Option<Principal>, Fault> {
    let sql = "SELECT scopes FROM api_keys WHERE id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";
    let row = first(core, tenant, Statement::new(sql, [id.into(), now.into()])).await?;
    let [Value::Text(scopes)] = row.as_slice() else {
        return Ok(None);
    };
    let scopes = serde_json::from_str(scopes)
        .map_err(|error| Fault::Internal(format!("the scopes of a key: {error}")))?;
    Ok(Some(Principal::Key {
        id: id.to_owned(),
        scopes,
    }))
}

/// The first row of the statement; empty if there is none, or no such tenant.
async fn first(core: &Core, tenant: &TenantId, statement: Statement) -> Result<Vec<Value>, Fault> {
    match core.ports().store.read(tenant, vec![statement]).await {
        Ok(rows) => Ok(rows
            .into_iter()
            .next()
            .unwrap_or_default()
            .into_iter()
            .next()
            .unwrap_or_default()),
        Err(StoreError::UnknownTenant) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
