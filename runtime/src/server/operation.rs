//! The contract's facts of an operation as data, for the gate and the host.

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
    /// Any one of these suffices; if it is empty, the operation is public.
    pub security: &'static [Requirement],
    /// The permission that a person needs.
    pub permission: Option<&'static str>,
    /// Why it needs no permission: every caller with one of the tokens may use it.
    pub no_permission: Option<&'static str>,
    pub takes_idempotency_key: bool,
    /// The handler gets the raw bytes of the body.
    pub raw_body: bool,
    /// Every error code that the operation may answer with, sorted.
    pub codes: &'static [&'static str],
    pub consumers: &'static [&'static str],
    /// The media types of its successes that are not JSON, such as `text/event-stream`.
    pub produces: &'static [&'static str],
    pub deprecation: Option<&'static Deprecation>,
}

impl Operation {
    /// Whether the contract says who may call it: that it is public, which permission it needs, or why none. An
    /// operation without such a rule is refused to everybody.
    pub fn has_rule(&self) -> bool {
        self.security.is_empty() || self.permission.is_some() || self.no_permission.is_some()
    }
}

/// An entry of the contract's `x-permissions`.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    pub name: &'static str,
    /// The scope that grants it to a key. None: no scope does.
    pub scope: Option<&'static str>,
}

/// One alternative of `security`.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name of the security scheme.
    pub scheme: &'static str,
    /// All of them are needed.
    pub scopes: &'static [&'static str],
}

impl Requirement {
    /// The first required scope that a token does not have.
    pub fn missing(&self, had: &[String]) -> Option<&'static str> {
        let lacks = |scope: &&str| !had.iter().any(|one| one == scope);
        self.scopes.iter().copied().find(lacks)
    }
}
