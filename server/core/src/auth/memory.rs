//! A cache of recently verified tokens, by their SHA-256: verifying a signature takes longer than the rest of a read.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::token::Verified;

/// Upper bound of the number of tokens.
const MOST: usize = 20_000;

pub struct Memory {
    known: Cache<[u8; 32], Arc<Verified>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            known: Cache::new(MOST),
        }
    }
}

impl Memory {
    pub fn fingerprint(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    pub fn get(&self, fingerprint: &[u8; 32]) -> Option<Arc<Verified>> {
        self.known.get(fingerprint)
    }

    pub fn put(&self, fingerprint: [u8; 32], verified: Arc<Verified>) {
        self.known.insert(fingerprint, verified);
    }

    /// Empties the cache, since the keys have changed.
    pub fn clear(&self) {
        self.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::{Caller, Principal},
        ports::store::TenantId,
        testing,
    };

    #[test]
    fn a_token_in_use_stays_while_others_come_and_go() {
        let memory = Memory::default();
        let verified = Arc::new(Verified {
            caller: Caller {
                tenant: TenantId::parse(&testing::id(1)).unwrap(),
                principal: Principal::Operator,
            },
            kind: "user",
            not_before: 0,
            expires_at: i64::MAX,
        });
        let used = Memory::fingerprint("used");
        memory.put(used, verified.clone());
        for n in 0..3 * MOST {
            memory.put(Memory::fingerprint(&n.to_string()), verified.clone());
            assert!(
                n % 10 > 0 || memory.get(&used).is_some(),
                "after {n} others"
            );
        }
        assert!(memory.known.len() <= MOST);
        memory.clear();
        assert!(memory.get(&used).is_none());
    }
}
