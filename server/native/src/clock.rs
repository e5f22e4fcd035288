//! Time and randomness of this machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crm_core::ports::{Answer, Clock, Random};

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, ms: u64) -> Answer<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness keys and tokens could be guessed, so the program aborts.
            tracing::error!(%error, "the system has no randomness");
            std::process::abort();
        }
    }
}
