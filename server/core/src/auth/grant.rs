//! The exchange of a proof of identity for an access token. Every invalid proof gets the same refusal, whatever the
//! reason.

pub mod api_key;
pub mod password;
pub mod portal_code;
pub mod refresh;

use crm_contract::{
    codes,
    latest::types::{Actor, ActorKind, TokenRequest, TokenResponse},
};

use super::{credential::Credential, password::Crowded, sessions};
use crate::{
    code_set,
    context::{Caller, Context, Principal},
    core::Core,
    fault::Fault,
    http::address,
    ports::store::{Commit, Rows, Statement, StoreError, TenantId},
    refusal::Refusal,
};

code_set! {
    pub enum Exchanging { InvalidCredentials, TenantRequired, RefreshReused }
}

/// Exchanges a proof of any kind.
pub async fn exchange(
    core: &Core,
    cx: &Context,
    request: TokenRequest,
) -> Result<TokenResponse, Refusal<Exchanging>> {
    match request {
        TokenRequest::PasswordGrant(grant) => {
            password::exchange(
                core,
                cx,
                &grant.email,
                &grant.password,
                grant.tenant.as_deref(),
            )
            .await
        }
        TokenRequest::RefreshTokenGrant(grant) => {
            refresh::exchange(core, cx, &grant.refresh_token).await
        }
        TokenRequest::ApiKeyGrant(grant) => Ok(api_key::exchange(core, cx, &grant.api_key).await?),
        TokenRequest::PortalCodeGrant(grant) => {
            Ok(portal_code::exchange(core, cx, &grant.code).await?)
        }
    }
}

fn refused() -> Refusal<codes::InvalidCredentials> {
    Refusal::new(
        codes::InvalidCredentials,
        "This lets nobody in. Where an address may belong to several businesses, name one as tenant.",
    )
}

impl From<Crowded> for Fault {
    fn from(crowded: Crowded) -> Self {
        Self::Busy(crowded.to_string())
    }
}

/// Reads rows of one tenant; empty if the tenant does not exist.
async fn read(core: &Core, tenant: &TenantId, statement: Statement) -> Result<Rows, Fault> {
    match core.ports().store.read(tenant, vec![statement]).await {
        Ok(rows) => Ok(rows.into_iter().next().unwrap_or_default()),
        Err(StoreError::UnknownTenant) => Ok(Rows::new()),
        Err(error) => Err(error.into()),
    }
}

/// Commits; false if the guard failed.
async fn commit(core: &Core, tenant: &TenantId, statements: Vec<Statement>) -> Result<bool, Fault> {
    match core.ports().store.commit(tenant, statements).await? {
        Commit::Committed(_) => Ok(true),
        Commit::Stale => Ok(false),
        Commit::Constraint(name) => Err(Fault::Internal(format!(
            "the constraint {name} refused a session"
        ))),
    }
}

/// The answer for a session, with its refresh token.
async fn answer(
    core: &Core,
    cx: &Context,
    kind: sessions::Kind,
    subject: String,
    refresh: &Credential,
) -> Result<TokenResponse, Fault> {
    let session = sessions::id(refresh);
    let principal = match kind {
        sessions::Kind::User => Principal::User {
            id: subject,
            session,
        },
        sessions::Kind::Portal => Principal::Portal {
            contact: subject,
            session,
        },
    };
    let caller = Caller {
        tenant: refresh.tenant.clone(),
        principal,
    };
    let mut response = respond(core, cx, caller, None).await?;
    response.refresh_token = Some(refresh.text());
    Ok(response)
}

/// The answer for a caller, with a token that expires at `until` (epoch ms) at the latest.
async fn respond(
    core: &Core,
    cx: &Context,
    caller: Caller,
    until: Option<i64>,
) -> Result<TokenResponse, Fault> {
    let (access_token, expires_in) = core
        .auth
        .issue(core.ports(), &caller, cx.now, until)
        .await?;
    let kind = match &caller.principal {
        Principal::User { .. } => ActorKind::User,
        Principal::Portal { .. } => ActorKind::Portal,
        Principal::Key { .. } => ActorKind::Key,
        Principal::Operator => ActorKind::System,
    };
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer".to_owned(),
        expires_in,
        refresh_token: None,
        tenant: caller.tenant.to_string(),
        subject: Actor {
            kind,
            id: caller.principal.id().map(str::to_owned),
        },
        scopes: match caller.principal {
            Principal::Key { scopes, .. } => Some(scopes),
            _ => None,
        },
    })
}

/// Counts one attempt for an account from an address.
async fn attempt(core: &Core, cx: &Context, account: &str) -> Result<(), Fault> {
    let address = address::key(cx.address);
    let decision = core
        .ports()
        .limiter
        .take(core.config.sign_in_quota, &format!("{account} {address}"))
        .await;
    if decision.allowed {
        Ok(())
    } else {
        Err(Fault::RateLimited(decision.reset_s.max(1)))
    }
}
