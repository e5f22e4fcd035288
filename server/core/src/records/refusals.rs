//! The codes with which operations on records are refused.

use crm_runtime::server::ErrorCode;

use crate::{code_set, refusal::Refusal};

code_set! {
    /// For a page of records or of a record's changes.
    pub enum Listing { NotFound, CursorInvalid }
}

code_set! {
    pub enum Creating { NotFound, IdTaken, UniqueViolation, FieldInvalid, FieldServerOwned }
}

code_set! {
    pub enum Updating { NotFound, VersionMismatch, UniqueViolation, FieldInvalid, FieldServerOwned }
}

code_set! {
    pub enum Deleting { NotFound, VersionMismatch }
}

code_set! {
    pub enum Restoring { NotFound, UniqueViolation }
}

code_set! {
    /// For values, before it is known for which record.
    pub enum Judging { FieldInvalid, FieldServerOwned }
}

/// The code for a refused item of a batch, by its kind. An upsert has the codes of the create or update that it
/// becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemCode {
    Create(Creating),
    Update(Updating),
    Delete(Deleting),
    Restore(Restoring),
}

impl ErrorCode for ItemCode {
    fn code(self) -> &'static str {
        match self {
            Self::Create(code) => code.code(),
            Self::Update(code) => code.code(),
            Self::Delete(code) => code.code(),
            Self::Restore(code) => code.code(),
        }
    }

    fn status(self) -> http::StatusCode {
        match self {
            Self::Create(code) => code.status(),
            Self::Update(code) => code.status(),
            Self::Delete(code) => code.status(),
            Self::Restore(code) => code.status(),
        }
    }
}

/// The codes of one kind of item.
pub trait OfItem: Sized {
    fn of(code: ItemCode) -> Option<Self>;
}

macro_rules! of_item {
    ($($variant:ident($codes:ident),)+) => {$(
        impl OfItem for $codes {
            fn of(code: ItemCode) -> Option<Self> {
                match code {
                    ItemCode::$variant(code) => Some(code),
                    _ => None,
                }
            }
        }

        impl From<Refusal<$codes>> for Refusal<ItemCode> {
            fn from(refusal: Refusal<$codes>) -> Self {
                refusal.map(ItemCode::$variant)
            }
        }
    )+};
}

of_item! {
    Create(Creating),
    Update(Updating),
    Delete(Deleting),
    Restore(Restoring),
}
