//! Signed addresses that let their bearer put or get one blob for a limited time. The server signs them (HMAC-SHA256
//! with a secret of the deployment), and the code that serves blobs verifies them without other data. The signature of
//! a put covers the type, the size and the checksum of the blob.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{BlobKey, LARGEST};
use crate::hex;

/// The longest lifetime of an address, in ms.
pub const LONGEST_MS: i64 = 60 * 60 * 1_000;
/// The prefix of an address's path.
pub const PATH: &str = "/blobs/";
/// The longest address, in bytes.
const ADDRESS: usize = 1_024;

/// The permitted action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Get,
    Put {
        content_type: String,
        bytes: u64,
        sha256: [u8; 32],
    },
}

/// The permission that an address grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub act: Act,
    pub key: BlobKey,
    /// The expiry, in epoch ms.
    pub expires_at: i64,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is no address of a blob")]
    Malformed,
    #[error("the address was changed, or is of another server")]
    Signature,
    #[error("the address is good for another method")]
    Method,
    #[error("the address is not good any more")]
    Expired,
}

/// Signs and verifies addresses.
pub struct Signer {
    secret: Vec<u8>,
}

impl Signer {
    /// `secret` is used for addresses of blobs only.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self {
            secret: secret.into(),
        }
    }

    /// The path and query of the address. None for a lifetime above [`LONGEST_MS`] or a blob above [`LARGEST`], which
    /// are never permitted.
    pub fn sign(&self, permit: &Permit, now: i64) -> Option<String> {
        let lives = permit.expires_at.checked_sub(now)?;
        let too_large = matches!(&permit.act, Act::Put { bytes, .. } if *bytes > LARGEST as u64);
        if too_large || !(1..=LONGEST_MS).contains(&lives) {
            return None;
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("expires", &permit.expires_at.to_string());
        if let Act::Put {
            content_type,
            bytes,
            sha256,
        } = &permit.act
        {
            query.append_pair("type", content_type);
            query.append_pair("bytes", &bytes.to_string());
            query.append_pair("sha256", &hex::encode(sha256));
        }
        query.append_pair("signature", &URL_SAFE_NO_PAD.encode(self.tag(permit)?));
        Some(format!("{PATH}{}?{}", permit.key, query.finish()))
    }

    /// Verifies a request with this method, path and query; returns its permission.
    pub fn judge(&self, method: &str, address: &str, now: i64) -> Result<Permit, Refused> {
        let (permit, signature) = parse(address).ok_or(Refused::Malformed)?;
        let expected = self.tag(&permit).ok_or(Refused::Malformed)?;
        if !bool::from(expected[..].ct_eq(&signature)) {
            return Err(Refused::Signature);
        }
        let fits = match permit.act {
            Act::Get => method == "GET" || method == "HEAD",
            Act::Put { .. } => method == "PUT",
        };
        if !fits {
            return Err(Refused::Method);
        }
        if now >= permit.expires_at {
            return Err(Refused::Expired);
        }
        Ok(permit)
    }

    /// The signature over the whole permission. Each part is preceded by its length, so that different permissions
    /// never yield the same bytes.
    fn tag(&self, permit: &Permit) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        let mut part = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_le_bytes());
            mac.update(bytes);
        };
        part(permit.key.tenant().as_str().as_bytes());
        part(permit.key.name().as_bytes());
        part(&permit.expires_at.to_le_bytes());
        match &permit.act {
            Act::Get => part(b"get"),
            Act::Put {
                content_type,
                bytes,
                sha256,
            } => {
                part(b"put");
                part(content_type.as_bytes());
                part(&bytes.to_le_bytes());
                part(sha256);
            }
        }
        mac.finalize().into_bytes()[..].try_into().ok()
    }
}

/// Parses the unverified permission of an address, and its signature. Each parameter must occur once, and no others.
fn parse(address: &str) -> Option<(Permit, Vec<u8>)> {
    if address.len() > ADDRESS {
        return None;
    }
    let (path, query) = address.strip_prefix(PATH)?.split_once('?')?;
    let key = BlobKey::parse(path).ok()?;
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
    let value = |at: usize| pairs.get(at).map(|(_, value)| &**value);
    let expires_at = value(0)?.parse().ok()?;
    let (act, signature) = match names[..] {
        ["expires", "signature"] => (Act::Get, value(1)?),
        ["expires", "type", "bytes", "sha256", "signature"] => (
            Act::Put {
                content_type: value(1)?.to_owned(),
                bytes: value(2)?.parse().ok()?,
                sha256: hex::decode(value(3)?)?.try_into().ok()?,
            },
            value(4)?,
        ),
        _ => return None,
    };
    let permit = Permit {
        act,
        key,
        expires_at,
    };
    Some((permit, URL_SAFE_NO_PAD.decode(signature).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ports::store::TenantId;

    const NOW: i64 = 1_800_000_000_000;

    fn key(tenant: u8, name: &str) -> BlobKey {
        let tenant = format!("01900000-0000-7000-8000-0000000000{tenant:02x}");
        BlobKey::new(&TenantId::parse(&tenant).unwrap(), name).unwrap()
    }

    fn get() -> Permit {
        Permit {
            act: Act::Get,
            key: key(1, "files/a"),
            expires_at: NOW + 60_000,
        }
    }

    fn put() -> Permit {
        Permit {
            act: Act::Put {
                content_type: "text/plain; charset=utf-8".into(),
                bytes: 3,
                sha256: [7; 32],
            },
            ..get()
        }
    }

    fn signer() -> Signer {
        Signer::new("secret")
    }

    #[test]
    fn an_address_allows_what_it_was_signed_for_and_nothing_else() {
        for (permit, methods) in [(get(), vec!["GET", "HEAD"]), (put(), vec!["PUT"])] {
            let address = signer().sign(&permit, NOW).unwrap();
            for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "get", ""] {
                let expected = if methods.contains(&method) {
                    Ok(permit.clone())
                } else {
                    Err(Refused::Method)
                };
                assert_eq!(signer().judge(method, &address, NOW), expected, "{method}");
            }
        }
    }

    #[test]
    fn an_address_ends() {
        let address = signer().sign(&get(), NOW).unwrap();
        let judge = |now| signer().judge("GET", &address, now);
        assert!(judge(NOW + 59_999).is_ok());
        assert_eq!(judge(NOW + 60_000), Err(Refused::Expired));
        let until = |expires_at| {
            signer().sign(
                &Permit {
                    expires_at,
                    ..get()
                },
                NOW,
            )
        };
        assert!(until(NOW + LONGEST_MS).is_some());
        for expires_at in [NOW, NOW - 1, NOW + LONGEST_MS + 1, i64::MAX, i64::MIN] {
            assert_eq!(until(expires_at), None);
        }
    }

    #[test]
    fn an_address_is_of_one_tenant_blob_time_and_content() {
        let address = signer().sign(&put(), NOW).unwrap();
        let changes = [
            ("-000000000001/", "-000000000002/"),
            ("files/a", "files/b"),
            ("files/a", "files-a"),
            ("expires=1", "expires=2"),
            ("bytes=3", "bytes=4"),
            ("type=text", "type=test"),
            ("sha256=07", "sha256=08"),
        ];
        for (from, to) in changes {
            let changed = address.replace(from, to);
            assert_ne!(changed, address, "{from}");
            assert_eq!(
                signer().judge("PUT", &changed, NOW),
                Err(Refused::Signature),
                "{to}"
            );
        }
        // An address for getting cannot put, nor the other way round.
        let (_, signature) = address.split_once("signature=").unwrap();
        let other = signer().sign(&get(), NOW).unwrap();
        let (head, _) = other.split_once("signature=").unwrap();
        let mixed = format!("{head}signature={signature}");
        assert_eq!(signer().judge("GET", &mixed, NOW), Err(Refused::Signature));
        let foreign = Signer::new("another").judge("PUT", &address, NOW);
        assert_eq!(foreign, Err(Refused::Signature));
    }

    #[test]
    fn what_is_too_large_is_not_signed_for() {
        let of = |bytes| {
            let act = Act::Put {
                content_type: "image/png".into(),
                bytes,
                sha256: [0; 32],
            };
            signer().sign(&Permit { act, ..get() }, NOW)
        };
        assert!(of(LARGEST as u64).is_some());
        assert_eq!(of(LARGEST as u64 + 1), None);
    }

    #[test]
    fn a_hostile_address_is_none() {
        let good = signer().sign(&get(), NOW).unwrap();
        let long = "x".repeat(5_000);
        for address in [
            "",
            "/",
            "/blobs/",
            "/blobs/?",
            "/blobs/a?expires=1&signature=",
            &good.replace("/a?", "/../a?"),
            &good.replace("/a?", "/%61?"),
            &good.replace("/a?", "//a?"),
            &format!("{good}&x=1"),
            &format!("{good}&expires=1"),
            &good.replace("expires=", "expires=%00"),
            &good.replace("signature=", "signature=!"),
            &good.replace("expires=1", "expires=99999999999999999999"),
            &format!("{good}{long}"),
            &format!("{good}#a"),
            &good.replace("/blobs/", "/blobs/../blobs/"),
            &good.replace("/blobs/", "//blobs/"),
        ] {
            assert_eq!(
                signer().judge("GET", address, NOW),
                Err(Refused::Malformed),
                "{address}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_changed_address_allows_nothing(at in 0usize..400, to in "[a-zA-Z0-9&=?/.%+-]") {
            let address = signer().sign(&put(), NOW).unwrap();
            let mut changed = address.clone();
            let at = at % address.len();
            changed.replace_range(at..at + 1, &to);
            match signer().judge("PUT", &changed, NOW) {
                // Another notation of the same permission.
                Ok(permit) => prop_assert_eq!(permit, put()),
                Err(Refused::Malformed | Refused::Signature) => {}
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
