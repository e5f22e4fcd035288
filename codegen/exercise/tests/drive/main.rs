//! Tests of the generated router over HTTP, bytes in and bytes out, and of the generated client with it.

#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(deprecated, reason = "what goes away is driven, too")]

mod answers;
mod bodies;
mod clients;
mod deprecations;
mod gone;
mod handlers;
mod harness;
mod parameters;
mod records;
mod routing;
mod timeouts;
mod versions;
