//! Runs work that keeps a core busy for tens of milliseconds, such as hashing a password.

use super::Answer;

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

pub trait Compute: Send + Sync + 'static {
    /// Runs the job to its end. A host with threads to spare keeps it off those that serve requests.
    fn run(&self, job: Job) -> Answer<'_, ()>;

    /// Whether one request may wake another. If not, waiters poll by their own timers, and an abandoned request may
    /// never be dropped.
    fn wakes(&self) -> bool {
        true
    }
}

/// Runs jobs on the calling thread, for hosts with one thread and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Compute for Inline {
    fn run(&self, job: Job) -> Answer<'_, ()> {
        Box::pin(async move { job() })
    }
}
