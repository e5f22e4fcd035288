//! The gate before every operation, which admits callers, and the extensions that layers before the router add to a
//! request.

use std::{future::Future, sync::Arc};

use axum::response::Response;
use http::request::Parts;

use super::{
    operation::Operation,
    problem::{GateCode, Problem},
};
use crate::media::PLAIN_JSON;
pub use crate::media::Picked as Served;

impl Default for Served {
    /// The default if no layer picked a version: plain JSON of version 1.
    fn default() -> Self {
        Self {
            version: 1,
            asked_for_vendor_type: false,
            media_type: PLAIN_JSON,
            vendor_type: PLAIN_JSON,
            problems: None,
        }
    }
}

/// The request's id, which the host adds to the request's extensions. It goes into the context of every error.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Admits callers, and finishes every answer.
pub trait Gate: Send + Sync + 'static {
    /// The context for handlers: the caller, the address, the deadline.
    type Context: Send + Sync + 'static;

    /// The largest body that is read, in bytes.
    fn body_limit(&self, _operation: &'static Operation) -> usize {
        1 << 20
    }

    /// Admits or refuses a request by its head only: authentication, token kind and scopes, rate limits.
    fn admit(
        &self,
        operation: &'static Operation,
        head: &Parts,
    ) -> impl Future<Output = Result<Self::Context, Problem<GateCode>>> + Send;

    /// Called with the unparsed body; it is empty if the operation takes none.
    fn body(
        &self,
        context: &mut Self::Context,
        operation: &'static Operation,
        head: &Parts,
        body: &[u8],
    );

    /// Finishes an answer, success or refusal. It has its deprecation headers, and the used deprecated things are in
    /// the head's extensions ([`UsedDeprecations`](super::UsedDeprecations)). Without a context the caller was not
    /// admitted.
    fn finish(
        &self,
        context: Option<&Self::Context>,
        operation: &'static Operation,
        head: &Parts,
        response: Response,
    ) -> Response;
}
