//! The contract's facts of an operation as data, for the gate and the host.

use super::deprecation::Deprecation;

/// One operation of the contract. [`Operation::new`] makes a public operation without a body; generated code adds what else
/// an operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub body: BodyRule,
    pub consumers: &'static [&'static str],
    /// The media types of its successes that are not JSON, such as `text/event-stream`.
    pub produces: &'static [&'static str],
    pub deprecation: Option<&'static Deprecation>,
}

/// The body that an operation accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// No body; content is refused, not ignored.
    None,
    /// A body of one of these media types (lower case; `*/*` means any), or no bytes.
    Content {
        media_types: &'static [&'static str],
        /// The media type of the served version is accepted too.
        versioned: bool,
    },
}

impl Operation {
    pub const fn new(
        id: &'static str,
        tag: &'static str,
        method: &'static str,
        path: &'static str,
    ) -> Self {
        Self {
            id,
            tag,
            method,
            path,
            security: &[],
            permission: None,
            no_permission: None,
            takes_idempotency_key: false,
            body: BodyRule::None,
            consumers: &[],
            produces: &[],
            deprecation: None,
        }
    }

    #[must_use]
    pub const fn security(self, security: &'static [Requirement]) -> Self {
        Self { security, ..self }
    }

    #[must_use]
    pub const fn permission(self, permission: &'static str) -> Self {
        let permission = Some(permission);
        Self { permission, ..self }
    }

    #[must_use]
    pub const fn no_permission(self, why: &'static str) -> Self {
        let no_permission = Some(why);
        Self {
            no_permission,
            ..self
        }
    }

    #[must_use]
    pub const fn takes_idempotency_key(self) -> Self {
        Self {
            takes_idempotency_key: true,
            ..self
        }
    }

    /// Accepts a body of one of these media types, and of the media type of the served version.
    #[must_use]
    pub const fn versioned_body(self, media_types: &'static [&'static str]) -> Self {
        let body = BodyRule::Content {
            media_types,
            versioned: true,
        };
        Self { body, ..self }
    }

    /// Accepts a body of one of these media types.
    #[must_use]
    pub const fn body(self, media_types: &'static [&'static str]) -> Self {
        let body = BodyRule::Content {
            media_types,
            versioned: false,
        };
        Self { body, ..self }
    }

    #[must_use]
    pub const fn consumers(self, consumers: &'static [&'static str]) -> Self {
        Self { consumers, ..self }
    }

    #[must_use]
    pub const fn produces(self, produces: &'static [&'static str]) -> Self {
        Self { produces, ..self }
    }

    #[must_use]
    pub const fn deprecated(self, deprecation: &'static Deprecation) -> Self {
        let deprecation = Some(deprecation);
        Self {
            deprecation,
            ..self
        }
    }

    /// The names of the path's parameters, in the order of the template.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let segments = self.path.split('/');
        segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

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
    pub const fn new(scheme: &'static str, scopes: &'static [&'static str]) -> Self {
        Self { scheme, scopes }
    }

    /// The first required scope that a token does not have.
    pub fn missing(&self, had: &[String]) -> Option<&'static str> {
        let lacks = |scope: &&str| !had.iter().any(|one| one == scope);
        self.scopes.iter().copied().find(lacks)
    }
}
