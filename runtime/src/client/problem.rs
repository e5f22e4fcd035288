//! Errors that the contract documents: the code and message of an answer that refuses.

use http::StatusCode;
use progenitor_client::Error;

/// The body of an error answer. Implemented by generated types.
pub trait ProblemBody {
    /// Stable and upper-case: what to decide on.
    fn code(&self) -> &str;
    /// For people; may change.
    fn message(&self) -> &str;
}

/// Short ways to what an error says.
pub trait ErrorExt<E> {
    /// The body of an error answer.
    fn problem(&self) -> Option<&E>;

    /// The code of an error answer.
    fn code(&self) -> Option<&str>;

    /// Whether the server refused with this code.
    fn is_code(&self, code: &str) -> bool {
        self.code() == Some(code)
    }

    /// 304: what the caller holds, by `If-None-Match`, is current.
    fn is_not_modified(&self) -> bool;
}

impl<E: ProblemBody> ErrorExt<E> for Error<E> {
    fn problem(&self) -> Option<&E> {
        match self {
            Error::ErrorResponse(answer) => Some(answer.as_ref()),
            _ => None,
        }
    }

    fn code(&self) -> Option<&str> {
        self.problem().map(ProblemBody::code)
    }

    fn is_not_modified(&self) -> bool {
        self.status() == Some(StatusCode::NOT_MODIFIED)
    }
}
