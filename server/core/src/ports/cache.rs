//! Remembers texts for a while, near to where requests are served. It may forget at any time and may show what was there
//! a minute ago, so nothing is ever decided by it: whatever it says is proven by the store that is asked next.

use super::Answer;

#[cfg(feature = "conformance")]
pub mod conformance;

/// Keys have 1 to 400 bytes, without control characters.
pub trait Cache: Send + Sync + 'static {
    /// None if it is not there, or the cache cannot be reached.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<String>>;
    /// Remembers `value` for `life_s` seconds, at least 60. A cache that cannot be reached is no error.
    fn put<'a>(&'a self, key: &'a str, value: &'a str, life_s: u32) -> Answer<'a, ()>;
    fn remove<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
}
