//! A refresh token of a session, which is renewed with it; and the end of a session.

use crm_contract::latest::types::TokenResponse;

use super::{Exchanging, answer, commit, read, refused};
use crate::{
    auth::{
        credential::{Credential, Kind},
        sessions::{self, Verdict},
    },
    context::Context,
    core::Core,
    fault::Fault,
    refusal::Refusal,
};

/// A renewal that loses a race is judged again: it finds its token to be the one before.
const MOST_TRIES: u32 = 3;

pub async fn exchange(
    core: &Core,
    cx: &Context,
    token: &str,
) -> Result<TokenResponse, Refusal<Exchanging>> {
    let token = Credential::parse(Kind::RefreshToken, token).ok_or_else(refused)?;
    for _ in 0..MOST_TRIES {
        let session = sessions::parse(read(core, &token.tenant, sessions::read(&token)).await?)?
            .ok_or_else(refused)?;
        match sessions::judge(&session, &token, cx.now) {
            Verdict::Renew => {
                let (successor, statements) =
                    sessions::renew(&session, &token, cx.now, &*core.ports().random);
                if commit(core, &token.tenant, statements).await? {
                    return Ok(answer(core, cx, session.kind, session.subject, &successor).await?);
                }
            }
            Verdict::Repeat(successor) => {
                return Ok(answer(core, cx, session.kind, session.subject, &successor).await?);
            }
            Verdict::Reused => {
                let ending = sessions::revoke(&session, &token, "reused", cx.now);
                commit(core, &token.tenant, ending).await?;
                tracing::warn!(tenant = %token.tenant, session = sessions::id(&token), "a refresh token was used again: its session is over");
                return Err(Refusal::new(
                    Exchanging::RefreshReused,
                    "This refresh token was used before. The session is over.",
                ));
            }
            Verdict::Refused => return Err(refused().into()),
        }
    }
    Err(Fault::Busy("a session is renewed by many at once".into()).into())
}

/// Ends the session of a refresh token, be it the current one or an older one. What is no token of ours ends nothing.
pub async fn revoke(core: &Core, cx: &Context, token: &str) -> Result<(), Fault> {
    let Some(token) = Credential::parse(Kind::RefreshToken, token) else {
        return Ok(());
    };
    let Some(session) = sessions::parse(read(core, &token.tenant, sessions::read(&token)).await?)?
    else {
        return Ok(());
    };
    if !session.revoked && token.is_genuine(&session.tenant_secret) {
        let ending = sessions::revoke(&session, &token, "signed_out", cx.now);
        commit(core, &token.tenant, ending).await?;
    }
    Ok(())
}
