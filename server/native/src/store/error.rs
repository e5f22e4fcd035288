//! Maps SQLite's errors to those of the core.

use crm_core::ports::store::{Commit, StoreError, refusal};
use rusqlite::{Error, ErrorCode};

/// Why the statements of one request failed.
#[derive(Debug)]
pub enum Failure {
    /// A named constraint was violated: an outcome, not an error.
    Refused(Commit),
    /// The budget of operations or time ran out, and SQLite stopped in the middle.
    Interrupted,
    /// The rows read for all requests take as much memory as they may.
    NoRoom,
    Store(StoreError),
}

impl Failure {
    pub fn into_answer(self) -> Result<Commit, StoreError> {
        match self {
            Self::Refused(outcome) => Ok(outcome),
            Self::Interrupted => Err(StoreError::Busy("the statement took too long".into())),
            Self::NoRoom => Err(no_room()),
            Self::Store(error) => Err(error),
        }
    }
}

fn no_room() -> StoreError {
    StoreError::Busy("too many bytes are being answered".into())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Error::SqliteFailure(code, message) = &error else {
            return match &error {
                Error::SqlInputError { error: code, .. } if code.code == ErrorCode::TooBig => {
                    Self::Store(StoreError::TooLarge)
                }
                _ => Self::Store(StoreError::Failed(error.to_string())),
            };
        };
        match code.code {
            ErrorCode::ConstraintViolation => message.as_deref().and_then(refusal).map_or_else(
                || Self::Store(StoreError::Failed(error.to_string())),
                Self::Refused,
            ),
            ErrorCode::OperationInterrupted => Self::Interrupted,
            ErrorCode::TooBig => Self::Store(StoreError::TooLarge),
            // All of these are temporary: locks, full disks, lack of memory or descriptors.
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen => Self::Store(StoreError::Busy(error.to_string())),
            _ => Self::Store(StoreError::Failed(error.to_string())),
        }
    }
}

/// The same for errors outside of requests: opening, migrating, the directory.
pub fn store_error(error: Error) -> StoreError {
    match Failure::from(error) {
        Failure::Store(error) => error,
        Failure::Refused(outcome) => StoreError::Failed(format!("refused: {outcome:?}")),
        Failure::NoRoom => no_room(),
        Failure::Interrupted => StoreError::Busy("interrupted".into()),
    }
}
