//! The pure rule that decides from the outcome of an attempt whether and when it is repeated. Retries are bounded in
//! number and in waiting time. `Retry-After` is honoured; if it is too long, the answer is returned.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::headers::AnswerHeaders;

/// The bounds of retries. The default: 3 retries, waits from 200 ms doubling up to 5 s, 30 s of waiting in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most retries of a call; 0 turns retries off.
    pub retries: u32,
    /// The longest wait before the first retry; it doubles with each further one.
    pub base: Duration,
    /// The longest single wait, unless the server asks for more.
    pub longest: Duration,
    /// The longest sum of all waits of a call, even if the server asks for more.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 3,
            base: Duration::from_millis(200),
            longest: Duration::from_secs(5),
            total: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// No retries: every call is sent once.
    pub fn none() -> Self {
        RetryPolicy {
            retries: 0,
            ..RetryPolicy::default()
        }
    }
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    /// An answer.
    Answer(StatusCode, &'a HeaderMap),
    /// No connection was made, so the request had no effect.
    NeverSent,
    /// The connection broke; the server may have done the work.
    Broken,
}

/// Whether a request can be repeated without taking effect twice.
pub(super) fn is_repeatable(method: &Method, has_key: bool) -> bool {
    has_key || method.is_safe() || *method == Method::PUT
}

/// The wait before the next attempt; `None` to return the outcome. `random` is uniform in 0..=1000.
pub(super) fn wait(
    policy: &RetryPolicy,
    outcome: Outcome<'_>,
    repeatable: bool,
    retries_so_far: u32,
    waited: Duration,
    random: u64,
) -> Option<Duration> {
    if retries_so_far >= policy.retries {
        return None;
    }
    let (again, asked) = match outcome {
        Outcome::NeverSent => (true, None),
        Outcome::Broken => (repeatable, None),
        Outcome::Answer(status, headers) => {
            let asked = headers.retry_after();
            let again = match status.as_u16() {
                // The server did not begin the work.
                429 => true,
                // A proxy may answer 503 after the server did the work; the server itself sends `Retry-After`.
                503 => repeatable || asked.is_some(),
                500 | 502 | 504 => repeatable,
                _ => false,
            };
            (again, asked)
        }
    };
    if !again {
        return None;
    }
    let ceiling = policy
        .base
        .saturating_mul(1 << retries_so_far.min(20))
        .min(policy.longest);
    let jitter = ceiling.mul_f64(random.min(1000) as f64 / 1000.0);
    let wait = match asked {
        // Callers that were refused at the same time must not come back at the same time.
        Some(asked) => asked.saturating_add(jitter.min(policy.base)),
        None => jitter,
    };
    (waited.saturating_add(wait) <= policy.total).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(status: u16, retry_after: Option<&str>) -> (StatusCode, HeaderMap) {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", value.parse().unwrap());
        }
        (StatusCode::from_u16(status).unwrap(), headers)
    }

    fn waits(status: u16, retry_after: Option<&str>, repeatable: bool) -> Option<Duration> {
        let (status, headers) = answer(status, retry_after);
        wait(
            &RetryPolicy::default(),
            Outcome::Answer(status, &headers),
            repeatable,
            0,
            Duration::ZERO,
            1000,
        )
    }

    #[test]
    fn what_may_have_been_done_is_only_repeated_when_that_is_safe() {
        for status in [500, 502, 503, 504] {
            assert!(waits(status, None, true).is_some(), "{status}");
            assert_eq!(waits(status, None, false), None, "{status}");
        }
        for status in [200, 304, 400, 401, 404, 409, 412, 422, 501] {
            assert_eq!(waits(status, None, true), None, "{status}");
        }
        let policy = RetryPolicy::default();
        assert!(wait(&policy, Outcome::NeverSent, false, 0, Duration::ZERO, 1000).is_some());
        assert!(wait(&policy, Outcome::Broken, true, 0, Duration::ZERO, 1000).is_some());
        assert_eq!(
            wait(&policy, Outcome::Broken, false, 0, Duration::ZERO, 1000),
            None
        );
    }

    #[test]
    fn what_the_server_refused_to_begin_is_repeated_as_it_asks() {
        let policy = RetryPolicy::default();
        for status in [429, 503] {
            let wait = waits(status, Some("2"), false).unwrap();
            assert!(
                wait >= Duration::from_secs(2) && wait <= Duration::from_secs(2) + policy.base,
                "{wait:?}"
            );
        }
        assert_eq!(
            waits(429, Some("3600"), true),
            None,
            "longer than the caller is ready to wait"
        );
    }

    #[test]
    fn writes_repeat_only_with_a_key() {
        assert!(is_repeatable(&Method::GET, false));
        assert!(!is_repeatable(&Method::POST, false));
        assert!(!is_repeatable(&Method::DELETE, false));
        assert!(is_repeatable(&Method::PATCH, true));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever the outcomes are, the retries of a call end: in number and in time.
        #[test]
        fn waiting_is_bounded(
            outcomes in prop::collection::vec((0_u16..5, 0_u64..100_000, any::<bool>()), 1..50),
            retries in 0_u32..40,
            random in 0_u64..2_000,
        ) {
            let policy = RetryPolicy { retries, ..RetryPolicy::default() };
            let (mut waited, mut count) = (Duration::ZERO, 0);
            for (kind, seconds, repeatable) in outcomes {
                let (status, headers) = answer([429, 500, 503, 504, 200][usize::from(kind)], Some(&seconds.to_string()));
                let outcome = Outcome::Answer(status, &headers);
                if let Some(wait) = wait(&policy, outcome, repeatable, count, waited, random) {
                    waited += wait;
                    count += 1;
                }
            }
            prop_assert!(count <= retries);
            prop_assert!(waited <= policy.total);
        }
    }
}
