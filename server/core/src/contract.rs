//! What the core takes from the contract beside its types and traits.

/// The built-in record types: name, and the schema of their fields as JSON with its `x-` extensions.
pub fn record_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    RECORD_TYPES.iter().copied()
}

const RECORD_TYPES: &[(&str, &str)] = &[];
