//! The codes that changes of definitions are refused with.

use crate::code_set;

code_set! {
    /// Of a new type or field, by itself.
    pub enum Creating { NameTaken, DefinitionInvalid, LimitExceeded }
}

code_set! {
    pub enum UpdatingType { NotFound, VersionMismatch, DefinitionInvalid }
}

code_set! {
    pub enum DeletingType { NotFound, VersionMismatch, BuiltIn, InUse }
}

code_set! {
    pub enum ListingFields { NotFound, CursorInvalid }
}

code_set! {
    /// Of a new field of a type that has to be there.
    pub enum CreatingField { NotFound, NameTaken, DefinitionInvalid, LimitExceeded }
}

code_set! {
    pub enum UpdatingField { NotFound, BuiltIn, UniqueViolation, DefinitionInvalid }
}

code_set! {
    pub enum DeletingField { NotFound, BuiltIn, InUse }
}
