//! The codes with which changes of definitions are refused.

use crate::code_set;

code_set! {
    /// For a new type or field by itself.
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
    /// For a new field of an existing type.
    pub enum CreatingField { NotFound, NameTaken, DefinitionInvalid, LimitExceeded }
}

code_set! {
    pub enum UpdatingField { NotFound, BuiltIn, UniqueViolation, DefinitionInvalid }
}

code_set! {
    pub enum DeletingField { NotFound, BuiltIn, InUse }
}
