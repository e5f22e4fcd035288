//! Typed fields of a record: what ties a generated struct of fields to the record type whose
//! fields it holds.

use serde::{Serialize, de::DeserializeOwned};

/// The fields of one record type, as a struct of optional fields and the rest beside them.
pub trait RecordFields: Serialize + DeserializeOwned {
    /// The name of the record type, as paths and records carry it.
    const TYPE: &'static str;

    /// The fields of the contract that a caller may write, by name: what can be cleared.
    type Name: AsRef<str> + Copy;
}
