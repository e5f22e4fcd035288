//! A request and its answer as they went over the wire, and the sender.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

/// The sender of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// The consumer, such as `mobile`.
    pub consumer: &'static str,
    /// Whether the generated client sent it; false for raw requests that a test sent in the client's place.
    pub typed: bool,
}

#[derive(Clone, Debug)]
pub struct Exchange {
    pub sender: Sender,
    pub method: Method,
    pub uri: Uri,
    pub request_headers: HeaderMap,
    pub request_body: Bytes,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Exchange {
    /// A request header; None if it is absent or not text.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        self.request_headers.get(name)?.to_str().ok()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The pairs of the query, decoded, in order.
    pub fn query(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect()
    }

    /// The request and its answer in two lines, with shortened bodies.
    pub fn summary(&self) -> String {
        format!(
            "{} {} {} {}\n    -> {} {}",
            self.sender.consumer,
            self.method,
            cut(self.uri.to_string().as_bytes(), 200),
            cut(&self.request_body, 300),
            self.status.as_u16(),
            cut(&self.body, 500),
        )
    }
}

/// The beginning of `bytes` as text.
fn cut(bytes: &[u8], most: usize) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned();
    if bytes.len() > most {
        text.push('…');
    }
    text
}
