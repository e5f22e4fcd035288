//! Access tokens: issued with the current key, and judged by our own clock. Whatever is wrong with one is an answer of its
//! own, and none of the answers needs the store.

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

/// Clocks of several servers differ: a token may be this much younger than now.
const NOT_BEFORE_LEEWAY_S: i64 = 30;

/// A token that was proven, and until when it is good.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    pub caller: Caller,
    /// The token's kind, which names the security scheme of the operations that take it.
    pub kind: &'static str,
    not_before: i64,
    /// Epoch ms; of the token or of its key, whichever comes first.
    pub expires_at: i64,
}

/// Why a token lets nobody in.
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

/// Judges a token with the keys at hand.
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
    /// Of a caller that needs no token.
    pub fn without_token(caller: Caller) -> Self {
        Self {
            kind: caller.principal.kind(),
            caller,
            not_before: i64::MIN,
            expires_at: i64::MAX,
        }
    }

    /// Whether it is good at this time.
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
    /// Judges a token: remembered, or by its signature. Reads the keys again where that may help.
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
        self.memory.put(fingerprint, verified.clone(), now);
        Ok(verified)
    }

    /// An access token for a caller, and how many seconds it lives: 15 minutes, or less where `until` (epoch ms) is sooner.
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

    /// Reads the keys; tokens verified with others are forgotten.
    pub async fn load(&self, ports: &Ports, now: i64) -> Result<(), StoreError> {
        if self.keys.load(&*ports.directory, now).await? {
            self.memory.clear();
        }
        Ok(())
    }

    /// The same where the keys at hand do until the directory answers again.
    async fn reload(&self, ports: &Ports, now: i64) {
        if let Err(error) = self.load(ports, now).await {
            tracing::warn!(%error, "the signing keys could not be read again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::Principal,
        ports::{directory::SigningKey, store::TenantId},
    };
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000_000;
    const SECONDS: i64 = NOW / 1000;
    const TENANT: &str = "019bb16e-fe80-78b0-b715-3bf7c3706d85";
    const ISSUER: &str = "https://crm.example";

    fn stored(kid: &str, seed: u8, expires_at: Option<i64>) -> SigningKey {
        SigningKey {
            kid: kid.into(),
            seed: [seed; 32],
            created_at: seed.into(),
            expires_at,
        }
    }

    fn keys() -> KeySet {
        KeySet::new(
            vec![
                stored("current", 2, None),
                stored("old", 1, Some(NOW + 60_000)),
            ],
            NOW,
        )
    }

    fn claims() -> Value {
        json!({"iss": ISSUER, "aud": "user", "sub": "u1", "tenant": TENANT, "sid": "s1", "iat": SECONDS, "nbf": SECONDS, "exp": SECONDS + 900, "jti": "1"})
    }

    fn signed(seed: u8, kid: &str, claims: &Value) -> String {
        jws::sign(
            &ed25519_dalek::SigningKey::from_bytes(&[seed; 32]),
            kid,
            claims.to_string().as_bytes(),
        )
    }

    fn with(changes: Value) -> Value {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims
                    .as_object_mut()
                    .unwrap()
                    .insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    #[test]
    fn a_token_of_each_kind_stands_for_its_caller() {
        let tenant = TenantId::parse(TENANT).unwrap();
        let principals = [
            (
                Principal::User {
                    id: "u1".into(),
                    session: "s1".into(),
                },
                "user",
            ),
            (
                Principal::Portal {
                    contact: "c1".into(),
                    session: "s1".into(),
                },
                "portal",
            ),
            (
                Principal::Key {
                    id: "k1".into(),
                    scopes: vec!["records:read".into(), "schema:read".into()],
                },
                "key",
            ),
            (
                Principal::Key {
                    id: "k1".into(),
                    scopes: vec![],
                },
                "key",
            ),
        ];
        for (principal, kind) in principals {
            let caller = Caller {
                tenant: tenant.clone(),
                principal,
            };
            let claims = Claims::of(&caller, ISSUER, NOW, LIFETIME_S, "1".into()).unwrap();
            let token = signed(2, "current", &serde_json::to_value(&claims).unwrap());
            let verified = verify(&token, &keys(), ISSUER, NOW).unwrap();
            assert_eq!((verified.kind, &verified.caller), (kind, &caller));
            assert_eq!(verified.expires_at, NOW + 900_000);
        }
    }

    #[test]
    fn what_is_wrong_with_a_token_is_said() {
        use Rejected::{Broken as B, Claims as C, Expired, Issuer, NotYetValid, UnknownKey};
        let cases: Vec<(&str, u8, &str, Value, Rejected)> = vec![
            (
                "another key's signature",
                1,
                "current",
                claims(),
                B(Broken::Signature),
            ),
            (
                "a foreign key under our name",
                9,
                "current",
                claims(),
                B(Broken::Signature),
            ),
            ("an unknown key", 9, "new", claims(), UnknownKey),
            (
                "a kid that is a path",
                9,
                "../../dev/null",
                claims(),
                UnknownKey,
            ),
            (
                "a kid that is SQL",
                9,
                "x' UNION SELECT 'a",
                claims(),
                UnknownKey,
            ),
            ("an empty kid", 9, "", claims(), UnknownKey),
            (
                "another issuer",
                2,
                "current",
                with(json!({"iss": "https://other.example"})),
                Issuer,
            ),
            ("no issuer", 2, "current", with(json!({"iss": null})), C),
            (
                "an unknown audience",
                2,
                "current",
                with(json!({"aud": "admin"})),
                C,
            ),
            (
                "several audiences",
                2,
                "current",
                with(json!({"aud": ["user", "key"]})),
                C,
            ),
            ("no audience", 2, "current", with(json!({"aud": null})), C),
            ("no session", 2, "current", with(json!({"sid": null})), C),
            (
                "a user with scopes",
                2,
                "current",
                with(json!({"scope": "records:read"})),
                C,
            ),
            (
                "a key with a session",
                2,
                "current",
                with(json!({"aud": "key", "scope": ""})),
                C,
            ),
            (
                "a key without scopes",
                2,
                "current",
                with(json!({"aud": "key", "sid": null})),
                C,
            ),
            (
                "a tenant that is no id",
                2,
                "current",
                with(json!({"tenant": "../other"})),
                C,
            ),
            ("no tenant", 2, "current", with(json!({"tenant": null})), C),
            (
                "expired",
                2,
                "current",
                with(json!({"nbf": SECONDS - 900, "exp": SECONDS})),
                Expired(NOW),
            ),
            (
                "never expiring",
                2,
                "current",
                with(json!({"exp": null})),
                C,
            ),
            (
                "expiring beyond all time",
                2,
                "current",
                with(json!({"exp": i64::MAX})),
                C,
            ),
            (
                "expiring before it begins",
                2,
                "current",
                with(json!({"nbf": SECONDS + 901})),
                C,
            ),
            (
                "not yet valid",
                2,
                "current",
                with(json!({"nbf": SECONDS + 31})),
                NotYetValid,
            ),
            (
                "a time as text",
                2,
                "current",
                with(json!({"exp": "later"})),
                C,
            ),
        ];
        for (name, seed, kid, claims, rejected) in cases {
            assert_eq!(
                verify(&signed(seed, kid, &claims), &keys(), ISSUER, NOW).unwrap_err(),
                rejected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_does_no_harm() {
        let token = signed(2, "current", &with(json!({"nbf": SECONDS + 30})));
        assert!(verify(&token, &keys(), ISSUER, NOW).is_ok());
    }

    #[test]
    fn a_token_ends_with_its_key() {
        let token = signed(1, "old", &claims());
        let verified = verify(&token, &keys(), ISSUER, NOW).unwrap();
        assert_eq!(verified.judge(NOW + 59_999), Ok(()));
        assert_eq!(
            verified.judge(NOW + 60_000),
            Err(Rejected::Expired(NOW + 60_000))
        );
        assert_eq!(
            verify(&token, &keys(), ISSUER, NOW + 60_000),
            Err(Rejected::UnknownKey)
        );
    }
}
