//! The secrets that are handed out: refresh tokens, API keys, portal codes. Each is opaque text that names its tenant and
//! its row, so that no directory has to know it; the store keeps a hash of it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{hex, ports::store::TenantId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    RefreshToken,
    ApiKey,
    PortalCode,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::RefreshToken => "rt_",
            Self::ApiKey => "crm_",
            Self::PortalCode => "pc_",
        }
    }
}

/// A secret as it was handed out or came back. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub kind: Kind,
    pub tenant: TenantId,
    /// The session, the key, or (portal codes) nothing but random.
    pub id: Uuid,
    pub secret: [u8; 32],
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("kind", &self.kind)
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// None unless the text is one of this kind, spelled as it was handed out.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(body).ok()?.try_into().ok()?;
        let (tenant, rest) = bytes.split_first_chunk::<16>()?;
        let (id, secret) = rest.split_first_chunk::<16>()?;
        let tenant = TenantId::parse(&Uuid::from_bytes(*tenant).hyphenated().to_string())?;
        Some(Self {
            kind,
            tenant,
            id: Uuid::from_bytes(*id),
            secret: secret.try_into().ok()?,
        })
    }

    /// As it is handed out.
    pub fn text(&self) -> String {
        let mut bytes = [0; 64];
        bytes[..16].copy_from_slice(&self.tenant_bytes());
        bytes[16..32].copy_from_slice(self.id.as_bytes());
        bytes[32..].copy_from_slice(&self.secret);
        format!("{}{}", self.kind.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What the store keeps. 256 random bits need no slow hash.
    pub fn hash(&self) -> String {
        let hash = Sha256::new()
            .chain_update(self.kind.prefix())
            .chain_update(self.tenant_bytes())
            .chain_update(self.id)
            .chain_update(self.secret);
        hex::encode(&hash.finalize())
    }

    /// Compares with what the store kept, in constant time.
    pub fn matches(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// A key for what only the bearer of this secret may open.
    pub fn sealing_key(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update("seal")
            .chain_update(self.id)
            .chain_update(self.secret)
            .finalize()
            .into()
    }

    fn tenant_bytes(&self) -> [u8; 16] {
        Uuid::try_parse(self.tenant.as_str())
            .unwrap_or_default()
            .into_bytes()
    }

    /// A refresh token of a session. Half of its secret is random, half a proof that this server made it: so the use of
    /// an old one is told from a made-up one, and nobody who knows a session's id can end the session with a guess.
    pub fn refresh(
        tenant: &TenantId,
        session: Uuid,
        tenant_secret: &str,
        random: [u8; 16],
    ) -> Self {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(&random);
        secret[16..].copy_from_slice(&proof(tenant_secret, session, &random));
        Self {
            kind: Kind::RefreshToken,
            tenant: tenant.clone(),
            id: session,
            secret,
        }
    }

    /// Whether this refresh token was made by this server for this session.
    pub fn is_genuine(&self, tenant_secret: &str) -> bool {
        let (random, given) = self.secret.split_at(16);
        proof(tenant_secret, self.id, random).ct_eq(given).into()
    }
}

fn proof(tenant_secret: &str, session: Uuid, random: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    // HMAC takes keys of any length.
    if let Ok(mac) = Hmac::<Sha256>::new_from_slice(tenant_secret.as_bytes()) {
        let tag = mac
            .chain_update(b"refresh")
            .chain_update(session.as_bytes())
            .chain_update(random)
            .finalize()
            .into_bytes();
        out.copy_from_slice(&tag[..16]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(kind: Kind) -> Credential {
        let tenant = TenantId::parse("019bb16e-fe80-78b0-b715-3bf7c3706d85").unwrap();
        Credential {
            kind,
            tenant,
            id: Uuid::from_u128(7),
            secret: [9; 32],
        }
    }

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        for kind in [Kind::RefreshToken, Kind::ApiKey, Kind::PortalCode] {
            let given = credential(kind);
            let read = Credential::parse(kind, &given.text()).unwrap();
            assert!(read == given && read.matches(&given.hash()));
        }
    }

    #[test]
    fn a_secret_of_one_kind_is_worth_nothing_as_another() {
        let key = credential(Kind::ApiKey).text();
        assert!(Credential::parse(Kind::RefreshToken, &key).is_none());
        assert!(
            Credential::parse(Kind::PortalCode, &key.replacen("crm_", "pc_", 1))
                .is_some_and(|code| !code.matches(&credential(Kind::ApiKey).hash()))
        );
    }

    #[test]
    fn what_was_never_handed_out_is_not_read() {
        let text = credential(Kind::ApiKey).text();
        for bad in [
            "",
            "crm_",
            "crm_AAAA",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{text}="),
            &text.replacen("crm_", "CRM_", 1),
            "crm_é",
        ] {
            assert!(Credential::parse(Kind::ApiKey, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_refresh_token_proves_that_it_was_made_here() {
        let tenant = credential(Kind::ApiKey).tenant;
        let made = Credential::refresh(&tenant, Uuid::from_u128(1), "secret", [3; 16]);
        assert!(made.is_genuine("secret"));
        assert!(!made.is_genuine("another tenant's"));
        assert!(
            !Credential {
                id: Uuid::from_u128(2),
                ..made.clone()
            }
            .is_genuine("secret")
        );
        assert!(
            !Credential {
                secret: [3; 32],
                ..made
            }
            .is_genuine("secret")
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", credential(Kind::ApiKey)).contains("9, 9"));
    }
}
