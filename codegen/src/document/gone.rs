//! Removed operations: the entries of the root's `x-gone`.

use super::{Deprecation, Method};
use crate::diagnostic::Location;

/// An operation that was removed after its sunset. Callers get its replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    pub method: Method,
    /// Its former path template.
    pub path: String,
    /// Its former `operationId`.
    pub operation: String,
    /// The announcement, the sunset and the replacement.
    pub deprecation: Deprecation,
    pub at: Location,
}
