//! The issued secrets: refresh tokens, API keys, portal codes. Each is an opaque text that names its tenant and its
//! row, so it needs no entry in the directory. The store keeps only a hash of it.

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

/// A secret. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub kind: Kind,
    pub tenant: TenantId,
    /// The id of the session or key; random for portal codes.
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
    /// Parses a secret of this kind; None unless the text is exactly in the issued form.
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

    /// The issued text.
    pub fn text(&self) -> String {
        let mut bytes = [0; 64];
        bytes[..16].copy_from_slice(&self.tenant_bytes());
        bytes[16..32].copy_from_slice(self.id.as_bytes());
        bytes[32..].copy_from_slice(&self.secret);
        format!("{}{}", self.kind.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The hash in the store. 256 random bits need no slow hash.
    pub fn hash(&self) -> String {
        let hash = Sha256::new()
            .chain_update(self.kind.prefix())
            .chain_update(self.tenant_bytes())
            .chain_update(self.id)
            .chain_update(self.secret);
        hex::encode(&hash.finalize())
    }

    /// Compares with the stored hash, in constant time.
    pub fn matches(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// A key for encrypting data that only the bearer of this secret may read.
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

    /// A refresh token of a session. Half of its secret is random, half is a proof that this server made it. So an old
    /// token can be distinguished from an invented one, and knowing a session's id is not enough to end the session
    /// with a guess.
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
