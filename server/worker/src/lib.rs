//! The Worker: the core's ports on Cloudflare's platform, and its router behind the platform's events.

mod answer;
mod arriving;
// No operation puts files: the suites alone do.
#[cfg(feature = "conformance")]
mod blobs;
mod cache;
mod clock;
mod compute;
#[cfg(feature = "conformance")]
mod conformance;
mod directory;
mod glue;
mod host;
mod leases;
mod limiter;
mod log;
mod operator;
mod request;
mod settings;
mod store;
mod trips;

use axum::body::Body;
use crm_contract::MEDIA;
use crm_runtime::{
    negotiate,
    server::{GateCode, Problem, render},
};
use http::{HeaderValue, Response, StatusCode, header};
use worker::{
    Context, Env, Result, ScheduleContext, ScheduledEvent, console_error, event,
    worker_sys::web_sys,
};

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<web_sys::Response> {
    let host = match host::of(&env).await {
        Ok(host) => host,
        Err(error) => {
            // There may be no log yet.
            console_error!("the Worker cannot start: {error}");
            let message = "The server cannot start. Its log says why.";
            let refused = refusal(&request, GateCode::INTERNAL, message);
            return request::outgoing(request::whole(refused).await?, None);
        }
    };
    let Some(incoming) = request::incoming(&request) else {
        let message = "The request is not HTTP as this server knows it.";
        let mut refused = refusal(&request, BAD_REQUEST, message);
        let origin = request.headers().get("origin").ok().flatten();
        let origin = origin.and_then(|origin| HeaderValue::try_from(origin).ok());
        host.origins
            .let_read(origin.as_ref(), refused.headers_mut());
        return request::outgoing(request::whole(refused).await?, None);
    };
    #[cfg(feature = "conformance")]
    let incoming = match conformance::answer(host, incoming).await {
        Ok(response) => return request::outgoing(request::whole(response).await?, None),
        Err(incoming) => incoming,
    };
    let (response, lease) = answer::answer(host, incoming).await?;
    host.write_later(&context);
    request::outgoing(response, Some(lease))
}

/// Statements by which notices are given to all businesses together in one run, and by which their records are folded anew.
/// D1 lets a run have a thousand. Opening a database takes some that are not counted here: its state, its place in the
/// directory, a migration.
const NOTICED_AT_ONCE: usize = 200;
const FOLDED_AT_ONCE: usize = 300;

/// Once a day, as wrangler.toml says: notices of what is going away are given, and what an earlier program folded is folded
/// anew. The operator need not wait for it.
#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    match host::of(&env).await {
        Ok(host) => {
            host.core.give_notices(NOTICED_AT_ONCE).await;
            host.core.refold(FOLDED_AT_ONCE).await;
        }
        Err(error) => console_error!("the Worker cannot start: {error}"),
    }
}

const BAD_REQUEST: GateCode = GateCode::new("BAD_REQUEST", StatusCode::BAD_REQUEST);

/// An answer of no operation.
fn refusal(request: &web_sys::Request, code: GateCode, message: &str) -> Response<Body> {
    let accept = request.headers().get("accept").ok().flatten();
    let served = negotiate(accept.as_deref(), &MEDIA).unwrap_or_default();
    let mut response = render(&Problem::new(code, message), None, &served);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
