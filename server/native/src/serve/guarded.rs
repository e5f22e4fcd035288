//! Answers one request in any case: a panic of the core becomes a 500.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use axum::{Router, extract::Request, response::Response};
use crm_core::http::{self as core, served};
use crm_runtime::server::{GateCode, Problem, Served, render};
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tower::ServiceExt;

const VALIDATION_FAILED: GateCode = GateCode::new("VALIDATION_FAILED", StatusCode::BAD_REQUEST);

/// Answers the request, also if the router panics.
pub async fn answer(router: Router, request: Request, what: &Seen) -> Result<Response, Infallible> {
    match AssertUnwindSafe(router.oneshot(request))
        .catch_unwind()
        .await
    {
        Ok(answer) => answer,
        Err(_) => {
            // The panic hook has logged the message and the place.
            let id = uuid::Uuid::now_v7().to_string();
            tracing::error!(method = %what.method, path = %what.path, request_id = %id, "a request panicked");
            let message = "The server made a mistake. It has been logged; quote the request id when you report it.";
            let problem = Problem::new(GateCode::INTERNAL, message);
            Ok(refusal(&problem, &id, &what.served))
        }
    }
}

/// The answer if there is no room for a request now.
pub fn busy(what: &Seen) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    // At level debug, because thousands of log lines would be additional load.
    tracing::debug!(method = %what.method, path = %what.path, request_id = %id, "no room");
    core::busy(&id, &what.served)
}

/// The answer to a request whose body arrives too slowly.
pub fn too_slow(what: &Seen) -> Response {
    let message = "The body arrived too slowly, so the server stopped reading it. Nothing was done; send the request again over a faster connection.";
    invalid("/body", "too_slow", message, &what.served)
}

/// The answer to a request with one error that the host finds before the core reads all of it.
pub fn invalid(
    pointer: &str,
    rule: &'static str,
    message: &'static str,
    served: &Served,
) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    tracing::debug!(request_id = %id, message, "a request was refused");
    let error = json!({ "message": message, "pointer": pointer, "rule": rule });
    let problem = Problem::new(VALIDATION_FAILED, message).with("errors", vec![error]);
    refusal(&problem, &id, served)
}

/// What the log shows of a request. Not the query, since it may hold a secret.
pub struct Seen {
    pub method: http::Method,
    pub path: String,
    served: Served,
}

impl Seen {
    pub fn of<B>(request: &http::Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            served: served(request.headers()).unwrap_or_default(),
        }
    }
}

fn refusal(problem: &Problem<GateCode>, id: &str, served: &Served) -> Response {
    let mut response = render(problem, Some(id), served);
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
}
