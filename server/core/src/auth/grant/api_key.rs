//! The secret of an API key.

use crm_contract::{codes, latest::types::TokenResponse};

use super::{read, refused, respond};
use crate::{
    auth::credential::{Credential, Kind},
    context::{Caller, Context, Principal},
    core::Core,
    ports::store::{Statement, Value},
    refusal::Refusal,
};

/// The shortest lifetime of an issued token, in ms: a shorter one could not be used even once.
const SHORTEST_MS: i64 = 1_000;

pub async fn exchange(
    core: &Core,
    cx: &Context,
    secret: &str,
) -> Result<TokenResponse, Refusal<codes::InvalidCredentials>> {
    let key = Credential::parse(Kind::ApiKey, secret).ok_or_else(refused)?;
    let id = key.id.hyphenated().to_string();
    let find = Statement::new(
        "SELECT secret_hash, scopes, expires_at FROM api_keys WHERE id = ?1 AND revoked_at IS NULL",
        [id.as_str().into()],
    );
    let row = read(core, &key.tenant, find)
        .await?
        .into_iter()
        .next()
        .ok_or_else(refused)?;
    let [Value::Text(hash), Value::Text(scopes), expires_at] = row.as_slice() else {
        return Err(refused());
    };
    let expires_at = expires_at.as_i64();
    if !key.matches(hash) || expires_at.is_some_and(|at| at < cx.now + SHORTEST_MS) {
        return Err(refused());
    }
    let scopes: Vec<String> = serde_json::from_str(scopes).unwrap_or_default();
    let caller = Caller {
        tenant: key.tenant,
        principal: Principal::Key { id, scopes },
    };
    Ok(respond(core, cx, caller, expires_at).await?)
}
