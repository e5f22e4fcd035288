//! A cache of texts near to where requests are served. It may lose values at any time and may return values that are a
//! minute old, so nothing is decided by it: the store that is read next checks every cached value.

use super::Answer;

#[cfg(feature = "conformance")]
pub mod conformance;

/// Keys have 1 to 400 bytes, without control characters.
pub trait Cache: Send + Sync + 'static {
    /// None if it is absent, or the cache cannot be reached.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<String>>;
    /// Stores `value` for `life_s` seconds, at least 60. An unreachable cache is not an error.
    fn put<'a>(&'a self, key: &'a str, value: &'a str, life_s: u32) -> Answer<'a, ()>;
    fn remove<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
}
