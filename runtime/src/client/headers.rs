//! The typed headers of an answer: entity tags, deprecation notices, rate limits
//! (draft-ietf-httpapi-ratelimit-headers), `Retry-After` and request ids. A malformed header counts as absent and is
//! never an error.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, ETAG, RETRY_AFTER};
use progenitor_client::{Error, ResponseValue};
use sfv::{BareItem, Item, List, ListEntry, Parameters, Parser};

use super::deprecation::{self, Deprecation};

/// The remaining quota of a limit: the header `RateLimit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The name of the policy.
    pub policy: String,
    /// The remaining quota.
    pub remaining: u64,
    /// The time until the full quota is available again.
    pub reset: Option<Duration>,
}

/// A limit: one entry of the header `RateLimit-Policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitPolicy {
    /// The name of the policy.
    pub policy: String,
    /// The quota of a window.
    pub quota: u64,
    /// The length of a window.
    pub window: Option<Duration>,
}

/// Typed headers of answers, of errors that are answers, and of header maps.
pub trait AnswerHeaders {
    /// The headers; `None` if there was no answer.
    fn header_map(&self) -> Option<&HeaderMap>;

    /// A header as text.
    fn header(&self, name: &str) -> Option<&str> {
        self.header_map()?.get(name)?.to_str().ok()
    }

    /// `ETag` as received, for `If-Match` or `If-None-Match`.
    fn etag(&self) -> Option<&str> {
        self.header(ETAG.as_str())
    }

    /// `X-Request-Id`: name it when you report a problem.
    fn request_id(&self) -> Option<&str> {
        self.header("x-request-id")
    }

    /// `Deprecation`, `Sunset` and their links.
    fn deprecation(&self) -> Option<Deprecation> {
        deprecation::notice(self.header_map()?, self.sunset())
    }

    /// `Sunset`: when the resource may be gone.
    fn sunset(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header("sunset")?).ok()
    }

    /// `RateLimit`: the first of its entries.
    fn rate_limit(&self) -> Option<RateLimit> {
        list(self.header_map()?, "ratelimit")
            .into_iter()
            .find_map(|(policy, parameters)| {
                Some(RateLimit {
                    policy,
                    remaining: number(&parameters, "r")?,
                    reset: number(&parameters, "t").map(Duration::from_secs),
                })
            })
    }

    /// `RateLimit-Policy`: all of its entries.
    fn rate_limit_policies(&self) -> Vec<RateLimitPolicy> {
        let Some(headers) = self.header_map() else {
            return Vec::new();
        };
        list(headers, "ratelimit-policy")
            .into_iter()
            .filter_map(|(policy, parameters)| {
                Some(RateLimitPolicy {
                    policy,
                    quota: number(&parameters, "q")?,
                    window: number(&parameters, "w").map(Duration::from_secs),
                })
            })
            .collect()
    }

    /// `Retry-After`; a date is relative to the answer's own `Date`.
    fn retry_after(&self) -> Option<Duration> {
        let value = self.header(RETRY_AFTER.as_str())?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(value).ok()?;
        let now = httpdate::parse_http_date(self.header(DATE.as_str())?).ok()?;
        Some(until.duration_since(now).unwrap_or(Duration::ZERO))
    }

    /// `Idempotent-Replayed: true`: this is the stored answer of an earlier call with the same key.
    fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl AnswerHeaders for HeaderMap {
    fn header_map(&self) -> Option<&HeaderMap> {
        Some(self)
    }
}

impl<T> AnswerHeaders for ResponseValue<T> {
    fn header_map(&self) -> Option<&HeaderMap> {
        Some(self.headers())
    }
}

impl<E> AnswerHeaders for Error<E> {
    fn header_map(&self) -> Option<&HeaderMap> {
        match self {
            Error::ErrorResponse(answer) => Some(answer.headers()),
            Error::UnexpectedResponse(answer) => Some(answer.headers()),
            _ => None,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The named entries of a structured list, and their parameters.
fn list(headers: &HeaderMap, name: &str) -> Vec<(String, Parameters)> {
    let Some(text) = text(headers, name) else {
        return Vec::new();
    };
    let Ok(list) = Parser::new(text).parse::<List>() else {
        return Vec::new();
    };
    list.into_iter()
        .filter_map(|entry| match entry {
            ListEntry::Item(Item {
                bare_item: BareItem::String(name),
                params,
            }) => Some((name.into(), params)),
            ListEntry::Item(Item {
                bare_item: BareItem::Token(name),
                params,
            }) => Some((name.into(), params)),
            _ => None,
        })
        .collect()
}

fn number(parameters: &Parameters, name: &str) -> Option<u64> {
    match parameters.get(name)? {
        BareItem::Integer(number) => u64::try_from(i64::from(*number)).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn limits_are_read_by_name() {
        let headers = headers(&[
            ("ratelimit", r#""default";r=50;t=30"#),
            (
                "ratelimit-policy",
                r#""burst";q=100;w=60, "daily";q=10000;w=86400"#,
            ),
        ]);
        let expected = RateLimit {
            policy: "default".into(),
            remaining: 50,
            reset: Some(Duration::from_secs(30)),
        };
        assert_eq!(headers.rate_limit(), Some(expected));
        let quotas: Vec<u64> = headers
            .rate_limit_policies()
            .iter()
            .map(|policy| policy.quota)
            .collect();
        assert_eq!(quotas, [100, 10_000]);
    }

    #[test]
    fn a_date_to_retry_after_is_seen_from_the_servers_clock() {
        let dated = headers(&[
            ("retry-after", "Sun, 22 Nov 2026 00:00:30 GMT"),
            ("date", "Sun, 22 Nov 2026 00:00:00 GMT"),
        ]);
        assert_eq!(dated.retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(
            headers(&[("retry-after", "7")]).retry_after(),
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn what_is_written_wrongly_is_absent() {
        let headers = headers(&[
            ("deprecation", "true"),
            ("sunset", "soon"),
            ("ratelimit", "r=1"),
            ("ratelimit-policy", "\"x\";q=-1"),
            ("retry-after", "-1"),
            ("link", "no link"),
        ]);
        assert_eq!(headers.deprecation(), None);
        assert_eq!(headers.sunset(), None);
        assert_eq!(headers.rate_limit(), None);
        assert!(headers.rate_limit_policies().is_empty());
        assert_eq!(headers.retry_after(), None);
        assert!(!headers.is_replayed());
    }
}
