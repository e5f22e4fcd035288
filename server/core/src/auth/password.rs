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

pub const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Computed at once, wherever: a host that keeps several cores busy with them holds no more memory than this either.
const AT_ONCE: usize = 2;
/// Waiting beside them; more are refused.
const WAITING: usize = 64;

/// Bytes that all passwords hold that are computed at once. A Worker has 128 MB for everything: a third of it at most.
pub const MEMORY: usize = AT_ONCE * MEMORY_KIB as usize * 1024;
const _: () = assert!(MEMORY <= (128_000_000 / 3));

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

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        ports::{Answer, compute::Job},
        testing::host::Dice,
    };

    /// Takes jobs and lets each wait until it is told to go on; knows how many it had at once.
    struct Held {
        go: Semaphore,
        running: AtomicUsize,
        most: AtomicUsize,
    }

    impl Held {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                go: Semaphore::new(0),
                running: AtomicUsize::new(0),
                most: AtomicUsize::new(0),
            })
        }
    }

    impl Compute for Held {
        fn run(&self, _: Job) -> Answer<'_, ()> {
            Box::pin(async move {
                let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(running, Ordering::Relaxed);
                self.go.acquire().await.forget();
                self.running.fetch_sub(1, Ordering::Relaxed);
            })
        }
    }

    type SignIn<'a> = Pin<Box<dyn Future<Output = Result<bool, Crowded>> + 'a>>;

    fn sign_ins(passwords: &Passwords, count: usize) -> Vec<SignIn<'_>> {
        let one = |_| Box::pin(passwords.verify("password", None)) as SignIn<'_>;
        (0..count).map(one).collect()
    }

    /// Lets each go on as far as it can; what those came to that ended. The others are kept.
    fn go_on(all: &mut Vec<SignIn<'_>>) -> Vec<Result<bool, Crowded>> {
        let mut ended = Vec::new();
        all.retain_mut(
            |one| match one.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(end) => {
                    ended.push(end);
                    false
                }
                Poll::Pending => true,
            },
        );
        ended
    }

    /// Whatever computes them: not by luck of a host that has one thread.
    #[test]
    fn a_flood_of_sign_ins_holds_the_memory_of_two() {
        let held = Held::new();
        let passwords = Passwords::new(held.clone());
        let mut all = sign_ins(&passwords, 200);
        let refused = go_on(&mut all);
        assert_eq!(refused, vec![Err(Crowded); 200 - AT_ONCE - WAITING]);
        assert_eq!(held.running.load(Ordering::Relaxed), AT_ONCE);
        // One after another they are served, and nobody is forgotten.
        let mut served = 0;
        for _ in 0..1_000 {
            if all.is_empty() {
                break;
            }
            held.go.add_permits(1);
            served += go_on(&mut all).len();
        }
        assert_eq!((served, all.len()), (AT_ONCE + WAITING, 0));
        assert_eq!(held.most.load(Ordering::Relaxed), AT_ONCE);
    }

    #[test]
    fn who_leaves_makes_room() {
        let held = Held::new();
        let passwords = Passwords::new(held.clone());
        for _ in 0..3 {
            let mut all = sign_ins(&passwords, AT_ONCE + WAITING);
            assert_eq!(go_on(&mut all), []);
            assert_eq!(go_on(&mut sign_ins(&passwords, 1)), [Err(Crowded)]);
            drop(all);
            held.running.store(0, Ordering::Relaxed);
        }
        let mut one = sign_ins(&passwords, 1);
        assert_eq!(go_on(&mut one), []);
        held.go.add_permits(1);
        assert_eq!(go_on(&mut one), [Ok(false)]);
    }

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::new(Arc::new(crate::ports::compute::Inline));
        let dice = Dice::default();
        let hash = crate::testing::ready(passwords.hash("correct horse", &dice)).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let verify = |password: &str, hash: &str| {
            crate::testing::ready(passwords.verify(password, Some(hash.to_owned())))
        };
        assert_eq!(verify("correct horse", &hash), Ok(true));
        assert_eq!(verify("Correct horse", &hash), Ok(false));
        assert_eq!(verify("correct horse", "no hash"), Ok(false));
    }
}
