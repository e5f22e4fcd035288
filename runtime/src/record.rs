//! Typed fields of a record: connects a generated struct of fields to its record type.

use serde::{Serialize, de::DeserializeOwned};

/// The fields of one record type: a struct of optional fields, with other fields beside them.
pub trait RecordFields: Serialize + DeserializeOwned {
    /// The name of the record type in paths and records.
    const TYPE: &'static str;

    /// The names of the contract's fields that a caller may write and so clear.
    type Name: AsRef<str> + Copy;
}
