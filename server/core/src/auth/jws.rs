//! Signed tokens in the compact form (RFC 7515), with the server's only algorithm: EdDSA on Ed25519 (RFC 8037). A
//! header with another algorithm is refused before a key is looked up.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

pub const ALGORITHM: &str = "EdDSA";
/// The `typ` of access tokens (RFC 9068).
pub const TYPE: &str = "at+jwt";
/// The longest token in bytes; longer texts are refused.
pub const MAX_LENGTH: usize = 4_096;

/// The header of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Critical extensions (RFC 7515, section 4.1.11); none is supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// Why a text is not a token of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is signed with another algorithm")]
    Algorithm,
    #[error("it is a token of another type")]
    Type,
    #[error("its signature is wrong")]
    Signature,
}

/// A parsed token whose signature is not verified yet.
#[derive(Debug)]
pub struct Unproven<'t> {
    pub kid: String,
    signed: &'t str,
    payload: &'t str,
    signature: Signature,
}

/// Signs a payload of JSON.
pub fn sign(key: &SigningKey, kid: &str, payload: &[u8]) -> String {
    let header = Header {
        alg: ALGORITHM.into(),
        typ: TYPE.into(),
        kid: kid.into(),
        crit: None,
    };
    // Serialising strings cannot fail.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let mut text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = key.sign(text.as_bytes());
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    text
}

/// Parses a token and checks its header.
pub fn parse(text: &str) -> Result<Unproven<'_>, Broken> {
    if text.len() > MAX_LENGTH {
        return Err(Broken::Malformed);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(Broken::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Broken::Malformed)?;
    if payload.contains('.') {
        return Err(Broken::Malformed);
    }
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| Broken::Malformed)?;
    #[derive(Deserialize)]
    struct Algorithm {
        alg: Option<serde_json::Value>,
    }
    let algorithm: Algorithm = serde_json::from_slice(&header).map_err(|_| Broken::Malformed)?;
    if algorithm.alg.as_ref().and_then(|alg| alg.as_str()) != Some(ALGORITHM) {
        return Err(Broken::Algorithm);
    }
    let header: Header = serde_json::from_slice(&header).map_err(|_| Broken::Malformed)?;
    if header.typ != TYPE {
        return Err(Broken::Type);
    }
    if header.crit.is_some() {
        return Err(Broken::Malformed);
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Broken::Malformed)?;
    let signature = Signature::from_slice(&signature).map_err(|_| Broken::Signature)?;
    Ok(Unproven {
        kid: header.kid,
        signed,
        payload,
        signature,
    })
}

impl Unproven<'_> {
    /// Verifies the signature and returns the payload.
    pub fn prove(&self, key: &VerifyingKey) -> Result<Vec<u8>, Broken> {
        key.verify_strict(self.signed.as_bytes(), &self.signature)
            .map_err(|_| Broken::Signature)?;
        URL_SAFE_NO_PAD
            .decode(self.payload)
            .map_err(|_| Broken::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A.1.
    fn key() -> SigningKey {
        let d = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        SigningKey::from_bytes(&d.try_into().unwrap())
    }

    #[test]
    fn the_signature_is_that_of_rfc_8037() {
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
        assert_eq!(
            signature,
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn what_is_signed_is_proven() {
        let token = sign(&key(), "k1", br#"{"sub":"x"}"#);
        let parsed = parse(&token).unwrap();
        assert_eq!(parsed.kid, "k1");
        assert_eq!(
            parsed.prove(&key().verifying_key()).unwrap(),
            br#"{"sub":"x"}"#
        );
    }

    #[test]
    fn no_byte_of_a_token_can_change() {
        let token = sign(&key(), "k1", br#"{"sub":"x"}"#);
        let verifying = key().verifying_key();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap();
            let proven = parse(&text).and_then(|parsed| parsed.prove(&verifying));
            assert!(proven.is_err(), "byte {at} changed: {text}");
        }
    }

    #[test]
    fn other_headers_are_refused() {
        let payload = URL_SAFE_NO_PAD.encode("{}");
        let signature = URL_SAFE_NO_PAD.encode([0; 64]);
        let cases = [
            (
                r#"{"alg":"none","typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (
                r#"{"alg":"None","typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (
                r#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (
                r#"{"alg":"RS256","typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (
                r#"{"alg":"ES256","typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (
                r#"{"alg":["EdDSA"],"typ":"at+jwt","kid":"k"}"#,
                Broken::Algorithm,
            ),
            (r#"{"typ":"at+jwt","kid":"k"}"#, Broken::Algorithm),
            (
                r#"{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"k"}"#,
                Broken::Malformed,
            ),
            (r#"{"alg":"EdDSA","typ":"JWT","kid":"k"}"#, Broken::Type),
            (r#"{"alg":"EdDSA","kid":"k"}"#, Broken::Malformed),
            (r#"{"alg":"EdDSA","typ":"at+jwt"}"#, Broken::Malformed),
            (
                r#"{"alg":"EdDSA","typ":"at+jwt","kid":7}"#,
                Broken::Malformed,
            ),
            (
                r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k","crit":["b64"]}"#,
                Broken::Malformed,
            ),
            ("[]", Broken::Malformed),
            ("", Broken::Malformed),
        ];
        for (header, broken) in cases {
            let text = format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(parse(&text).map(|_| ()).unwrap_err(), broken, "{header}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let token = sign(&key(), "k1", b"{}");
        let (signed, _) = token.rsplit_once('.').unwrap();
        let long = format!("{token}{}", "A".repeat(MAX_LENGTH));
        for text in [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            signed,
            &format!("{token}.x"),
            &format!("{signed}."),
            &format!("{token}="),
            &long,
            "é.é.é",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
