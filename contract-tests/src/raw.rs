//! Handwritten requests through a client's own proxy, for what a typed client cannot send.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use crate::proxy::HttpClient;

/// Sends requests for one consumer.
#[derive(Clone)]
pub struct Raw {
    pub client: HttpClient,
    pub base: String,
    /// The default `Accept` header.
    pub accept: Option<String>,
}

/// A builder of a request.
#[derive(Clone)]
pub struct Draft {
    raw: Raw,
    method: Method,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Raw {
    pub fn get(&self, path: impl Into<String>) -> Draft {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: impl Into<String>, body: Value) -> Draft {
        self.request(Method::POST, path).json(&body)
    }

    pub fn patch(&self, path: impl Into<String>, body: Value) -> Draft {
        self.request(Method::PATCH, path).json(&body)
    }

    pub fn delete(&self, path: impl Into<String>) -> Draft {
        self.request(Method::DELETE, path)
    }

    pub fn request(&self, method: Method, path: impl Into<String>) -> Draft {
        Draft {
            raw: self.clone(),
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

impl Draft {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Draft {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn bearer(self, token: &str) -> Draft {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Adds a query parameter and encodes it.
    pub fn query(mut self, name: &str, value: &str) -> Draft {
        let pair = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .finish();
        self.path
            .push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&pair);
        self
    }

    pub fn json(self, body: &Value) -> Draft {
        self.body(body.to_string())
            .header("content-type", "application/json")
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Draft {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{}{}", self.raw.base, self.path));
        let accepts = self.headers.iter().any(|(name, _)| name == "accept");
        if let Some(accept) = self.raw.accept.as_ref().filter(|_| !accepts) {
            request = request.header("accept", accept);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        let request = request.body(Full::new(self.body)).expect("a request");
        let answer = self
            .raw
            .client
            .request(request)
            .await
            .unwrap_or_else(|error| panic!("{} {}: {error:?}", self.method, self.path));
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("the body").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The body, if the status is `status`.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The error's context, if the answer is an error of this code.
    #[track_caller]
    pub fn refused(&self, code: &str) -> Value {
        assert!(self.status.as_u16() >= 400, "{code} is expected: {self:?}");
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        body["context"].clone()
    }

    /// Whether some error of the context is about `pointer` for breaking `rule`.
    #[track_caller]
    pub fn names(&self, code: &str, pointer: &str, rule: &str) {
        let context = self.refused(code);
        let named = crate::contract::elements(&context["errors"])
            .any(|error| error["pointer"] == pointer && error["rule"] == rule);
        assert!(named, "{pointer} {rule} is not among {context}");
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_else(|| panic!("no header {name}: {self:?}"))
    }
}
