//! The router that a host mounts, and its steps around every request.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use crm_runtime::server::{ReplyCode, RequestId, serve::by_version};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceExt;
use tracing::Instrument;

use super::{cors, passage::Passage, patience, quota, tags, version};
use crate::{core::Core, random_id};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The API with the steps of every request. A host adds the caller's address to the request's extensions as
/// [`Peer`](super::Peer).
pub fn router(core: Arc<Core>) -> Router {
    let cors = cors::layer(&core.config.cors_origins, &core.config.cors_headers);
    let versions = [
        (1, crm_contract::v1::server::router(core.clone())),
        (2, crm_contract::v2::server::router(core.clone())),
    ];
    let api = by_version(versions).layer(from_fn_with_state(core, pass));
    let Some(cors) = cors else { return api };
    // Only browsers send an `Origin`; an OPTIONS without it is a request like any other.
    let crossing = api.clone().layer(cors);
    Router::new().fallback(move |request: Request| {
        let service = if request.headers().contains_key(header::ORIGIN) {
            crossing.clone()
        } else {
            api.clone()
        };
        service.oneshot(request)
    })
}

/// The request's id is made here; an id from the caller is ignored, since it proves nothing.
async fn pass(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let ports = core.ports();
    let now = ports.clock.now();
    let id: Arc<str> = random_id::id(now, &*ports.random).into();
    let passage = Arc::new(Passage::new(id.clone(), now));
    let method = request.method().clone();
    let served = version::served(request.headers());
    let major = served.map_or(1, |served| served.version);
    tags::take(request.headers_mut(), major);
    let extensions = request.extensions_mut();
    extensions.insert(RequestId(id.clone()));
    extensions.insert(passage.clone());
    if let Some(served) = served {
        extensions.insert(served);
    }
    let span = tracing::error_span!("request", request_id = %id);
    let answer = next.run(request).instrument(span);
    let mut response = match patience::within(&*ports.clock, core.config.patience_ms, answer).await
    {
        Some(response) => response,
        None => patience::given_up(id, served),
    };
    if method == Method::OPTIONS && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = options(response);
    }
    tags::give(response.headers_mut(), major);
    touch(&passage, &method, response.headers_mut());
    report(&passage, &method, &response, ports.clock.now() - now);
    response
}

/// The answer to OPTIONS: the methods of the path.
fn options(refusal: Response) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allow = refusal
        .headers()
        .get(header::ALLOW)
        .and_then(|allow| allow.to_str().ok())
        .unwrap_or_default();
    if let Ok(value) = HeaderValue::try_from(format!("{allow}, OPTIONS")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Adds the headers of every answer.
fn touch(passage: &Passage, method: &Method, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&passage.id) {
        headers.insert(REQUEST_ID, value);
    }
    if let Some((policy, decision)) = passage.quota.get() {
        quota::headers(policy, decision, headers);
    }
    headers.insert(header::VARY, HeaderValue::from_static(super::VARY));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // The answer to a write may hold a token (RFC 6749, section 5.1).
    let caching = if method == Method::GET || method == Method::HEAD {
        "private, no-cache"
    } else {
        "no-store"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
}

/// Logs one line per request, without path and query, since they hold data of customers.
fn report(passage: &Passage, method: &Method, response: &Response, ms: i64) {
    let caller = passage.caller.get();
    tracing::info!(
        target: "crm::request",
        request_id = &*passage.id,
        operation = passage.operation.get().map(|operation| operation.id),
        %method,
        status = response.status().as_u16(),
        code = response.extensions().get::<ReplyCode>().map(|code| code.0.code),
        ms,
        tenant = caller.map(|caller| caller.tenant.as_str()),
        principal = caller.and_then(|caller| caller.principal.id()),
        kind = caller.map(|caller| caller.principal.kind()),
    );
}
