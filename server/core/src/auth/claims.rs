//! The claims of an access token (RFC 7519, RFC 9068), and the caller that they identify.

use serde::{Deserialize, Serialize};

use crate::{
    context::{Caller, Principal},
    ports::store::TenantId,
};

/// The lifetime of an access token, in seconds.
pub const LIFETIME_S: i64 = 15 * 60;

/// The kind of a token is its audience: the security scheme of the operations that take it.
pub const USER: &str = "user";
pub const PORTAL: &str = "portal";
pub const KEY: &str = "key";

/// Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user's, contact's or key's id.
    pub sub: String,
    pub tenant: String,
    /// The session's id; None for a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// A key's scopes, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    /// Makes tokens of the same second different.
    pub jti: String,
}

impl Claims {
    /// The claims for a caller; None for an operator, who gets no token.
    pub fn of(
        caller: &Caller,
        issuer: &str,
        now: i64,
        lifetime_s: i64,
        jti: String,
    ) -> Option<Self> {
        let (aud, sub, sid, scope) = match &caller.principal {
            Principal::User { id, session } => (USER, id, Some(session.clone()), None),
            Principal::Portal { contact, session } => {
                (PORTAL, contact, Some(session.clone()), None)
            }
            Principal::Key { id, scopes } => (KEY, id, None, Some(scopes.join(" "))),
            Principal::Operator => return None,
        };
        let iat = now.div_euclid(1000);
        Some(Self {
            iss: issuer.to_owned(),
            aud: aud.to_owned(),
            sub: sub.clone(),
            tenant: caller.tenant.to_string(),
            sid,
            scope,
            iat,
            nbf: iat,
            exp: iat + lifetime_s,
            jti,
        })
    }

    /// None if the claims contradict each other.
    pub fn caller(self) -> Option<Caller> {
        let tenant = TenantId::parse(&self.tenant)?;
        let principal = match (self.aud.as_str(), self.sid, self.scope) {
            (USER, Some(session), None) => Principal::User {
                id: self.sub,
                session,
            },
            (PORTAL, Some(session), None) => Principal::Portal {
                contact: self.sub,
                session,
            },
            (KEY, None, Some(scope)) => Principal::Key {
                id: self.sub,
                scopes: scope.split_ascii_whitespace().map(str::to_owned).collect(),
            },
            _ => return None,
        };
        Some(Caller { tenant, principal })
    }
}
