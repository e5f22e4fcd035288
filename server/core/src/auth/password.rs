//! Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's first choice for it). A few are computed at a time and
//! a bounded number waits, so that a flood of sign-ins takes neither the memory nor the cores from everybody else.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use async_lock::Semaphore;

use crate::ports::{Compute, Random};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Computed at once.
const AT_ONCE: usize = 2;
/// Waiting beside them; more are refused.
const WAITING: usize = 64;

/// Too many passwords wait to be computed: try again in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once")]
pub struct Crowded;

pub struct Passwords {
    compute: Arc<dyn Compute>,
    slots: Semaphore,
    taken: AtomicUsize,
}

impl Passwords {
    pub fn new(compute: Arc<dyn Compute>) -> Self {
        Self {
            compute,
            slots: Semaphore::new(AT_ONCE),
            taken: AtomicUsize::new(0),
        }
    }

    /// A password's hash as a PHC string.
    pub async fn hash(&self, password: &str, random: &dyn Random) -> Result<String, Crowded> {
        let password = password.to_owned();
        let salt: [u8; 16] = crate::random_id::bytes(random);
        self.run(move || {
            let hash: Option<PasswordHash> = argon2()?
                .hash_password_with_salt(password.as_bytes(), &salt)
                .ok();
            Some(hash?.to_string())
        })
        .await?
        .flatten()
        .ok_or(Crowded)
    }

    /// Whether a password fits a hash. Without one (no such account, or one without password) it takes as long.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, Crowded> {
        let password = password.to_owned();
        let fits = self.run(move || {
            let argon2 = argon2()?;
            match hash {
                Some(hash) => Some(
                    argon2
                        .verify_password(password.as_bytes(), hash.as_str())
                        .is_ok(),
                ),
                None => {
                    let mut out = [0; 32];
                    let computed = argon2.hash_password_into(
                        password.as_bytes(),
                        b"of no one at all",
                        &mut out,
                    );
                    std::hint::black_box((computed.is_ok(), out));
                    Some(false)
                }
            }
        });
        Ok(fits.await?.flatten().unwrap_or(false))
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Crowded> {
        let _place = Place::take(&self.taken)?;
        let _slot = self.slots.acquire().await;
        let done = Arc::new(Mutex::new(None));
        let put = done.clone();
        self.compute
            .run(Box::new(move || {
                *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(job())
            }))
            .await;
        Ok(done.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// One of the places for those who wait or are served; given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(taken: &'a AtomicUsize) -> Result<Self, Crowded> {
        let place = Self(taken);
        if taken.fetch_add(1, Ordering::Relaxed) >= AT_ONCE + WAITING {
            Err(Crowded)
        } else {
            Ok(place)
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2() -> Option<Argon2<'static>> {
    Some(Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?,
    ))
}
