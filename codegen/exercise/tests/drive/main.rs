//! The generated router, driven as a caller drives it: bytes in, bytes out; and the generated client, driven against it.

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
