//! A token bucket as one number: the time at which it is whole again (GCRA).

use crm_core::ports::limiter::Decision;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Epoch ms.
    pub whole_at: f64,
}

impl Bucket {
    /// Takes one of `requests` per `window_s`. `now` is in epoch ms.
    pub fn take(&mut self, requests: u32, window_s: u32, now: f64) -> Decision {
        let window = f64::from(window_s) * 1000.0;
        if requests == 0 {
            return Decision {
                allowed: false,
                remaining: 0,
                reset_s: window_s.max(1),
            };
        }
        let each = window / f64::from(requests);
        // A clock that went back takes nobody's tokens away for longer than a window.
        let whole_at = self.whole_at.clamp(now, now + window) + each;
        // Sums of many small parts miss a whole by less than a thousandth of a part.
        let slack = each / 1000.0;
        let missing = whole_at - now;
        if missing > window + slack {
            return Decision {
                allowed: false,
                remaining: 0,
                reset_s: seconds(missing - window - slack).max(1),
            };
        }
        self.whole_at = whole_at;
        Decision {
            allowed: true,
            remaining: ((window - missing + slack) / each).max(0.0) as u32,
            reset_s: seconds(missing - slack),
        }
    }
}

/// Whole seconds, rounded up: who waits for so long is not early.
fn seconds(ms: f64) -> u32 {
    (ms / 1000.0).ceil().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: f64 = 1_764_000_000_000.0;

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
    fn a_quota_is_counted_down_and_comes_back() {
        let mut bucket = Bucket::default();
        let mut take = |after: f64| bucket.take(3, 30, NOW + after);
        assert_eq!(
            [take(0.0), take(0.0), take(0.0)],
            [allowed(2, 10), allowed(1, 20), allowed(0, 30)]
        );
        assert_eq!([take(0.0), take(9_000.0)], [refused(10), refused(1)]);
        assert_eq!(
            [take(10_000.0), take(10_000.0)],
            [allowed(0, 30), refused(10)]
        );
        assert_eq!(take(100_000.0), allowed(2, 10));
    }

    #[test]
    fn a_quota_of_nothing_allows_nothing() {
        assert_eq!(Bucket::default().take(0, 60, NOW), refused(60));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let mut bucket = Bucket {
            whole_at: NOW + 1e12,
        };
        assert_eq!(bucket.take(10, 10, NOW), refused(1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Nobody gets more than the quota and what came back meanwhile, and a fresh bucket gives all of it.
        #[test]
        fn no_more_than_the_quota(
            requests in 1u32..2_000,
            window_s in 1u32..4_000,
            gaps in proptest::collection::vec(0u32..2_000, 1..300),
        ) {
            let mut bucket = Bucket::default();
            let mut take = |at: f64| bucket.take(requests, window_s, NOW + at).allowed;
            let burst = (0..requests).filter(|_| take(0.0)).count();
            prop_assert_eq!(burst, requests as usize);
            let (mut at, mut given) = (0.0, 0u32);
            for gap in gaps {
                at += f64::from(gap);
                given += u32::from(take(at));
                let back = at * f64::from(requests) / (f64::from(window_s) * 1000.0);
                prop_assert!(f64::from(given) <= back + 0.01, "{given} after {at} ms");
            }
        }
    }
}
