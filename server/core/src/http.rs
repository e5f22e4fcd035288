//! The steps of every request: its id, its version, authentication, rate limits, its idempotency key, and the headers
//! and the log line of its answer.

pub mod address;
mod bearer;
pub mod cors;
mod gate;
mod idempotency;
mod operator;
mod pass;
mod passage;
mod patience;
mod quota;
mod seat;
mod tags;
mod version;

pub use address::{Peer, caller_address, is_trusted};
pub use operator::Operator;
pub use pass::router;
pub use patience::{TENANT_BUSY, busy};
pub use seat::{Seat, Seated};
pub use version::served;

/// The request headers that answers depend on (`Vary`).
const VARY: &str = "Accept, Authorization, Origin";

/// The largest request body, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wire;
