//! Sealing of stored answers that hold a secret: ChaCha20-Poly1305 (RFC 8439) under a key derived from the
//! Idempotency-Key, which is itself not kept. Every key seals one answer, so a fixed nonce is never used twice with it.

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::Aead};

const NONCE: [u8; 12] = [0; 12];

/// Hexadecimal ciphertext.
pub fn seal(key: &[u8; 32], text: &str) -> String {
    let cipher = ChaCha20Poly1305::new(key.into());
    match cipher.encrypt(&NONCE.into(), text.as_bytes()) {
        Ok(bytes) => crate::hex::encode(&bytes),
        // Only a text of over 256 GiB cannot be sealed.
        Err(_) => String::new(),
    }
}

/// None if it was sealed under another key or tampered with.
pub fn open(key: &[u8; 32], sealed: &str) -> Option<String> {
    let cipher = ChaCha20Poly1305::new(key.into());
    let bytes = cipher
        .decrypt(&NONCE.into(), crate::hex::decode(sealed)?.as_slice())
        .ok()?;
    String::from_utf8(bytes).ok()
}
