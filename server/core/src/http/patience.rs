//! A request that is not answered in time is aborted, and its caller gets a typed error.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use axum::response::Response;
use crm_runtime::server::{GateCode, Problem, Served, render};
use http::{HeaderValue, StatusCode, header};

use crate::ports::Clock;

/// The store or the server is busy with other requests.
pub const TENANT_BUSY: GateCode = GateCode::new("TENANT_BUSY", StatusCode::SERVICE_UNAVAILABLE);
/// The `Retry-After` of these answers, in seconds.
const RETRY_S: u32 = 1;

/// The answer if a host has no room for a request.
pub fn busy(id: &str, served: &Served) -> Response {
    let message = "The server is busy with others' requests. Try again.";
    let problem = Problem::new(TENANT_BUSY, message).retry_after(RETRY_S);
    let mut response = render(&problem, Some(id), served);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
}

/// The result of `answer`, or None if that takes longer than `ms`. The clock is read only if `answer` has to wait.
pub async fn within<T>(clock: &dyn Clock, ms: u64, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut end = None;
    poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => {
            let end = end.get_or_insert_with(|| clock.sleep(ms));
            end.as_mut().poll(cx).map(|()| None)
        }
    })
    .await
}

/// The answer to an aborted request. Its work may still be finished: only a repeat with the same Idempotency-Key shows
/// that.
pub fn given_up(id: Arc<str>, served: Option<Served>) -> Response {
    tracing::warn!(request_id = %id, "a request was given up: it took too long");
    let message = "The business's data could not be reached in time. A change may have been made or not: repeat it with the \
                   same Idempotency-Key.";
    let problem = Problem::new(TENANT_BUSY, message).retry_after(RETRY_S);
    render(&problem, Some(&id), &served.unwrap_or_default())
}
