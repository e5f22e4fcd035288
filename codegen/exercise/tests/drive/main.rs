//! The generated router, driven as a caller drives it: bytes in, bytes out.

mod answers;
mod bodies;
mod harness;
mod parameters;
mod routing;
