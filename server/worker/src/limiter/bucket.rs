//! A token bucket as one number (GCRA): the time at which it is full again.

use crm_core::ports::limiter::{Decision, Quota};
use quick_cache::unsync::Cache;

/// Upper bound of the buckets that an isolate keeps while it counts by itself.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The time at which the bucket is full, in epoch ns; integers, so that the parts of a quota add up to it.
    pub whole_at: i64,
}

pub const MS: i64 = 1_000_000;

impl Bucket {
    /// The time in ns in which one of `requests` per `window_s` is refilled; 0 if none ever is.
    pub fn each(requests: u32, window_s: u32) -> i64 {
        let each = window(window_s).checked_div(i64::from(requests));
        each.unwrap_or_default()
    }

    /// Takes up to `count` requests. Returns how many, and how many ns the bucket then needs to be full.
    pub fn grant(&mut self, requests: u32, window_s: u32, count: u32, now: i64) -> (u32, i64) {
        let (window, each) = (window(window_s), Self::each(requests, window_s));
        let missing = (self.whole_at - now).clamp(0, window);
        let there = (window - missing).checked_div(each).unwrap_or_default();
        let granted = i64::from(count).min(there);
        let missing = missing + granted * each;
        if granted > 0 {
            self.whole_at = now + missing;
        }
        (u32::try_from(granted).unwrap_or_default(), missing)
    }

    /// Takes one of `requests` per `window_s`. `now` is in epoch ns.
    pub fn take(&mut self, requests: u32, window_s: u32, now: i64) -> Decision {
        let (window, each) = (window(window_s), Self::each(requests, window_s));
        if each == 0 {
            return Decision {
                allowed: false,
                remaining: 0,
                reset_s: window_s.max(1),
            };
        }
        // After the clock went back, tokens are missing for one window at most.
        let missing = (self.whole_at - now).clamp(0, window) + each;
        if missing > window {
            return Decision {
                allowed: false,
                remaining: 0,
                reset_s: seconds(missing - window).max(1),
            };
        }
        self.whole_at = now + missing;
        let remaining = (window - missing) / each;
        Decision {
            allowed: true,
            remaining: u32::try_from(remaining).unwrap_or(requests),
            reset_s: seconds(missing),
        }
    }
}

/// Buckets by name, in memory alone. A bucket that is asked for again and again stays when there are too many.
pub struct Buckets(Cache<String, Bucket>);

impl Default for Buckets {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Buckets {
    /// Takes one request of the bucket's quota.
    pub fn take(&mut self, quota: Quota, name: &str, now: i64) -> Decision {
        let mut bucket = self.0.get(name).copied().unwrap_or_default();
        let decision = bucket.take(quota.requests, quota.window_s, now);
        self.0.insert(name.to_owned(), bucket);
        decision
    }
}

fn window(window_s: u32) -> i64 {
    i64::from(window_s) * 1_000 * MS
}

/// Whole seconds, rounded up, so that a caller who waits that long is not early.
fn seconds(ns: i64) -> u32 {
    let second = 1_000 * MS;
    u32::try_from((ns + second - 1) / second).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_764_000_000_000 * MS;

    fn allowed(remaining: u32, reset_s: u32) -> Decision {
        Decision {
            allowed: true,
            remaining,
            reset_s,
        }
    }

    fn refused(reset_s: u32) -> Decision {
        Decision {
            allowed: false,
            remaining: 0,
            reset_s,
        }
    }

    #[test]
    fn a_flood_of_names_does_not_fill_a_bucket_in_use() {
        let quota = Quota {
            name: "caller",
            requests: 3,
            window_s: 3_600,
        };
        let mut buckets = Buckets::default();
        while buckets.take(quota, "busy", NOW).allowed {}
        for n in 0..3 * MOST {
            buckets.take(quota, &n.to_string(), NOW);
            let busy = n % 10 == 0 && buckets.take(quota, "busy", NOW).allowed;
            assert!(!busy, "after {n} others");
        }
        assert!(buckets.0.len() <= MOST);
    }

    #[test]
    fn a_quota_is_counted_down_and_comes_back() {
        let mut bucket = Bucket::default();
        let mut take = |ms: i64| bucket.take(3, 30, NOW + ms * MS);
        assert_eq!(
            [take(0), take(0), take(0)],
            [allowed(2, 10), allowed(1, 20), allowed(0, 30)]
        );
        assert_eq!([take(0), take(9_000)], [refused(10), refused(1)]);
        assert_eq!([take(10_000), take(10_000)], [allowed(0, 30), refused(10)]);
        assert_eq!(take(100_000), allowed(2, 10));
    }

    #[test]
    fn a_quota_of_nothing_allows_nothing() {
        assert_eq!(Bucket::default().take(0, 60, NOW), refused(60));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let mut bucket = Bucket {
            whole_at: NOW + 1_000_000_000 * MS,
        };
        assert_eq!(bucket.take(10, 10, NOW), refused(1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Nobody gets more than the quota plus the refill, and a fresh bucket grants the whole quota.
        #[test]
        fn no_more_than_the_quota(
            requests in 1u32..2_000,
            window_s in 1u32..4_000,
            gaps in proptest::collection::vec(0u32..2_000, 1..300),
        ) {
            let mut bucket = Bucket::default();
            let mut take = |ms: i64| bucket.take(requests, window_s, NOW + ms * MS).allowed;
            let burst = (0..requests).filter(|_| take(0)).count();
            prop_assert_eq!(burst, requests as usize);
            let (mut at, mut given) = (0, 0u32);
            for gap in gaps {
                at += i64::from(gap);
                given += u32::from(take(at));
                let back = at as f64 * f64::from(requests) / (f64::from(window_s) * 1000.0);
                prop_assert!(f64::from(given) <= back + 0.01, "{given} after {at} ms");
            }
        }
    }
}
