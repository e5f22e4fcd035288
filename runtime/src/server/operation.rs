//! What the contract says of an operation, as data: what the gate and the host need to know
//! without knowing the operation.

use super::deprecation::Deprecation;

/// One operation of the contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// The operationId, such as `records_create`.
    pub id: &'static str,
    pub tag: &'static str,
    /// Upper-case.
    pub method: &'static str,
    /// The path's template, such as `/records/{type}`.
    pub path: &'static str,
    /// Any one of these suffices; none at all: the operation is public.
    pub security: &'static [Requirement],
    /// The permission that a person needs.
    pub permission: Option<&'static str>,
    pub takes_idempotency_key: bool,
    /// The handler gets the body's bytes as they came.
    pub raw_body: bool,
    /// Every error code that the operation may answer with, sorted.
    pub codes: &'static [&'static str],
    pub consumers: &'static [&'static str],
    /// The media types of its successes that are not JSON, such as `text/event-stream`.
    pub produces: &'static [&'static str],
    pub deprecation: Option<&'static Deprecation>,
}

/// One way to be let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name of the security scheme.
    pub scheme: &'static str,
    /// All of them are needed.
    pub scopes: &'static [&'static str],
}
