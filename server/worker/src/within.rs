//! One request, within the room that it gets of what this isolate has.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use crm_core::{
    http::{Peer, Seated, caller_address, no_room, served},
    ports::Clock,
    random_id,
};
use crm_runtime::server::{Served, render};
use http::{HeaderValue, Request, Response, header};
use tower::ServiceExt;

use crate::{
    arriving::{Fate, counted},
    clock::{PlatformClock, PlatformRandom},
    hall::Lease,
    host::Host,
};

/// The answer, and what the request holds until it is taken.
pub async fn answer(host: &Host, mut request: Request<Body>) -> (Response<Body>, Arc<Lease>) {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let proxies = &host.core.config.trusted_proxies;
    let address = caller_address(peer, request.headers(), proxies);
    let lease = host.hall.enter(address, PlatformClock.now());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let served = served(request.headers()).unwrap_or_default();
    let is_safe = request.method().is_safe();
    request.extensions_mut().insert(Seated(lease.held.clone()));
    let answered = within(host, request, &lease).await;
    let response = answered.filter(|answer| holds(&lease, answer, is_safe));
    let response = response.unwrap_or_else(|| {
        let mut busy = busy(&served);
        host.origins.let_read(origin.as_ref(), busy.headers_mut());
        busy
    });
    (response, lease)
}

/// None: there was no room.
async fn within(host: &Host, request: Request<Body>, lease: &Lease) -> Option<Response<Body>> {
    // A request with a body is worked on once that is there.
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

/// Whether there is room for the answer. What was done is told in any case.
fn holds(lease: &Lease, answer: &Response<Body>, is_safe: bool) -> bool {
    let hint = answer.body().size_hint();
    let bytes = usize::try_from(hint.upper().unwrap_or(hint.lower())).unwrap_or(usize::MAX);
    if is_safe {
        return lease.held.answer(bytes);
    }
    lease.held.answer_anyway(bytes);
    true
}

fn busy(served: &Served) -> Response<Body> {
    let id = random_id::id(PlatformClock.now(), &PlatformRandom);
    tracing::debug!(request_id = %id, "no room");
    let mut response = render(&no_room(), Some(&id), served);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", id);
    }
    response
}
