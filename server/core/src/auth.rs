//! Who calls: the proofs of identity that are exchanged for access tokens, the tokens themselves, and the sessions behind
//! them. Access tokens are judged without the store; that a session or key is not revoked is known with a request's first
//! read.

pub mod address;
pub mod claims;
pub mod credential;
pub mod grant;
mod handlers;
pub mod jws;
pub mod keys;
pub mod memory;
pub mod password;
pub mod script;
pub mod sessions;
pub mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::ports::{Clock, Compute};

/// What the core holds for judging and issuing tokens.
pub struct Auth {
    /// Stands in each token as `iss`, and is asked for.
    pub issuer: String,
    pub keys: keys::Keys,
    pub memory: memory::Memory,
    pub passwords: password::Passwords,
}

impl Auth {
    pub fn new(issuer: String, compute: Arc<dyn Compute>, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer,
            keys: keys::Keys::default(),
            memory: memory::Memory::default(),
            passwords: password::Passwords::new(compute, clock),
        }
    }
}
