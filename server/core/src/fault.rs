//! What can go wrong with any operation, whatever it does. Each operation's own refusals are its own error enum.

use crm_contract::codes::{Code, EveryCode};
use crm_runtime::server::{ErrorCode, Problem};

use crate::ports::store::{StoreError, admission::BATCH_BYTES};

/// Seconds after which a busy tenant may be asked again.
const BUSY_RETRY_S: u32 = 1;

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
    /// What is to be written, or read for it, is more than a host's store takes at once.
    #[error("more than the store takes at once")]
    TooLarge,
    /// Ours to mend; the text goes to the log, never to the caller.
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
    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Busy(_) => "TENANT_BUSY",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::TooLarge => "PAYLOAD_TOO_LARGE",
            Self::Internal(_) => "INTERNAL",
        }
    }
}

/// What is ours to mend is logged here, within the request's span, and never told. A fault that the operation does not
/// document counts as that.
impl<E: ErrorCode + From<EveryCode>> From<Fault> for Problem<E> {
    fn from(fault: Fault) -> Self {
        let Some(code) = E::named(fault.code()).filter(|_| !matches!(fault, Fault::Internal(_)))
        else {
            tracing::error!(%fault, "an operation failed");
            return Self::new(EveryCode::Internal.into(), "The server failed.");
        };
        match fault {
            Fault::Unauthenticated(why) => Self::new(code, format!("Not signed in: {why}.")),
            Fault::Forbidden(permission) => {
                Self::new(code, format!("This needs the permission {permission}."))
                    .with("permission", permission)
            }
            Fault::Busy(why) => {
                tracing::warn!(%why, "a tenant is busy");
                Self::new(
                    code,
                    "The business's data could not be reached in time. Nothing was changed.",
                )
                .retry_after(BUSY_RETRY_S)
            }
            Fault::IdempotencyKeyReused => Self::new(
                code,
                "This Idempotency-Key was used before, with another request.",
            ),
            Fault::TooLarge => Self::new(
                code,
                "This changes more than can be written at once. Nothing was changed: send less at once.",
            )
            .with("limit_bytes", BATCH_BYTES),
            Fault::Internal(_) => Self::new(code, "The server failed."),
        }
    }
}

/// `RATE_LIMITED` of any operation, with the seconds to wait.
pub fn rate_limited<E: From<EveryCode>>(seconds: u32) -> Problem<E> {
    Problem::new(
        EveryCode::RateLimited.into(),
        format!("Too many requests: wait for {seconds} s."),
    )
    .with("retry_after", seconds)
    .retry_after(seconds)
}

/// A problem under the codes of an operation. A code that the operation does not document is ours to mend.
pub fn narrow<E: ErrorCode + From<EveryCode>>(problem: Problem<Code>) -> Problem<E> {
    match E::named(problem.code().code()) {
        Some(code) => problem.map(|_| code),
        None => Fault::Internal(format!("the operation does not document {problem}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use crm_contract::v1::server::{auth::TokenError, me::GetError, records::CreateError};

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
