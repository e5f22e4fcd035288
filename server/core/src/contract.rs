//! What the core takes from the contract beside its types and traits.

use std::sync::LazyLock;

use crm_contract::{v1, v2};
use crm_runtime::server::Deprecation;

/// What is going away, in any version.
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

/// What the types of problems begin with, before their code.
pub const PROBLEM_TYPES: &str = match crm_contract::MEDIA.versions.last() {
    Some(latest) => match latest.problems {
        Some(types) => types,
        None => "",
    },
    None => "",
};
