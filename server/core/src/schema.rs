//! The tenant's object types and fields: built-in definitions from the contract, and what the tenant added.

use crate::ports::store::Rows;

/// All definitions of a tenant, as of one revision.
#[derive(Debug, Default)]
pub struct Schema {}

impl Schema {
    /// `types`: name, version, definition, created_at, updated_at. `fields`: type, name, version, definition, deleted_at.
    pub fn load(_types: Rows, _fields: Rows) -> Result<Self, String> {
        Ok(Self {})
    }
}
