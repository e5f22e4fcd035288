//! Sealing of texts that only the bearer of a secret may read again: stored answers with a secret in them, under a key
//! derived from the Idempotency-Key, and successors of refresh tokens. ChaCha20-Poly1305 (RFC 8439), with a random
//! nonce in front.

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::Aead};

use crate::{hex, ports::Random, random_id};

const NONCE: usize = 12;

/// Nonce and ciphertext in hexadecimal.
pub fn seal(key: &[u8; 32], text: &str, random: &dyn Random) -> String {
    let nonce: [u8; NONCE] = random_id::bytes(random);
    let cipher = ChaCha20Poly1305::new(key.into());
    // Sealing fails only for texts over 256 GiB.
    let sealed = cipher
        .encrypt(&nonce.into(), text.as_bytes())
        .unwrap_or_default();
    hex::encode(&nonce) + &hex::encode(&sealed)
}

/// None if the text was sealed with another key or was changed.
pub fn open(key: &[u8; 32], sealed: &str) -> Option<String> {
    let bytes = hex::decode(sealed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let bytes = ChaCha20Poly1305::new(key.into())
        .decrypt(nonce.into(), sealed)
        .ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::host::Dice;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let (dice, key) = (Dice::default(), [7; 32]);
        let sealed = seal(&key, "secret", &dice);
        assert_eq!(open(&key, &sealed).as_deref(), Some("secret"));
        assert_eq!(open(&[8; 32], &sealed), None);
        assert_ne!(sealed, seal(&key, "secret", &dice));
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(open(&key, &String::from_utf8(bytes).unwrap()), None, "{at}");
        }
        assert_eq!(open(&key, ""), None);
    }
}
