//! Sends HTTP requests to the generated router.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use crm_codegen_exercise::{MEDIA, v1, v2};
use crm_runtime::server::{RequestId, serve::by_version};
use http::{HeaderMap, Request};
use serde_json::Value;
use tower::ServiceExt;

pub use crate::handlers::{Handlers, ID, thing};

/// An answer.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The requests that handlers got.
    pub asked: Vec<String>,
    pub bodies: Vec<Bytes>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code, and the failures as `pointer rule`.
    pub fn refusal(&self) -> (String, Vec<String>) {
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let failures = json["context"]["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let failures = failures
            .iter()
            .map(|failure| format!("{} {}", text(&failure["pointer"]), text(&failure["rule"])));
        (text(&json["code"]), failures.collect())
    }

    /// The failures of a `VALIDATION_FAILED`; no handler was called.
    pub fn failures(&self) -> Vec<String> {
        let (code, failures) = self.refusal();
        assert_eq!(
            (self.status, code.as_str()),
            (400, "VALIDATION_FAILED"),
            "{}",
            self.text
        );
        assert!(self.asked.is_empty(), "{:?}", self.asked);
        failures
    }

    /// The request of the only handler that was called.
    pub fn asked(&self) -> &str {
        assert!(self.status < 300, "{} {}", self.status, self.text);
        self.asked.first().map_or("", String::as_str)
    }
}

/// A request by method, target, headers and body.
pub async fn call(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Reply {
    call_version(1, method, target, headers, body).await
}

/// A request to one of the versions.
pub async fn call_version(
    version: u32,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Reply {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(RequestId("r-1".into()));
    let accept = format!("application/vnd.shapes.v{version}+json");
    let served = crm_runtime::negotiate(Some(&accept), &MEDIA);
    request.extensions_mut().insert(served.unwrap());
    let handlers = Arc::new(Handlers::default());
    let routers = [
        (1, v1::server::router(Arc::clone(&handlers))),
        (2, v2::server::router(Arc::clone(&handlers))),
    ];
    let response = by_version(routers).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = handlers.asked.lock().unwrap().clone();
    let bodies = handlers.bodies.lock().unwrap().clone();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
        asked,
        bodies,
    }
}

pub async fn get(target: &str) -> Reply {
    call("GET", target, &[], Body::empty()).await
}

/// A request with a JSON body.
pub async fn send(method: &str, target: &str, body: &str) -> Reply {
    call(
        method,
        target,
        &[("content-type", "application/json")],
        body.to_owned(),
    )
    .await
}
