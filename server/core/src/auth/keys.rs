//! The deployment's signing keys: one signs, and every unexpired one verifies. They are stored in the directory, where
//! another process may rotate them. They are read again regularly, and when a token names an unknown key.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use parking_lot::RwLock;

use super::claims::LIFETIME_S;
use crate::{
    ports::{Directory, Ports, directory, store::StoreError},
    random_id,
};

/// The age in ms at which the key set is read again.
pub const REFRESH_MS: i64 = 60_000;
/// The shortest time in ms between two reads because of tokens with unknown keys.
const SEARCH_MS: i64 = 5_000;

/// One signing key, ready for use.
pub struct Key {
    pub kid: String,
    pub signing: SigningKey,
    pub verifying: VerifyingKey,
    pub created_at: i64,
    pub expires_at: Option<i64>,
}

/// All unexpired keys, the signing one first.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    pub fn new(stored: Vec<directory::SigningKey>, now: i64) -> Self {
        let alive = stored
            .into_iter()
            .filter(|key| key.expires_at.is_none_or(|at| at > now));
        let mut keys: Vec<Key> = alive
            .map(|key| {
                let signing = SigningKey::from_bytes(&key.seed);
                Key {
                    verifying: signing.verifying_key(),
                    signing,
                    kid: key.kid,
                    created_at: key.created_at,
                    expires_at: key.expires_at,
                }
            })
            .collect();
        // The newest current key signs; the kid decides between two of the same millisecond, so that all processes
        // agree.
        keys.sort_by(|a, b| {
            (a.expires_at.is_some(), b.created_at, &b.kid).cmp(&(
                b.expires_at.is_some(),
                a.created_at,
                &a.kid,
            ))
        });
        Self { keys }
    }

    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key that signs.
    pub fn current(&self) -> Option<&Key> {
        self.keys.first().filter(|key| key.expires_at.is_none())
    }

    /// The key with this kid, unless it is expired.
    pub fn find(&self, kid: &str, now: i64) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.kid == kid && key.expires_at.is_none_or(|at| at > now))
    }

    /// The public keys for other verifiers, as (kid, x), the signing one first.
    pub fn public(&self, now: i64) -> Vec<(String, String)> {
        let alive = self
            .keys
            .iter()
            .filter(|key| key.expires_at.is_none_or(|at| at > now));
        alive
            .map(|key| {
                (
                    key.kid.clone(),
                    URL_SAFE_NO_PAD.encode(key.verifying.as_bytes()),
                )
            })
            .collect()
    }

    fn names(&self) -> Vec<(&str, Option<i64>)> {
        self.keys
            .iter()
            .map(|key| (key.kid.as_str(), key.expires_at))
            .collect()
    }
}

/// The key set of the last read.
#[derive(Default)]
pub struct Keys {
    set: RwLock<Arc<KeySet>>,
    read_at: AtomicI64,
}

impl Keys {
    pub fn set(&self) -> Arc<KeySet> {
        self.set.read().clone()
    }

    /// Reads the keys; true if they have changed.
    pub async fn load(&self, directory: &dyn Directory, now: i64) -> Result<bool, StoreError> {
        self.read_at.store(now, Ordering::Relaxed);
        let read = Arc::new(KeySet::new(directory.signing_keys().await?, now));
        let mut set = self.set.write();
        let changed = set.names() != read.names();
        *set = read;
        Ok(changed)
    }

    /// Whether the set should be read again. Only one caller gets true; the others use the known keys.
    pub fn is_due(&self, now: i64, searching: bool) -> bool {
        let age = if searching { SEARCH_MS } else { REFRESH_MS };
        let read_at = self.read_at.load(Ordering::Relaxed);
        // `abs_diff`, so that a clock that went back does not keep a set for longer.
        now.abs_diff(read_at) >= age.unsigned_abs()
            && self
                .read_at
                .compare_exchange(read_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// Makes the deployment's first key if there is none. If several processes race, the directory keeps one key, so it is
/// read back.
pub async fn ensure(ports: &Ports) -> Result<(), StoreError> {
    let key = fresh(ports, ports.clock.now());
    ports.directory.add_first_signing_key(&key).await
}

/// What happens to earlier keys at a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// They verify until all of their tokens have expired, including those that other processes sign until they read
    /// the keys again. Nobody is signed out.
    Fade,
    /// They verify nothing once all processes have read the keys again, for keys that may have leaked.
    End,
}

/// Replaces the current keys by a new one. Returns its kid.
pub async fn rotate(ports: &Ports, before: Before) -> Result<String, StoreError> {
    let now = ports.clock.now();
    let until = match before {
        Before::Fade => now + LIFETIME_S * 1000 + 2 * REFRESH_MS,
        // A time to which no clock could go back.
        Before::End => 0,
    };
    let key = fresh(ports, now);
    let known = ports.directory.signing_keys().await?;
    // Added first, so that there is always a signing key.
    ports.directory.add_signing_key(&key).await?;
    // A key that is fading already does not live longer because of this rotation.
    let longer = |key: &&directory::SigningKey| key.expires_at.is_none_or(|at| at > until);
    for old in known.iter().filter(longer) {
        ports.directory.expire_signing_key(&old.kid, until).await?;
    }
    Ok(key.kid)
}

fn fresh(ports: &Ports, now: i64) -> directory::SigningKey {
    directory::SigningKey {
        kid: random_id::id(now, &*ports.random),
        seed: random_id::bytes(&*ports.random),
        created_at: now,
        expires_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kid: &str, created_at: i64, expires_at: Option<i64>) -> directory::SigningKey {
        directory::SigningKey {
            kid: kid.into(),
            seed: [created_at as u8; 32],
            created_at,
            expires_at,
        }
    }

    #[test]
    fn the_newest_current_key_signs_and_expired_ones_are_gone() {
        let set = KeySet::new(
            vec![
                stored("a", 1, Some(50)),
                stored("b", 2, Some(200)),
                stored("c", 3, None),
                stored("d", 4, None),
                stored("e", 5, Some(300)),
            ],
            100,
        );
        assert_eq!(set.current().map(|key| &*key.kid), Some("d"));
        let kids: Vec<_> = set.public(100).into_iter().map(|(kid, _)| kid).collect();
        assert_eq!(kids, ["d", "c", "e", "b"]);
        assert!(set.find("a", 100).is_none());
        assert!(set.find("b", 199).is_some() && set.find("b", 200).is_none());
        assert!(
            KeySet::new(vec![stored("b", 2, Some(200))], 100)
                .current()
                .is_none()
        );
    }

    #[test]
    fn a_kid_is_a_name_and_nothing_more() {
        let set = KeySet::new(vec![stored("a", 1, None)], 0);
        for kid in ["", "A", "a ", "./a", "../../a", "a\0", "a' OR '1'='1", "0"] {
            assert!(set.find(kid, 0).is_none(), "{kid}");
        }
    }

    #[test]
    fn only_one_caller_reads_the_keys_again() {
        let keys = Keys::default();
        keys.read_at.store(1_000, Ordering::Relaxed);
        assert!(!keys.is_due(1_000 + SEARCH_MS - 1, true));
        assert!(keys.is_due(1_000 + SEARCH_MS, true));
        assert!(!keys.is_due(1_000 + SEARCH_MS, true));
        assert!(!keys.is_due(1_000 + REFRESH_MS, false));
        assert!(keys.is_due(1_000 + SEARCH_MS + REFRESH_MS, false));
    }
}
