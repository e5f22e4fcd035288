//! The Worker: the core's ports on Cloudflare's platform, and its router behind the platform's events.

mod answer;
mod arriving;
// The contract has no operation for files yet: only the suites use blobs.
#[cfg(feature = "conformance")]
mod blobs;
mod cache;
mod clock;
mod compute;
#[cfg(feature = "conformance")]
mod conformance;
mod directory;
mod documents;
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
            // The log may not have started yet.
            console_error!("the Worker cannot start: {error}");
            let message = "The server cannot start. Its log has the cause.";
            let refused = refusal(&request, GateCode::INTERNAL, message);
            return request::outgoing(request::whole(refused).await?, None);
        }
    };
    let Some(incoming) = request::incoming(&request) else {
        let message = "The request has a method, address or header that is not valid HTTP.";
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

/// The most statements of one run for notices of all businesses, and for refolding their records. D1 allows a thousand
/// per run. Opening a database takes some that are not counted here: its state, its directory entry, migrations.
const NOTICED_AT_ONCE: usize = 200;
const FOLDED_AT_ONCE: usize = 300;

/// Runs once a day (see wrangler.toml): gives the notices of deprecations, and refolds texts that an earlier program
/// folded. The operator can start a refold sooner.
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

/// A refusal before the operation is known.
fn refusal(request: &web_sys::Request, code: GateCode, message: &str) -> Response<Body> {
    let accept = request.headers().get("accept").ok().flatten();
    let served = negotiate(accept.as_deref(), &MEDIA).unwrap_or_default();
    let mut response = render(&Problem::new(code, message), None, &served);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
