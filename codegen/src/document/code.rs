//! Error codes: the registry at the root of a document, and the operations that a code applies to without being listed.

use indexmap::IndexMap;

use crate::diagnostic::Location;

/// One entry of the root's `x-error-codes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// Upper-case and stable.
    pub code: String,
    /// The HTTP status that it comes with.
    pub status: u16,
    pub applies: Applies,
    pub description: String,
    /// How the receiver mends the cause.
    pub mend: Option<String>,
    /// The members of the answer's `context`: name to description.
    pub context: IndexMap<String, String>,
    pub at: Location,
}

/// Which operations answer with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Applies {
    /// All operations.
    Every,
    /// Operations with a non-empty `security`.
    Authenticated,
    /// Operations that take the `Idempotency-Key` header.
    Write,
    /// Operations with a request body.
    Body,
    /// Operations that list it in their own `x-error-codes`.
    Own,
    /// The router itself, outside of any operation (405).
    Router,
}

impl Applies {
    pub const ALL: [Applies; 6] = [
        Applies::Every,
        Applies::Authenticated,
        Applies::Write,
        Applies::Body,
        Applies::Own,
        Applies::Router,
    ];

    /// The name in the document.
    pub fn name(self) -> &'static str {
        match self {
            Applies::Every => "every",
            Applies::Authenticated => "authenticated",
            Applies::Write => "write",
            Applies::Body => "body",
            Applies::Own => "own",
            Applies::Router => "router",
        }
    }

    pub fn parse(text: &str) -> Option<Applies> {
        Applies::ALL
            .into_iter()
            .find(|applies| applies.name() == text)
    }
}
