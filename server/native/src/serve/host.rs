//! The check of `Host` (RFC 9112, section 3.2): an HTTP/1.1 request without it, with two of them, or with an invalid
//! one is refused. Otherwise a proxy and the server could interpret one request differently.

use axum::response::Response;
use crm_core::http::served;
use http::{HeaderMap, Version, header, uri::Authority};

use super::guarded::invalid;

/// The refusal of a request with a missing, repeated or invalid `Host`; None if it is valid.
pub fn refused<B>(request: &http::Request<B>) -> Option<Response> {
    let (rule, message) = wrong(request.version(), request.headers())?;
    let served = served(request.headers()).unwrap_or_default();
    Some(invalid("/headers/host", rule, message, &served))
}

fn wrong(version: Version, headers: &HeaderMap) -> Option<(&'static str, &'static str)> {
    let mut values = headers.get_all(header::HOST).iter();
    let Some(value) = values.next() else {
        return (version >= Version::HTTP_11)
            .then_some(("required", "The header Host is missing."));
    };
    if values.next().is_some() {
        return Some(("repeated", "The header Host must be given once."));
    }
    let text = value.as_bytes();
    // With a comma, somebody on the way joined two `Host` headers.
    let odd = text.iter().any(|byte| b"@,".contains(byte));
    let is_host = text.is_empty() || (!odd && Authority::try_from(text).is_ok());
    (!is_host).then_some((
        "format",
        "The header Host must name a host, and a port if there is one.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_one_host() {
        let rule = |version, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().expect("a value"));
            }
            wrong(version, &headers).map(|(rule, _)| rule)
        };
        for host in [
            "",
            "a",
            "api.example",
            "api.example:8080",
            "127.0.0.1:80",
            "[::1]:8080",
        ] {
            assert_eq!(rule(Version::HTTP_11, &[host]), None, "{host}");
        }
        for host in ["a b", "a,b", "a@b", "a/b", "http://a", "a:b:c"] {
            assert_eq!(rule(Version::HTTP_11, &[host]), Some("format"), "{host}");
        }
        assert_eq!(rule(Version::HTTP_11, &[]), Some("required"));
        assert_eq!(rule(Version::HTTP_10, &[]), None);
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert_eq!(rule(version, &["a", "a"]), Some("repeated"));
        }
    }
}
