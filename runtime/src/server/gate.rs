//! What stands before every operation: the gate that lets callers in, and what the layers before
//! the router leave with a request.

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
    /// What is served where no layer picked a version: plain JSON of version 1.
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

/// The request's id, left in the request's extensions by the host: it goes into the context of
/// every error.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Lets callers in, and has the last touch on every answer.
pub trait Gate: Send + Sync + 'static {
    /// What handlers are told of the request: who calls, from where, until when.
    type Context: Send + Sync + 'static;

    /// The largest body that is read, in bytes.
    fn body_limit(&self, _operation: &'static Operation) -> usize {
        1 << 20
    }

    /// Asked before anything of the request but its head is looked at: authentication, token kind
    /// and scopes, rate limits.
    fn admit(
        &self,
        operation: &'static Operation,
        head: &Parts,
    ) -> impl Future<Output = Result<Self::Context, Problem<GateCode>>> + Send;

    /// The body has been read and not yet looked at; empty where the operation takes none.
    fn body(
        &self,
        context: &mut Self::Context,
        operation: &'static Operation,
        head: &Parts,
        body: &[u8],
    );

    /// The last touch on an answer, success or refusal; its deprecation headers are there, and what was
    /// used of what is going away is in the head's extensions ([`UsedDeprecations`](super::UsedDeprecations)).
    /// No context: the caller was not admitted.
    fn finish(
        &self,
        context: Option<&Self::Context>,
        operation: &'static Operation,
        head: &Parts,
        response: Response,
    ) -> Response;
}
