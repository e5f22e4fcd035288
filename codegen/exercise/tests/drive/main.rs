//! The generated router, driven as a caller drives it: bytes in, bytes out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod bodies;
mod harness;
mod parameters;
mod routing;
