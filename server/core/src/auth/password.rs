//! Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's first choice). A few are hashed at a time and a
//! bounded number waits, so that a flood of sign-ins does not take all memory and cores. Waiters are served in turns
//! (`queue.rs`).

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use parking_lot::Mutex;

mod line;
pub mod opaque;
mod queue;

use line::{Line, Place};
pub use queue::Party;

use crate::ports::{Clock, Compute, Random};

pub const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at once on any host: one with several cores uses no more memory than this either.
const AT_ONCE: usize = 2;
/// The most waiting requests; further ones are refused.
const WAITING: usize = 64;

/// The memory of all hashes that are computed at once, in bytes. A Worker has 128 MB in all; this takes a third at
/// most.
pub const MEMORY: usize = AT_ONCE * MEMORY_KIB as usize * 1024;
const _: () = assert!(MEMORY <= (128_000_000 / 3));

/// Too many passwords wait to be hashed: try again in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at once")]
pub struct Crowded;

pub struct Passwords {
    compute: Arc<dyn Compute>,
    line: Arc<Line>,
}

impl Passwords {
    pub fn new(compute: Arc<dyn Compute>, clock: Arc<dyn Clock>) -> Self {
        let line = Line::new(AT_ONCE, WAITING, clock, compute.wakes());
        Self {
            compute,
            line: Arc::new(line),
        }
    }

    /// A password's hash as a PHC string.
    pub async fn hash(
        &self,
        password: &str,
        random: &dyn Random,
        party: &Party,
    ) -> Result<String, Crowded> {
        let password = opaque::string(password);
        let salt: [u8; 16] = crate::random_id::bytes(random);
        let place = self.turn(party).await?;
        let hash = self.run(&place, move || {
            let hash: Option<PasswordHash> = argon2()?
                .hash_password_with_salt(password.as_bytes(), &salt)
                .ok();
            Some(hash?.to_string())
        });
        hash.await.flatten().ok_or(Crowded)
    }

    /// Which of the hashes a password fits. A missing hash (no account, or one without a password) takes as long as a
    /// wrong one. They are computed in order under one turn. The last one is skipped if it is missing and another one
    /// fits, since success reveals that to its owner only.
    pub async fn verify<const N: usize>(
        &self,
        password: &str,
        hashes: [Option<String>; N],
        party: &Party,
    ) -> Result<[bool; N], Crowded> {
        // The password alone decides which forms are tried.
        let forms = opaque::forms(password);
        let place = self.turn(party).await?;
        let mut fits = [false; N];
        for (at, hash) in hashes.into_iter().enumerate() {
            if hash.is_none() && fits.contains(&true) {
                continue;
            }
            for form in &forms {
                let (form, hash) = (form.clone(), hash.clone());
                let found = self
                    .run(&place, move || verify(form.as_bytes(), hash))
                    .await;
                fits[at] |= found.unwrap_or(false);
            }
        }
        Ok(fits)
    }

    async fn turn(&self, party: &Party) -> Result<Arc<Place>, Crowded> {
        let place = self.line.enter(party)?;
        place.turn().await?;
        Ok(Arc::new(place))
    }

    /// The place is held until the job has ended, even if its caller is gone.
    async fn run<T: Send + 'static>(
        &self,
        place: &Arc<Place>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let done = Arc::new(Mutex::new(None));
        let (put, place) = (done.clone(), place.clone());
        self.compute
            .run(Box::new(move || {
                let done = job();
                drop(place);
                *put.lock() = Some(done);
            }))
            .await;
        done.lock().take()
    }
}

/// Whether a password fits a hash; without a hash it takes equally long.
fn verify(password: &[u8], hash: Option<String>) -> bool {
    let Some(argon2) = argon2() else { return false };
    if let Some(hash) = hash {
        return argon2.verify_password(password, hash.as_str()).is_ok();
    }
    let mut out = [0; 32];
    let computed = argon2.hash_password_into(password, b"of no one at all", &mut out);
    std::hint::black_box((computed.is_ok(), out));
    false
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
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Poll, Waker},
    };

    use async_lock::Semaphore;

    use super::*;
    use crate::{
        ports::{Answer, compute::Job},
        testing::host::{Dice, Hands, NOW},
    };

    /// Holds jobs until they are released, and counts how many it had at once.
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

    fn clock() -> Arc<dyn Clock> {
        Arc::new(Hands(NOW.into()))
    }

    type SignIn<'a> = Pin<Box<dyn Future<Output = Result<[bool; 1], Crowded>> + 'a>>;

    fn at(domain: &str, address: u8) -> Party {
        let login = format!("dana@{domain}.example");
        Party::signing_in(&login, None, Some([192, 0, 2, address].into()))
    }

    fn sign_in<'a>(passwords: &'a Passwords, party: &'a Party) -> SignIn<'a> {
        Box::pin(passwords.verify("password", [None], party))
    }

    fn sign_ins<'a>(passwords: &'a Passwords, count: usize, party: &'a Party) -> Vec<SignIn<'a>> {
        (0..count).map(|_| sign_in(passwords, party)).collect()
    }

    /// Polls all; returns the results of those that ended and keeps the others.
    fn go_on(all: &mut Vec<SignIn<'_>>) -> Vec<Result<[bool; 1], Crowded>> {
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

    /// With any executor, not only on a host with one thread.
    #[test]
    fn a_flood_of_sign_ins_holds_the_memory_of_two() {
        let held = Held::new();
        let passwords = Passwords::new(held.clone(), clock());
        let party = at("alder", 1);
        let mut all = sign_ins(&passwords, 200, &party);
        let refused = go_on(&mut all);
        assert_eq!(refused, vec![Err(Crowded); 200 - AT_ONCE - WAITING]);
        assert_eq!(held.running.load(Ordering::Relaxed), AT_ONCE);
        // They are served one after another, and all are served.
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
        let passwords = Passwords::new(held.clone(), clock());
        let party = at("alder", 1);
        for _ in 0..3 {
            let mut all = sign_ins(&passwords, AT_ONCE + WAITING, &party);
            assert_eq!(go_on(&mut all), []);
            assert_eq!(go_on(&mut sign_ins(&passwords, 1, &party)), [Err(Crowded)]);
            drop(all);
            held.running.store(0, Ordering::Relaxed);
        }
        let mut one = sign_ins(&passwords, 1, &party);
        assert_eq!(go_on(&mut one), []);
        held.go.add_permits(1);
        assert_eq!(go_on(&mut one), [Ok([false])]);
    }

    /// Eighty clients of one business from one address, eighty from as many addresses, and eighty who each name another
    /// business: somebody else is served after a few turns.
    #[test]
    fn many_clients_of_one_business_or_address_keep_nobody_else_out() {
        let crowds: [Vec<Party>; 3] = [
            vec![at("alder", 1); 80],
            (0..80).map(|n| at("alder", n)).collect(),
            (0..80).map(|n| at(&format!("made-up-{n}"), 1)).collect(),
        ];
        for (crowd, other) in crowds
            .iter()
            .zip([at("birch", 1), at("birch", 200), at("birch", 2)])
        {
            let held = Held::new();
            let passwords = Passwords::new(held.clone(), clock());
            let mut all: Vec<_> = crowd
                .iter()
                .map(|party| sign_in(&passwords, party))
                .collect();
            assert_eq!(go_on(&mut all).len(), 80 - AT_ONCE - WAITING);
            let mut one = vec![sign_in(&passwords, &other)];
            assert_eq!(go_on(&mut one), []);
            let mut turns = 0;
            let came = loop {
                // The first one: once it is its turn, the ready job is its own.
                held.go.add_permits(1);
                let came = go_on(&mut one);
                if !came.is_empty() {
                    break came;
                }
                turns += 1;
                assert!(turns < 10, "it waits behind the crowd");
                go_on(&mut all);
            };
            assert_eq!(came, [Ok([false])]);
        }
    }

    /// Runs jobs at once, and counts them.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Compute for Counting {
        fn run(&self, job: Job) -> Answer<'_, ()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { job() })
        }
    }

    struct Desk {
        passwords: Passwords,
        counting: Arc<Counting>,
        party: Party,
    }

    impl Desk {
        fn new() -> Self {
            let counting = Arc::new(Counting::default());
            Self {
                passwords: Passwords::new(counting.clone(), clock()),
                counting,
                party: Party::default(),
            }
        }

        fn hash(&self, password: &str) -> String {
            let dice = Dice::default();
            crate::testing::ready(self.passwords.hash(password, &dice, &self.party)).unwrap()
        }

        /// Which hashes the password fits, and how many hashes were computed.
        fn verify<const N: usize>(
            &self,
            password: &str,
            hashes: [Option<&str>; N],
        ) -> ([bool; N], usize) {
            let before = self.counting.0.load(Ordering::Relaxed);
            let hashes = hashes.map(|hash| hash.map(str::to_owned));
            let fits = crate::testing::ready(self.passwords.verify(password, hashes, &self.party));
            (
                fits.unwrap(),
                self.counting.0.load(Ordering::Relaxed) - before,
            )
        }
    }

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let desk = Desk::new();
        let hash = desk.hash("correct horse");
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_eq!(desk.verify("correct horse", [Some(&hash)]), ([true], 1));
        assert_eq!(desk.verify("Correct horse", [Some(&hash)]), ([false], 1));
        assert_eq!(desk.verify("correct horse", [Some("no hash")]).0, [false]);
        assert_eq!(desk.verify("correct horse", [None]), ([false], 1));
        assert_eq!(
            desk.verify("other horse", [Some(&hash), None]),
            ([false, false], 2)
        );
        assert_eq!(
            desk.verify("correct horse", [Some(&hash), None]),
            ([true, false], 1)
        );
        assert_eq!(
            desk.verify("correct horse", [Some(&hash), Some(&hash)]),
            ([true, true], 2)
        );
    }

    /// RFC 8265, OpaqueString: composed and decomposed letters are the same, and so are all spaces; case is not.
    #[test]
    fn a_password_is_the_same_however_its_letters_are_composed() {
        let desk = Desk::new();
        let hash = desk.hash("caf\u{e9} au\u{a0}lait 12");
        for spelled in ["cafe\u{301} au lait 12", "caf\u{e9} au\u{2003}lait 12"] {
            assert_eq!(desk.verify(spelled, [Some(&hash)]).0, [true], "{spelled:?}");
        }
        assert_eq!(
            desk.verify("Caf\u{e9} au lait 12", [Some(&hash)]).0,
            [false]
        );
        assert_eq!(desk.verify("cafe au lait 12", [Some(&hash)]).0, [false]);
    }

    /// Earlier hashes were made from the bytes of the password as sent, without normalisation.
    #[test]
    fn a_password_that_was_stored_as_it_was_sent_still_fits() {
        let desk = Desk::new();
        let raw = "cafe\u{301} au lait 12";
        let hash = argon2().unwrap();
        let hash = hash
            .hash_password_with_salt(raw.as_bytes(), &[7; 16])
            .unwrap();
        let hash: PasswordHash = hash;
        let hash = hash.to_string();
        // The number of computed hashes depends on the password only, not on stored data.
        assert_eq!(desk.verify(raw, [Some(&hash)]), ([true], 2));
        assert_eq!(desk.verify(raw, [None]), ([false], 2));
        assert_eq!(desk.verify(raw, [Some("no hash")]), ([false], 2));
    }
}
