//! Answers: a body is printed once, straight to the bytes that are sent.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

use super::{
    gate::{RequestId, Served},
    problem::{ErrorCode, GateCode, Problem},
};

/// A success that can be sent.
pub trait Reply {
    fn reply(self, served: &Served) -> Response;

    /// The success as it is kept for a repeat of its request.
    fn store(self) -> Result<StoredAnswer, serde_json::Error>;
}

/// The error code of an answer, left in the answer's extensions for logs and measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyCode(pub GateCode);

/// An answer as it was sent, kept to be sent again: the repeat of an idempotent request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    /// All but Content-Type, which is of the caller's choosing.
    pub headers: Vec<(String, String)>,
    /// JSON, or nothing.
    pub body: Bytes,
}

impl Reply for StoredAnswer {
    fn store(self) -> Result<StoredAnswer, serde_json::Error> {
        Ok(self)
    }

    fn reply(self, served: &Served) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        if !self.body.is_empty() {
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(served.media_type),
            );
            *response.body_mut() = Body::from(self.body);
        }
        response
    }
}

/// What generated code makes of a success before it is sent or kept.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// An answer without body.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self {
            body: serde_json::to_vec(body)?.into(),
            ..Self::empty(status)
        })
    }

    /// Adds a header. A value that no header can carry (control characters) is left out: nothing
    /// that a header carries here may come from a caller unchecked.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl HeaderText) -> Self {
        if let Some(value) = value.header_text() {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    /// The answer as it is kept for a repeat of the request.
    pub fn store(self) -> StoredAnswer {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)));
        StoredAnswer {
            status: self.status.as_u16(),
            headers: headers.collect(),
            body: self.body,
        }
    }

    /// The answer as it is sent: JSON of the version served.
    pub fn send(self, served: &Served) -> Response {
        let media_type = (!self.body.is_empty()).then_some(served.media_type);
        self.send_as(media_type)
    }

    /// The answer as it is sent, with a media type of its own.
    pub fn send_as(self, media_type: Option<&'static str>) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(media_type) = media_type {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        response
    }
}

/// What can be the value of a header.
pub trait HeaderText {
    fn header_text(self) -> Option<HeaderValue>;
}

impl HeaderText for String {
    fn header_text(self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::from(self)).ok()
    }
}

impl HeaderText for &str {
    fn header_text(self) -> Option<HeaderValue> {
        HeaderValue::from_str(self).ok()
    }
}

impl HeaderText for i64 {
    fn header_text(self) -> Option<HeaderValue> {
        Some(HeaderValue::from(self))
    }
}

impl HeaderText for bool {
    fn header_text(self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(if self {
            "true"
        } else {
            "false"
        }))
    }
}

impl HeaderText for f64 {
    fn header_text(self) -> Option<HeaderValue> {
        self.to_string().header_text()
    }
}

impl<T: HeaderText> HeaderText for Option<T> {
    fn header_text(self) -> Option<HeaderValue> {
        self.and_then(HeaderText::header_text)
    }
}

/// Renders a problem for the request that it answers.
pub fn refuse<E: ErrorCode>(problem: &Problem<E>, head: &Parts) -> Response {
    let request_id = head.extensions.get::<RequestId>();
    let served = head.extensions.get::<Served>().copied().unwrap_or_default();
    let code = GateCode::of(problem.code());
    let body = problem.body(request_id.map(|id| &*id.0));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code.status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(served.media_type),
    );
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code.status == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 15.5.2: a 401 names the scheme.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(ReplyCode(code));
    response
}
