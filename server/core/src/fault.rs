//! What can go wrong with any operation, whatever it does. Each operation's own refusals are its own error enum.

use crate::ports::store::StoreError;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No token, or its session, key, user or contact is gone.
    #[error("{0}")]
    Unauthenticated(&'static str),
    #[error("the caller lacks the permission {0}")]
    Forbidden(String),
    /// The tenant's data moved under every try until the deadline, or the store is overloaded: try again.
    #[error("the tenant is busy: {0}")]
    Busy(String),
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// Ours to mend; the text goes to the log, never to the caller.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(why) => Self::Busy(why),
            StoreError::UnknownTenant => Self::Unauthenticated("the token's tenant is gone"),
            other => Self::Internal(other.to_string()),
        }
    }
}
