//! Renewing a session with its refresh token, and ending a session.

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

/// Tries of a renewal: one that loses a race is judged again and finds that its token is the previous one.
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

/// Ends the session of a refresh token, current or older. A text that is not a token of this server ends nothing.
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
