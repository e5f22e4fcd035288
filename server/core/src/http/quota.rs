//! The headers of rate limits (draft-ietf-httpapi-ratelimit-headers).

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{Error, ItemSerializer, KeyRef, StringRef};

use crate::ports::limiter::{Decision, Quota};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

pub fn headers(quota: &Quota, decision: &Decision, headers: &mut HeaderMap) {
    let left = [("r", decision.remaining), ("t", decision.reset_s)];
    let policy = [("q", quota.requests), ("w", quota.window_s)];
    for (name, parameters) in [(POLICY, policy), (LEFT, left)] {
        // A quota's name is ASCII, so both headers can always be written.
        let value = entry(quota.name, parameters).ok();
        if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
}

/// A string with parameters (RFC 9651).
fn entry(name: &str, parameters: [(&str, u32); 2]) -> Result<String, Error> {
    let mut entry = ItemSerializer::new().bare_item(StringRef::from_str(name)?);
    for (key, number) in parameters {
        entry = entry.parameter(KeyRef::from_str(key)?, number);
    }
    Ok(entry.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_name_the_policy_and_what_is_left() {
        let mut map = HeaderMap::new();
        headers(
            &Quota {
                name: "caller",
                requests: 6000,
                window_s: 60,
            },
            &Decision {
                allowed: true,
                remaining: 5999,
                reset_s: 1,
            },
            &mut map,
        );
        assert_eq!(map["ratelimit-policy"], r#""caller";q=6000;w=60"#);
        assert_eq!(map["ratelimit"], r#""caller";r=5999;t=1"#);
    }
}
