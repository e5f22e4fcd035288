//! Answers. A body is printed once, directly to the bytes that are sent.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

use super::{
    gate::{RequestId, Served},
    problem::{ErrorCode, GateCode, Problem},
};

/// The media type of problem details (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A success that can be sent.
pub trait Reply: Sized {
    /// Prints the body. An error if it cannot be printed, which should not happen for generated types.
    fn reply(self) -> Result<Answer, serde_json::Error>;

    /// The success in the form that is stored for a repeat of its request.
    fn store(self) -> Result<StoredAnswer, serde_json::Error> {
        self.reply().map(Answer::store)
    }
}

/// The error code of an answer, added to its extensions for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyCode(pub GateCode);

/// An answer that is stored for repeats of an idempotent request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    /// All headers except Content-Type, which the caller chooses.
    pub headers: Vec<(String, String)>,
    /// The JSON body; may be empty.
    pub body: Bytes,
}

impl Reply for StoredAnswer {
    fn reply(self) -> Result<Answer, serde_json::Error> {
        let mut answer = Answer::empty(self.status);
        for (name, value) in self.headers {
            if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value.header_text()) {
                answer.headers.append(name, value);
            }
        }
        if !self.body.is_empty() {
            answer.content = Content::Json(self.body);
        }
        Ok(answer)
    }
}

/// A success that is ready to be sent or stored.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub content: Content,
}

/// The content of an answer.
#[derive(Debug)]
pub enum Content {
    Nothing,
    /// Sent with the media type of the served version.
    Json(Bytes),
    /// Sent with its own media type.
    Other(&'static str, Body),
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            headers: HeaderMap::new(),
            content: Content::Nothing,
        }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        let content = Content::Json(serde_json::to_vec(body)?.into());
        Ok(Self {
            content,
            ..Self::empty(status)
        })
    }

    /// An answer of another media type.
    pub fn other(status: u16, media_type: &'static str, body: impl Into<Body>) -> Self {
        Self {
            content: Content::Other(media_type, body.into()),
            ..Self::empty(status)
        }
    }

    /// The same answer with another media type for its JSON.
    #[must_use]
    pub fn sent_as(mut self, media_type: &'static str) -> Self {
        self.content = match self.content {
            Content::Json(body) => Content::Other(media_type, Body::from(body)),
            other => other,
        };
        self
    }

    /// Adds a header. A value that is not valid in a header (control characters) is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl HeaderText) -> Self {
        if let Some(value) = value.header_text() {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    /// The answer in the form that is stored for a repeat of the request. A stream is not stored.
    pub fn store(self) -> StoredAnswer {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)));
        StoredAnswer {
            status: self.status.as_u16(),
            headers: headers.collect(),
            body: match self.content {
                Content::Json(body) => body,
                Content::Nothing | Content::Other(..) => Bytes::new(),
            },
        }
    }

    /// The answer in the form that is sent.
    pub fn send(self, served: &Served) -> Response {
        let (media_type, body) = match self.content {
            Content::Nothing => (None, Body::empty()),
            Content::Json(body) => (Some(served.media_type), Body::from(body)),
            Content::Other(media_type, body) => (Some(media_type), body),
        };
        let mut response = Response::new(body);
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

/// Types that can be the value of a header.
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

/// The failure of a handler.
pub trait Refusal {
    /// The answer to the request with this head.
    fn refuse(self, head: &Parts) -> Response;
}

impl<E: ErrorCode> Refusal for Problem<E> {
    fn refuse(self, head: &Parts) -> Response {
        refuse(&self, head)
    }
}

/// A failure with its own documented body. A status that does not mean failure becomes 500.
pub fn failed(answer: Result<Answer, serde_json::Error>, head: &Parts) -> Response {
    let served = head.extensions.get::<Served>().copied().unwrap_or_default();
    match answer {
        Ok(answer) => {
            let mut response = answer.send(&served);
            let status = response.status();
            if !status.is_client_error() && !status.is_server_error() {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            name_scheme(&mut response);
            response
        }
        Err(error) => {
            let message = format!("The failure does not print: {error}.");
            refuse(&Problem::new(GateCode::INTERNAL, message), head)
        }
    }
}

/// RFC 9110, section 15.5.2: a 401 names the scheme.
fn name_scheme(response: &mut Response) {
    if response.status() == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .entry(header::WWW_AUTHENTICATE)
            .or_insert(HeaderValue::from_static("Bearer"));
    }
}

/// Renders a problem for the request that it answers.
pub fn refuse<E: ErrorCode>(problem: &Problem<E>, head: &Parts) -> Response {
    let request_id = head.extensions.get::<RequestId>();
    let served = head.extensions.get::<Served>().copied().unwrap_or_default();
    render(problem, request_id.map(|id| &*id.0), &served)
}

/// Renders a problem in the form of the served version. Every error that is sent is made here.
pub fn render<E: ErrorCode>(
    problem: &Problem<E>,
    request_id: Option<&str>,
    served: &Served,
) -> Response {
    let code = GateCode::of(problem.code());
    let (media_type, body) = match served.problems {
        Some(types) => (PROBLEM_JSON, problem.details(types, request_id)),
        None => (served.media_type, problem.body(request_id)),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    name_scheme(&mut response);
    response.extensions_mut().insert(ReplyCode(code));
    response
}
