//! CORS: pages of the configured origins may use the whole API, without cookies.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The headers of answers that a page may read.
const EXPOSED: [HeaderName; 12] = [
    header::ACCEPT_ENCODING,
    header::ETAG,
    header::LOCATION,
    header::LINK,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("deprecation"),
    HeaderName::from_static("idempotent-replayed"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("sunset"),
    HeaderName::from_static("x-request-id"),
];

/// The configured origins, for answers that a host gives without the router, so that pages may read those too.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<[HeaderValue]>);

impl Origins {
    /// The origins from the configuration; a trailing `/` is ignored.
    pub fn new(origins: &[String]) -> Self {
        let value = |origin: &String| HeaderValue::try_from(origin.trim_end_matches('/')).ok();
        Self(origins.iter().filter_map(value).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The configured origin if there is exactly one.
    pub fn only(&self) -> Option<&HeaderValue> {
        match &*self.0 {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Adds the header that lets a page of this origin read an answer, if the origin is configured and the header is
    /// missing.
    pub fn let_read(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        let Some(origin) = origin.filter(|origin| self.0.contains(origin)) else {
            return;
        };
        if answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = EXPOSED.map(|name| name.to_string()).join(",");
        if let Ok(exposed) = HeaderValue::try_from(exposed) {
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        let vary = header::VARY;
        answer
            .entry(vary)
            .or_insert(HeaderValue::from_static(super::VARY));
    }
}

/// Parses the name of a further request header that a deployment allows. None if it is not a valid name, or one that
/// browsers do not let a page set.
pub fn request_header(name: &str) -> Option<HeaderName> {
    const FORBIDDEN: [&str; 5] = ["cookie", "host", "origin", "content-length", "set-cookie"];
    let name = HeaderName::try_from(name).ok()?;
    (!FORBIDDEN.contains(&name.as_str())).then_some(name)
}

/// None if no origin is configured. `more` are further allowed request headers.
pub fn layer(origins: &[String], more: &[HeaderName]) -> Option<CorsLayer> {
    let origins = Origins::new(origins);
    if origins.is_empty() {
        return None;
    }
    let name = HeaderName::from_static;
    let own = [
        header::ACCEPT,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        name("idempotency-key"),
        // Clients made by progenitor send this header.
        name("api-version"),
    ];
    let allowed: Vec<_> = own.into_iter().chain(more.iter().cloned()).collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.0.iter().cloned()))
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(allowed)
        .expose_headers(EXPOSED)
        // `Vary` is set for all answers elsewhere.
        .vary([])
        .max_age(Duration::from_secs(3_600));
    Some(cors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_configured_origin_reads_what_a_host_answers() {
        let origins = Origins::new(&[
            "https://a.example/".to_owned(),
            "https://b.example".to_owned(),
        ]);
        let read = |origin: Option<&str>| {
            let mut answer = HeaderMap::new();
            let origin = origin.map(|origin| HeaderValue::try_from(origin).unwrap());
            origins.let_read(origin.as_ref(), &mut answer);
            let allowed = answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            allowed.map(|allowed| allowed.to_str().unwrap().to_owned())
        };
        for origin in ["https://a.example", "https://b.example"] {
            assert_eq!(read(Some(origin)).as_deref(), Some(origin));
        }
        for origin in [
            "https://c.example",
            "null",
            "https://a.example/",
            "https://a.example.evil",
        ] {
            assert_eq!(read(Some(origin)), None, "{origin}");
        }
        assert_eq!(read(None), None);
    }

    #[test]
    fn names_of_headers_are_read() {
        assert_eq!(request_header("X-Trace").unwrap(), "x-trace");
        for bad in ["", "a b", "a:b", "Cookie", "*\n", "origin"] {
            assert!(request_header(bad).is_none(), "{bad:?}");
        }
    }
}
