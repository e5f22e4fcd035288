//! What the core needs from the contract besides its types and traits.

use std::sync::LazyLock;

use crm_contract::{v1, v2};
use crm_runtime::server::Deprecation;

/// The deprecations of all versions.
pub fn deprecations() -> &'static [&'static Deprecation] {
    static ALL: LazyLock<Vec<&'static Deprecation>> = LazyLock::new(|| {
        let versions = [
            v1::server::deprecations::DEPRECATIONS,
            v2::server::deprecations::DEPRECATIONS,
        ];
        versions.concat()
    });
    &ALL
}

/// The built-in record types: name, and the schema of their fields as JSON with its `x-` extensions.
pub fn record_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    crm_contract::latest::types::RECORD_TYPES.iter().copied()
}

/// The prefix of problem types; the code follows.
pub const PROBLEM_TYPES: &str = match crm_contract::MEDIA.versions.last() {
    Some(latest) => match latest.problems {
        Some(types) => types,
        None => "",
    },
    None => "",
};
