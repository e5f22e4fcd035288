//! Access tokens: issued with the current key, and verified by the server's own clock without the store. Each kind of
//! failure has its own error.

use std::sync::Arc;

use super::{
    Auth,
    claims::{Claims, LIFETIME_S},
    jws::{self, Broken},
    keys::KeySet,
    memory::Memory,
};
use crate::{
    context::Caller,
    fault::Fault,
    ports::{Ports, store::StoreError},
    random_id,
};

/// How far a token may be issued in the future, in seconds, since clocks of servers differ.
const NOT_BEFORE_LEEWAY_S: i64 = 30;

/// A verified token, with its expiry.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    pub caller: Caller,
    /// The token's kind, which names the security scheme of the operations that take it.
    pub kind: &'static str,
    pub(super) not_before: i64,
    /// The expiry of the token or its key, whichever comes first, in epoch ms.
    pub expires_at: i64,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("{0}")]
    Broken(#[from] Broken),
    #[error("it names a key that this server does not have")]
    UnknownKey,
    #[error("it states what no token of this server states")]
    Claims,
    #[error("another server issued it")]
    Issuer,
    #[error("it is not valid yet")]
    NotYetValid,
    /// When, epoch ms.
    #[error("it has expired")]
    Expired(i64),
}

/// Verifies a token with the given keys.
pub fn verify(token: &str, keys: &KeySet, issuer: &str, now: i64) -> Result<Verified, Rejected> {
    let unproven = jws::parse(token)?;
    let key = keys.find(&unproven.kid, now).ok_or(Rejected::UnknownKey)?;
    let payload = unproven.prove(&key.verifying)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| Rejected::Claims)?;
    if claims.iss != issuer {
        return Err(Rejected::Issuer);
    }
    let ms = |seconds: i64| seconds.checked_mul(1000).ok_or(Rejected::Claims);
    let (expires_at, not_before) = (
        ms(claims.exp)?,
        ms(claims.nbf.saturating_sub(NOT_BEFORE_LEEWAY_S))?,
    );
    if claims.exp <= claims.nbf {
        return Err(Rejected::Claims);
    }
    let caller = claims.caller().ok_or(Rejected::Claims)?;
    let kind = caller.principal.kind();
    let expires_at = key.expires_at.map_or(expires_at, |at| at.min(expires_at));
    let verified = Verified {
        caller,
        kind,
        not_before,
        expires_at,
    };
    verified.judge(now)?;
    Ok(verified)
}

impl Verified {
    /// For a caller that needs no token.
    pub fn without_token(caller: Caller) -> Self {
        Self {
            kind: caller.principal.kind(),
            caller,
            not_before: i64::MIN,
            expires_at: i64::MAX,
        }
    }

    /// Whether it is valid at this time.
    pub fn judge(&self, now: i64) -> Result<(), Rejected> {
        if now >= self.expires_at {
            return Err(Rejected::Expired(self.expires_at));
        }
        if now < self.not_before {
            return Err(Rejected::NotYetValid);
        }
        Ok(())
    }
}

impl Auth {
    /// Verifies a token, by the cache or by its signature. Reads the keys again if that may help.
    pub async fn verify(
        &self,
        ports: &Ports,
        token: &str,
        now: i64,
    ) -> Result<Arc<Verified>, Rejected> {
        if self.keys.is_due(now, false) {
            self.reload(ports, now).await;
        }
        let fingerprint = Memory::fingerprint(token);
        if let Some(verified) = self.memory.get(&fingerprint) {
            return verified.judge(now).map(|()| verified);
        }
        let mut judged = verify(token, &self.keys.set(), &self.issuer, now);
        if judged == Err(Rejected::UnknownKey) && self.keys.is_due(now, true) {
            self.reload(ports, now).await;
            judged = verify(token, &self.keys.set(), &self.issuer, now);
        }
        let verified = Arc::new(judged?);
        self.memory.put(fingerprint, verified.clone());
        Ok(verified)
    }

    /// An access token for a caller, and its lifetime in seconds: 15 minutes, or less if `until` (epoch ms) is sooner.
    pub async fn issue(
        &self,
        ports: &Ports,
        caller: &Caller,
        now: i64,
        until: Option<i64>,
    ) -> Result<(String, i64), Fault> {
        if self.keys.is_due(now, false) || self.keys.set().current().is_none() {
            self.load(ports, now).await?;
        }
        let keys = self.keys.set();
        let key = keys
            .current()
            .ok_or_else(|| Fault::Internal("there is no key to sign with".into()))?;
        let lifetime = until.map_or(LIFETIME_S, |at| LIFETIME_S.min((at - now).div_euclid(1000)));
        let jti = crate::hex::encode(&random_id::bytes::<8>(&*ports.random));
        let claims = Claims::of(caller, &self.issuer, now, lifetime, jti)
            .ok_or_else(|| Fault::Internal("an operator needs no token".into()))?;
        let payload =
            serde_json::to_vec(&claims).map_err(|error| Fault::Internal(error.to_string()))?;
        Ok((jws::sign(&key.signing, &key.kid, &payload), lifetime))
    }

    /// The public keys as (kid, x), the signing one first.
    pub async fn published(&self, ports: &Ports, now: i64) -> Vec<(String, String)> {
        if self.keys.is_due(now, false) {
            self.reload(ports, now).await;
        }
        self.keys.set().public(now)
    }

    /// Reads the keys; if they have changed, the cache of verified tokens is emptied.
    pub async fn load(&self, ports: &Ports, now: i64) -> Result<(), StoreError> {
        if self.keys.load(&*ports.directory, now).await? {
            self.memory.clear();
        }
        Ok(())
    }

    /// The same, but keeps the known keys if the directory does not answer.
    async fn reload(&self, ports: &Ports, now: i64) {
        if let Err(error) = self.load(ports, now).await {
            tracing::warn!(%error, "the signing keys could not be read again");
        }
    }
}

#[cfg(test)]
mod tests;
