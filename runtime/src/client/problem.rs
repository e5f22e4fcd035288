//! Documented errors: the code and message of a refusal.

use http::StatusCode;
use progenitor_client::Error;

/// The body of an error answer. Implemented by generated types.
pub trait ProblemBody {
    /// The stable code, in upper case; decide on it.
    fn code(&self) -> &str;
    /// The message for people; may change.
    fn message(&self) -> &str;
}

/// Shortcuts to the problem in an error.
pub trait ErrorExt<E> {
    /// The body of an error answer.
    fn problem(&self) -> Option<&E>;

    /// The code of an error answer.
    fn code(&self) -> Option<&str>;

    /// Whether the server refused with this code.
    fn is_code(&self, code: &str) -> bool {
        self.code() == Some(code)
    }

    /// 304: the caller's copy, named by `If-None-Match`, is current.
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
