//! What the core takes from the contract beside its types and traits.

/// The built-in record types: name, and the schema of their fields as JSON with its `x-` extensions.
pub fn record_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    crm_contract::v1::types::RECORD_TYPES.iter().copied()
}
