//! Tokens that were verified of late, by their SHA-256: verifying a signature costs more than the rest of a read.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use sha2::{Digest, Sha256};

use super::token::Verified;

/// More are not remembered at once.
const MOST: usize = 20_000;

#[derive(Default)]
pub struct Memory {
    known: RwLock<HashMap<[u8; 32], Arc<Verified>>>,
}

impl Memory {
    pub fn fingerprint(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    pub fn get(&self, fingerprint: &[u8; 32]) -> Option<Arc<Verified>> {
        self.known.read().get(fingerprint).cloned()
    }

    pub fn put(&self, fingerprint: [u8; 32], verified: Arc<Verified>, now: i64) {
        let mut known = self.known.write();
        if known.len() >= MOST {
            known.retain(|_, verified| verified.expires_at > now);
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert(fingerprint, verified);
    }

    /// Forgets all: the keys have changed.
    pub fn clear(&self) {
        self.known.write().clear();
    }
}
