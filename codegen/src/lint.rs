//! The conventions that can be checked from a document alone. Each rule says what is wrong, why that matters and how to
//! mend it. Breaking one is a build error, so reviews need not look for it.

mod codes;
mod deprecation;
mod enums;
mod examples;
mod extensions;
mod gone;
mod lists;
mod names;
mod numbers;
mod operations;
mod parameters;
mod permissions;
mod records;
mod responses;
mod security;
mod sites;
mod unions;
mod values;

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::document::{Document, Operation};
use sites::Site;

/// All breaches of the conventions, sorted by place. Faults of form were reported when the document was read, and are
/// not repeated.
pub fn lint(document: &Document) -> Vec<Diagnostic> {
    let mut lint = Lint {
        document,
        sites: sites::of(document),
        found: Diagnostics::default(),
    };
    let subjects = [
        operations::check,
        codes::check,
        security::check,
        permissions::check,
        parameters::check,
        responses::check,
        lists::check,
        names::check,
        numbers::check,
        values::check,
        enums::check,
        unions::check,
        examples::check,
        deprecation::check,
        gone::check,
        records::check,
        extensions::check,
    ];
    for check in subjects {
        check(&mut lint);
    }
    lint.found.into_sorted()
}

/// Whether an operation is exempt from a convention by an extension that states the reason. An exemption without a
/// reason, or one that is not needed, is a finding.
fn exempt(lint: &mut Lint<'_>, operation: &Operation, extension: &str, concerned: bool) -> bool {
    let Some(reason) = operation.extensions.get(extension) else {
        return false;
    };
    let id = &operation.id;
    if reason.as_str().is_none_or(|text| text.trim().is_empty()) {
        lint.report(
            "exemption",
            &operation.at,
            format!("`{extension}` of `{id}` gives no reason"),
            "write the reason as its value, for those who read the document",
        );
    } else if !concerned {
        lint.report(
            "exemption",
            &operation.at,
            format!("`{id}` is exempt by `{extension}` from what is not asked of it"),
            "remove the extension",
        );
    }
    true
}

/// A document that is being checked.
struct Lint<'d> {
    document: &'d Document,
    /// Every schema, including inner ones, with its place.
    sites: Vec<Site<'d>>,
    found: Diagnostics,
}

impl Lint<'_> {
    fn report(
        &mut self,
        rule: &'static str,
        at: &Location,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.found.report(rule, at, message, mend);
    }

    /// Whether the source has this member of a map, even if the model does not.
    fn is_written(&self, owner: &Location, key: &str) -> bool {
        self.document
            .source
            .at(&owner.pointer)
            .is_some_and(|node| node.get(key).is_some())
    }
}
