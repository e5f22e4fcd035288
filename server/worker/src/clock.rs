//! Time and randomness of the platform.

use std::time::Duration;

use crm_core::ports::{Answer, Clock, Random};
use worker::{Delay, send::SendFuture};

/// The platform's clock advances only when I/O is awaited.
pub struct PlatformClock;

impl Clock for PlatformClock {
    fn now(&self) -> i64 {
        js_sys::Date::now() as i64
    }

    fn sleep(&self, ms: u64) -> Answer<'_, ()> {
        Box::pin(SendFuture::new(Delay::from(Duration::from_millis(ms))))
    }
}

pub struct PlatformRandom;

impl Random for PlatformRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness keys and tokens could be guessed, so the program aborts.
            tracing::error!(%error, "the platform has no randomness");
            std::process::abort();
        }
    }
}
