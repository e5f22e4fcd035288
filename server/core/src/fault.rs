//! Errors that any operation can have. Errors by an operation's own rules are a [`Refusal`](crate::refusal::Refusal).

use crm_contract::codes::{
    AuthenticatedCode, BodyCode, EveryCode, ImpliedCode, OperationCode, WriteCode,
};
use crm_runtime::server::Problem;

use crate::{
    failure::{Failure, listed},
    ports::store::{StoreError, admission::BATCH_BYTES},
};

/// Seconds until a request to a busy tenant may be repeated.
const BUSY_RETRY_S: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no token, or its session, key, user or contact no longer exists.
    #[error("{0}")]
    Unauthenticated(&'static str),
    #[error("the caller lacks the permission {0}")]
    Forbidden(String),
    /// The caller lacks this `permission` or `scope`, or may not use the operation with this kind of token.
    #[error("{why}")]
    NotGranted {
        why: String,
        kind: &'static str,
        name: String,
    },
    /// Failures that only the tenant's schema shows, such as unknown names. The contract's own checks cannot find them.
    #[error("the request is not valid in {} places", .0.len())]
    Invalid(Vec<Failure>),
    /// The seconds to wait.
    #[error("too many requests")]
    RateLimited(u32),
    /// Every try until the deadline lost to other changes, or the store is overloaded. The caller may try again.
    #[error("the tenant is busy: {0}")]
    Busy(String),
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// The write, or its reads, exceed what a host's store takes at once.
    #[error("more than the store takes at once")]
    TooLarge,
    /// A server bug. The text goes to the log, never to the caller.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(why) => Self::Busy(why),
            StoreError::UnknownTenant => Self::Unauthenticated("the token's tenant is gone"),
            StoreError::TooLarge => Self::TooLarge,
            StoreError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

impl Fault {
    /// The problem that the caller sees. Internal errors are logged here, in the request's span, and their text is left
    /// out.
    pub fn problem(self) -> Problem<ImpliedCode> {
        match self {
            Self::Unauthenticated(why) => Problem::new(
                AuthenticatedCode::Unauthenticated.into(),
                format!("Not signed in: {why}."),
            ),
            Self::Forbidden(permission) => Self::NotGranted {
                why: format!("This needs the permission {permission}."),
                kind: "permission",
                name: permission,
            }
            .problem(),
            Self::NotGranted { why, kind, name } => {
                Problem::new(AuthenticatedCode::Forbidden.into(), why).with(kind, name)
            }
            Self::Invalid(failures) => listed(
                EveryCode::ValidationFailed.into(),
                "The request is not valid",
                failures.len(),
                failures,
            ),
            Self::RateLimited(seconds) => Problem::new(
                EveryCode::RateLimited.into(),
                format!("Too many requests: wait for {seconds} s."),
            )
            .with("retry_after", seconds)
            .retry_after(seconds),
            Self::Busy(why) => {
                tracing::warn!(%why, "a tenant is busy");
                Problem::new(
                    EveryCode::TenantBusy.into(),
                    "The business's data could not be reached in time. Nothing was changed.",
                )
                .retry_after(BUSY_RETRY_S)
            }
            Self::IdempotencyKeyReused => Problem::new(
                WriteCode::IdempotencyKeyReused.into(),
                "This Idempotency-Key was used before, with another request.",
            ),
            Self::TooLarge => Problem::new(
                BodyCode::PayloadTooLarge.into(),
                "This changes more than can be written at once. Nothing was changed: send less at once.",
            )
            .with("limit_bytes", BATCH_BYTES),
            Self::Internal(why) => {
                tracing::error!(%why, "an operation failed");
                Problem::new(EveryCode::Internal.into(), "The server failed.")
            }
        }
    }
}

/// A fault that this operation cannot answer is a server bug. For example, an operation without a body cannot answer
/// that the body is too large.
impl<E: OperationCode> From<Fault> for Problem<E> {
    fn from(fault: Fault) -> Self {
        let problem = fault.problem();
        match E::implied(problem.code()) {
            Some(code) => problem.map(|_| code),
            None => {
                let why = format!("{problem}, which the operation cannot answer");
                Fault::Internal(why)
                    .problem()
                    .map(|_| EveryCode::Internal.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crm_contract::latest::server::{auth::TokenError, me::GetError, records::CreateError};

    use super::*;

    #[test]
    fn what_is_ours_to_mend_is_not_told() {
        let problem: Problem<GetError> = Fault::Internal("SELECT secret".into()).into();
        assert_eq!(problem.code(), GetError::Internal);
        assert!(!problem.message().contains("secret") && problem.context().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_the_callers_to_mend_where_it_sent_a_body() {
        let problem: Problem<CreateError> = Fault::from(StoreError::TooLarge).into();
        assert_eq!(problem.code(), CreateError::PayloadTooLarge);
        assert_eq!(problem.context()["limit_bytes"], BATCH_BYTES);
        let problem: Problem<GetError> = Fault::TooLarge.into();
        assert_eq!(problem.code(), GetError::Internal);
        assert!(problem.context().is_empty());
    }

    #[test]
    fn a_fault_has_its_code_where_the_operation_documents_it() {
        let problem: Problem<GetError> = Fault::Forbidden("users.read".into()).into();
        assert_eq!(
            (problem.code(), problem.context()["permission"].as_str()),
            (GetError::Forbidden, Some("users.read"))
        );
        let problem: Problem<GetError> = Fault::Busy("locked".into()).into();
        assert_eq!(
            (problem.code(), problem.retry_after_seconds()),
            (GetError::TenantBusy, Some(1))
        );
        let problem: Problem<TokenError> = Fault::IdempotencyKeyReused.into();
        assert_eq!(problem.code(), TokenError::Internal);
    }
}
