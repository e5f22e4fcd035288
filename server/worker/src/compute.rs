//! CPU-bound work on the isolate's only thread, such as hashing a password. Before each piece of work, requests that
//! arrived meanwhile run, so that they are in the queue when the next turn is decided.

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

    /// On the platform one request cannot use an I/O object of another one, so it cannot wake it.
    fn wakes(&self) -> bool {
        false
    }
}
