//! What was removed: an entry of the root's `x-gone` for each operation that is no longer there.

use super::{Deprecation, Method};
use crate::diagnostic::Location;

/// An operation that was removed after its sunset. Whoever calls it still is told what replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    pub method: Method,
    /// The template that it had.
    pub path: String,
    /// The `operationId` that it had.
    pub operation: String,
    /// When it was announced, from when on it may be gone, and what replaces it.
    pub deprecation: Deprecation,
    pub at: Location,
}
