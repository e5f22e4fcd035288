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
    /// Why it needs no permission: everybody with one of the tokens may call it.
    pub no_permission: Option<&'static str>,
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

impl Operation {
    /// Whether the contract says who may call it: that it is public, which permission it needs, or why none. One that is
    /// open only because nothing was said is nobody's.
    pub fn has_rule(&self) -> bool {
        self.security.is_empty() || self.permission.is_some() || self.no_permission.is_some()
    }
}

/// An entry of the contract's `x-permissions`.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    pub name: &'static str,
    /// The scope that grants it to a key. None: no key has it.
    pub scope: Option<&'static str>,
}

/// One way to be let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name of the security scheme.
    pub scheme: &'static str,
    /// All of them are needed.
    pub scopes: &'static [&'static str],
}

impl Requirement {
    /// The first scope that is needed and that a token does not have.
    pub fn missing(&self, had: &[String]) -> Option<&'static str> {
        let lacks = |scope: &&str| !had.iter().any(|one| one == scope);
        self.scopes.iter().copied().find(lacks)
    }
}
