//! Authentication: exchanging proofs of identity for access tokens, the tokens themselves, and their sessions. Access
//! tokens are verified without the store; a request's first read checks that the session or key is not revoked.

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

/// The state for verifying and issuing tokens.
pub struct Auth {
    /// The claim `iss` of issued tokens, which verified tokens must have.
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
