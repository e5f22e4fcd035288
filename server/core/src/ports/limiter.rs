//! Counts requests against a quota: a token bucket per key.

use super::Answer;

#[cfg(feature = "conformance")]
pub mod conformance;

/// So many requests per window; bursts up to the whole quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Stands in the `RateLimit-Policy` header.
    pub name: &'static str,
    pub requests: u32,
    pub window_s: u32,
}

/// What the limiter says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub remaining: u32,
    /// Seconds until the quota is whole again, or, when refused, until the next request may come.
    pub reset_s: u32,
}

pub trait Limiter: Send + Sync + 'static {
    /// Takes one request from the bucket of `key`.
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision>;
}
