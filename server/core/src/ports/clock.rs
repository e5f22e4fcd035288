//! The host's clock.

use super::Answer;

pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> i64;
    /// Waits for that many milliseconds.
    fn sleep(&self, ms: u64) -> Answer<'_, ()>;
}
