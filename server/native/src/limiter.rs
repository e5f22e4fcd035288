//! Token buckets in this process, one per quota and key, bounded in number.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use crm_core::ports::{
    Answer, Limiter,
    limiter::{Decision, Quota},
};
use governor::{
    RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::StateInformationMiddleware,
    state::keyed::HashMapStateStore,
};
use parking_lot::RwLock;

/// The most buckets per quota. Beyond that keys share buckets: a caller who invents keys reaches the limit sooner, and
/// memory stays bounded.
const MOST_BUCKETS: usize = 100_000;
const SHARED_BUCKETS: u64 = 4_096;
/// Full buckets are removed once in this many requests.
const TIDY_EVERY: u32 = 10_000;

type Buckets = RateLimiter<u64, HashMapStateStore<u64>, MonotonicClock, StateInformationMiddleware>;

struct Limit {
    quota: Quota,
    buckets: Buckets,
    since_tidy: AtomicU32,
}

#[derive(Default)]
pub struct LocalLimiter {
    limits: RwLock<HashMap<&'static str, Arc<Limit>>>,
    /// Keys are stored as randomly seeded hashes, so that callers cannot choose keys that collide.
    hasher: RandomState,
}

impl LocalLimiter {
    fn limit(&self, quota: Quota) -> Option<Arc<Limit>> {
        let known = self.limits.read().get(quota.name).cloned();
        if let Some(limit) = known.filter(|limit| limit.quota == quota) {
            return Some(limit);
        }
        let burst = NonZeroU32::new(quota.requests)?;
        let rate = governor::Quota::with_period(
            Duration::from_secs(quota.window_s.into()) / quota.requests,
        )?
        .allow_burst(burst);
        let buckets = Buckets::new(rate, HashMapStateStore::default(), MonotonicClock);
        let limit = Arc::new(Limit {
            quota,
            buckets,
            since_tidy: AtomicU32::new(0),
        });
        self.limits.write().insert(quota.name, limit.clone());
        Some(limit)
    }

    fn decide(&self, quota: Quota, key: &str) -> Decision {
        // A quota of zero allows nothing.
        let Some(limit) = self.limit(quota) else {
            return Decision {
                allowed: false,
                remaining: 0,
                reset_s: quota.window_s.max(1),
            };
        };
        let Limit {
            buckets,
            since_tidy,
            ..
        } = limit.as_ref();
        if since_tidy.fetch_add(1, Relaxed) >= TIDY_EVERY {
            since_tidy.store(0, Relaxed);
            buckets.retain_recent();
        }
        let mut key = self.hasher.hash_one(key);
        if buckets.len() >= MOST_BUCKETS {
            key %= SHARED_BUCKETS;
        }
        match buckets.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let missing = quota.requests.saturating_sub(remaining);
                let each = f64::from(quota.window_s) / f64::from(quota.requests);
                Decision {
                    allowed: true,
                    remaining,
                    reset_s: seconds(Duration::from_secs_f64(each * f64::from(missing))),
                }
            }
            Err(until) => {
                let wait = until.wait_time_from(MonotonicClock.now());
                Decision {
                    allowed: false,
                    remaining: 0,
                    reset_s: seconds(wait).max(1),
                }
            }
        }
    }
}

impl Limiter for LocalLimiter {
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision> {
        Box::pin(std::future::ready(self.decide(quota, key)))
    }
}

/// A limiter without a limit: for benchmarks, and for servers behind a limiting proxy.
pub struct Unlimited;

impl Limiter for Unlimited {
    fn take<'a>(&'a self, quota: Quota, _: &'a str) -> Answer<'a, Decision> {
        let decision = Decision {
            allowed: true,
            remaining: quota.requests,
            reset_s: 0,
        };
        Box::pin(std::future::ready(decision))
    }
}

/// Whole seconds, rounded up, so that a caller who waits that long is not early.
fn seconds(time: Duration) -> u32 {
    let up = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(up).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        name: "test",
        requests: 3,
        window_s: 30,
    };

    #[test]
    fn a_key_has_its_quota_and_no_more() {
        let limiter = LocalLimiter::default();
        let seen: Vec<_> = (0..4).map(|_| limiter.decide(QUOTA, "a")).collect();
        let allowed = |remaining, reset_s| Decision {
            allowed: true,
            remaining,
            reset_s,
        };
        assert_eq!(seen[..3], [allowed(2, 10), allowed(1, 20), allowed(0, 30)]);
        assert_eq!(
            seen[3],
            Decision {
                allowed: false,
                remaining: 0,
                reset_s: 10
            }
        );
        assert!(
            limiter.decide(QUOTA, "b").allowed,
            "another key has a quota of its own"
        );
        assert!(
            limiter
                .decide(
                    Quota {
                        name: "other",
                        ..QUOTA
                    },
                    "a"
                )
                .allowed,
            "another quota counts by itself"
        );
    }

    #[test]
    fn tokens_come_back() {
        let quota = Quota {
            name: "fast",
            requests: 100,
            window_s: 1,
        };
        let limiter = LocalLimiter::default();
        while limiter.decide(quota, "a").allowed {}
        std::thread::sleep(Duration::from_millis(50));
        assert!(limiter.decide(quota, "a").allowed);
    }

    #[test]
    fn a_quota_of_nothing_allows_nothing() {
        let limiter = LocalLimiter::default();
        assert!(
            !limiter
                .decide(
                    Quota {
                        name: "none",
                        requests: 0,
                        window_s: 1
                    },
                    "a"
                )
                .allowed
        );
    }

    #[test]
    fn made_up_keys_do_not_grow_without_bound() {
        let limiter = LocalLimiter::default();
        let quota = Quota {
            name: "many",
            requests: 1,
            window_s: 3_600,
        };
        for n in 0..MOST_BUCKETS + 20_000 {
            limiter.decide(quota, &n.to_string());
        }
        let limit = limiter.limit(quota).expect("a limit");
        assert!(limit.buckets.len() <= MOST_BUCKETS + 4_096);
    }
}
