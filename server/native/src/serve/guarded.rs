//! One request, whatever the core does with it: a panic is an answer too.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header};
use tower::ServiceExt;

/// Answers the request, in any case.
pub async fn answer(router: Router, request: Request) -> Result<Response, Infallible> {
    let what = Seen {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
    };
    match AssertUnwindSafe(router.oneshot(request))
        .catch_unwind()
        .await
    {
        Ok(answer) => answer,
        Err(_) => {
            // The panic hook has logged what and where.
            let id = uuid::Uuid::now_v7().to_string();
            tracing::error!(method = %what.method, path = %what.path, request_id = %id, "a request panicked");
            let message = "The server made a mistake. It has been logged; quote the request id when you report it.";
            Ok(refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                message,
                &id,
            ))
        }
    }
}

/// The answer where there is no room for a request now.
pub fn busy(request: &Request) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    // No louder: a line for each of thousands would be a load of its own.
    tracing::debug!(method = %request.method(), path = request.uri().path(), request_id = %id, "no room");
    let message = "The server is busy with others' requests. Try again.";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = refusal(status, "TENANT_BUSY", message, &id);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// What of a request is told in the log. No query: it may hold a secret.
struct Seen {
    method: http::Method,
    path: String,
}

fn refusal(status: StatusCode, code: &str, message: &str, id: &str) -> Response {
    let body =
        serde_json::json!({ "code": code, "message": message, "context": { "request_id": id } });
    let mut response = (status, Body::from(body.to_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
}
