//! Requests that an isolate may admit without asking the counting object: it takes several at once, which are counted
//! once and expire after a few seconds. A frequent caller costs one question per hundred requests; an occasional one
//! costs one per request.

use std::collections::HashMap;

use crm_core::ports::limiter::{Decision, Quota};

use super::bucket::{Bucket, MS};

/// At most a `PART`th of a quota is taken at once. The object has counted it already, so nobody gets more than the
/// quota; a caller who pauses may lose the rest until it is refilled.
const PART: u32 = 100;
/// The lifetime of a lease; unused requests are lost after it.
const LIFE: i64 = 2_000 * MS;
/// The most leases of an isolate; for further callers the object is asked at each request.
const MOST: usize = 10_000;

#[derive(Default)]
pub struct Leases(HashMap<String, Lease>);

struct Lease {
    /// The counting object's, less what is left here.
    bucket: Bucket,
    left: u32,
    /// The number of requests that were asked for at once.
    size: u32,
    until: i64,
}

impl Lease {
    /// Not longer than its lifetime, even if the clock went back.
    fn lasts(&self, now: i64) -> bool {
        now < self.until && self.until <= now + LIFE
    }
}

impl Leases {
    /// The decision if it is possible without asking; else None.
    pub fn spend(&mut self, quota: Quota, name: &str, now: i64) -> Option<Decision> {
        let lease = self.0.get_mut(name)?;
        if !lease.lasts(now) {
            lease.left = 0;
        }
        lease.left = lease.left.checked_sub(1)?;
        Some(lease.bucket.take(quota.requests, quota.window_s, now))
    }

    /// The number to ask for: twice as many as last time if those were used before they expired.
    pub fn wanted(&self, quota: Quota, name: &str, now: i64) -> u32 {
        let most = (quota.requests / PART).max(1);
        match self.0.get(name) {
            Some(lease) if lease.lasts(now) => (lease.size * 2).min(most),
            _ => 1,
        }
    }

    /// The counting object granted `granted` of `asked` requests; its bucket now needs `missing` ns to be full. One
    /// request is spent at once.
    pub fn granted(
        &mut self,
        quota: Quota,
        name: &str,
        asked: u32,
        (granted, missing): (u32, i64),
        now: i64,
    ) -> Decision {
        let each = Bucket::each(quota.requests, quota.window_s);
        let whole_at = now + missing;
        let before = self.0.get(name).filter(|lease| lease.lasts(now));
        // Other requests may have asked meanwhile: their rest stays valid too, since the object counted all of it.
        let left = before.map_or(0, |lease| lease.left) + granted;
        let mut bucket = Bucket {
            whole_at: whole_at - i64::from(left) * each,
        };
        let decision = bucket.take(quota.requests, quota.window_s, now);
        let Some(left) = left.checked_sub(1) else {
            self.0.remove(name);
            return decision;
        };
        if self.0.len() >= MOST && !self.0.contains_key(name) {
            self.0.retain(|_, lease| lease.lasts(now));
        }
        if self.0.len() < MOST || self.0.contains_key(name) {
            let lease = Lease {
                bucket,
                left,
                size: asked,
                until: now + LIFE,
            };
            self.0.insert(name.to_owned(), lease);
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_764_000_000_000 * MS;

    fn quota(requests: u32, window_s: u32) -> Quota {
        Quota {
            name: "caller",
            requests,
            window_s,
        }
    }

    /// An isolate that counts its questions.
    #[derive(Default)]
    struct Isolate {
        leases: Leases,
        asked: u32,
    }

    impl Isolate {
        fn take(&mut self, quota: Quota, object: &mut Bucket, now: i64) -> Decision {
            if let Some(decision) = self.leases.spend(quota, "a", now) {
                return decision;
            }
            self.asked += 1;
            let asked = self.leases.wanted(quota, "a", now);
            let granted = object.grant(quota.requests, quota.window_s, asked, now);
            self.leases.granted(quota, "a", asked, granted, now)
        }
    }

    #[test]
    fn a_busy_caller_costs_few_questions_and_is_told_the_truth() {
        let quota = quota(6_000, 60);
        let (mut isolate, mut object, mut exact) =
            (Isolate::default(), Bucket::default(), Bucket::default());
        for n in 0..7_000 {
            let seen = isolate.take(quota, &mut object, NOW);
            assert_eq!(seen, exact.take(6_000, 60, NOW), "request {n}");
        }
        // The object is asked for each of the thousand refused requests.
        assert!(isolate.asked < 1_110, "{}", isolate.asked);
    }

    #[test]
    fn a_rare_caller_loses_nothing() {
        let quota = quota(600, 60);
        let (mut isolate, mut object) = (Isolate::default(), Bucket::default());
        for n in 0..50 {
            let now = NOW + n * 3_000 * MS;
            let seen = isolate.take(quota, &mut object, now);
            assert_eq!((seen.allowed, seen.remaining), (true, 599));
        }
        assert_eq!(isolate.asked, 50);
    }

    #[test]
    fn a_small_quota_is_asked_for_each_time() {
        let quota = quota(10, 300);
        let (mut isolate, mut object) = (Isolate::default(), Bucket::default());
        let left: Vec<u32> = (0..10)
            .map(|_| isolate.take(quota, &mut object, NOW).remaining)
            .collect();
        assert_eq!(left, (0..10).rev().collect::<Vec<_>>());
        assert!(!isolate.take(quota, &mut object, NOW).allowed);
        assert_eq!(isolate.asked, 11);
    }

    #[test]
    fn what_is_left_of_a_lease_ends_with_it() {
        let quota = quota(60_000, 60);
        let (mut isolate, mut object) = (Isolate::default(), Bucket::default());
        for _ in 0..100 {
            isolate.take(quota, &mut object, NOW);
        }
        let asked = isolate.asked;
        assert_eq!(isolate.leases.spend(quota, "a", NOW + LIFE), None);
        isolate.take(quota, &mut object, NOW + LIFE);
        assert_eq!(isolate.asked, asked + 1);
    }

    #[test]
    fn a_clock_that_goes_back_prolongs_no_lease() {
        let quota = quota(60_000, 60);
        let (mut isolate, mut object) = (Isolate::default(), Bucket::default());
        for _ in 0..100 {
            isolate.take(quota, &mut object, NOW);
        }
        let back = NOW - 3_600_000 * MS;
        assert_eq!(isolate.leases.spend(quota, "a", back), None);
        assert_eq!(isolate.leases.wanted(quota, "a", back), 1);
    }

    #[test]
    fn many_callers_keep_memory_bounded() {
        let quota = quota(60_000, 60);
        let mut leases = Leases::default();
        for n in 0..MOST + 500 {
            let seen = leases.granted(quota, &n.to_string(), 1, (1, MS), NOW);
            assert!(seen.allowed);
        }
        assert_eq!(leases.0.len(), MOST);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// A caller gets the quota plus the refill and no more, through however many isolates and at whatever times.
        #[test]
        fn no_more_than_the_quota(
            requests in 1u32..5_000,
            window_s in 1u32..600,
            steps in proptest::collection::vec((0usize..3, 0u32..300, 1u32..200), 1..200),
        ) {
            let quota = quota(requests, window_s);
            let mut isolates: [Isolate; 3] = Default::default();
            let mut object = Bucket::default();
            let (mut at, mut given) = (0_i64, 0_u32);
            for (isolate, gap, burst) in steps {
                at += i64::from(gap);
                for _ in 0..burst {
                    let seen = isolates[isolate].take(quota, &mut object, NOW + at * MS);
                    prop_assert!(seen.remaining <= requests);
                    given += u32::from(seen.allowed);
                }
                let back = at as f64 * f64::from(requests) / (f64::from(window_s) * 1000.0);
                let most = f64::from(requests) + back;
                prop_assert!(f64::from(given) <= most + 0.01, "{given} of {most} after {at} ms");
            }
        }
    }
}
