//! Answers one request within its share of the isolate's memory and slots.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use crm_core::{
    http::{Peer, Seated, busy, caller_address, served},
    ports::Clock,
    random_id,
};
use http::{Request, Response, header};
use tower::ServiceExt;

use crate::{
    arriving::{Fate, counted},
    clock::{PlatformClock, PlatformRandom},
    host::Host,
    leases::Lease,
    request::whole,
};

/// The answer, and the lease that holds the request's share until the answer is taken.
pub async fn answer(
    host: &Host,
    mut request: Request<Body>,
) -> worker::Result<(Response<Bytes>, Arc<Lease>)> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let proxies = &host.core.config.trusted_proxies;
    let address = caller_address(peer, request.headers(), proxies);
    let lease = host.leases.enter(address, PlatformClock.now());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let served = served(request.headers()).unwrap_or_default();
    let method = request.method().clone();
    request.extensions_mut().insert(Seated(lease.held.clone()));
    if let Some(answer) = within(host, request, &lease).await {
        let answer = whole(answer).await?;
        if lease.held.settle(&method, answer.body().len()) {
            return Ok((answer, lease));
        }
    }
    lease.held.end();
    let id = random_id::id(PlatformClock.now(), &PlatformRandom);
    tracing::debug!(request_id = %id, "no room");
    let mut busy = busy(&id, &served);
    host.origins.let_read(origin.as_ref(), busy.headers_mut());
    Ok((whole(busy).await?, lease))
}

/// None if there is no room.
async fn within(host: &Host, request: Request<Body>, lease: &Lease) -> Option<Response<Body>> {
    // Work on a request with a body begins when the body has arrived.
    if request.body().is_end_stream() && !lease.held.work() {
        return None;
    }
    let (request, fate) = match request.body().is_end_stream() {
        true => (request, Fate::default()),
        false => counted(request, lease.held.clone()),
    };
    let answered = lease.held.during(host.router.clone().oneshot(request));
    let Ok(answer) = answered.await;
    (!fate.was_refused()).then_some(answer)
}
