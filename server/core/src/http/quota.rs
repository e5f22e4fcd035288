//! How often a caller may call: the headers that say so (draft-ietf-httpapi-ratelimit-headers).

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ports::limiter::{Decision, Quota};

pub fn headers(quota: &Quota, decision: &Decision, headers: &mut HeaderMap) {
    let mut set = |name, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set(
        "ratelimit-policy",
        format!(
            "\"{}\";q={};w={}",
            quota.name, quota.requests, quota.window_s
        ),
    );
    set(
        "ratelimit",
        format!(
            "\"{}\";r={};t={}",
            quota.name, decision.remaining, decision.reset_s
        ),
    );
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
