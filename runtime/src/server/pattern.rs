//! Patterns of the contract, compiled once.

use std::sync::OnceLock;

/// A regular expression in a static. Patterns are not anchored (JSON Schema). The generator has checked that they
/// compile.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the text contains a match. A pattern that does not compile matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled
            .get_or_init(|| regex::Regex::new(self.source).ok())
            .as_ref()
            .is_some_and(|regex| regex.is_match(text))
    }
}
