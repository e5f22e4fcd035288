//! Limits requests by a quota: a token bucket per key.

use super::Answer;

#[cfg(feature = "conformance")]
pub mod conformance;

/// The requests per window; a burst may use the whole quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The name in the `RateLimit-Policy` header.
    pub name: &'static str,
    pub requests: u32,
    pub window_s: u32,
}

/// The limiter's decision on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub remaining: u32,
    /// The seconds until the quota is full again or, after a refusal, until the next request is allowed.
    pub reset_s: u32,
}

pub trait Limiter: Send + Sync + 'static {
    /// Takes one request from the bucket of `key`.
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision>;
}
