//! Work that keeps the isolate's one thread busy, such as hashing a password: before each piece, requests that have come
//! meanwhile go on, so that they stand in line when it is decided whose turn is next.

use crm_core::ports::{Answer, Clock, Compute, compute::Job};

use crate::clock::PlatformClock;

pub struct Yielding;

impl Compute for Yielding {
    fn run(&self, job: Job) -> Answer<'_, ()> {
        Box::pin(async move {
            PlatformClock.sleep(0).await;
            job();
        })
    }

    /// On the platform, an I/O object of one request is of no use to another one.
    fn wakes(&self) -> bool {
        false
    }
}
