//! Removed operations are recorded as they were announced, and must not exist as operations too.

use super::Lint;
use super::deprecation::NOTICE;
use crate::document::{Applies, Gone};

/// The code that a removed operation answers.
const CODE: &str = "GONE";

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    if let Some(first) = document.gone.first() {
        let known = document.codes.get(CODE);
        if known.is_none_or(|code| code.status != 410 || code.applies != Applies::Router) {
            lint.report(
                "gone",
                &first.at,
                "what was removed answers `GONE`, which the catalogue does not have",
                "add `GONE: {status: 410, applies: router, ...}` to x-error-codes at the root",
            );
        }
    }
    for (index, gone) in document.gone.iter().enumerate() {
        one(lint, gone);
        let before = document.gone.get(..index).unwrap_or_default();
        if before.iter().any(|other| same(other, gone)) {
            lint.report(
                "gone",
                &gone.at,
                format!("`{} {}` is in x-gone twice", gone.method, gone.path),
                "leave one of the two",
            );
        }
    }
}

fn one(lint: &mut Lint<'_>, gone: &Gone) {
    let document = lint.document;
    let there = document.operations.iter().find(|operation| {
        operation.id == gone.operation
            || (operation.method == gone.method && shape(&operation.path) == shape(&gone.path))
    });
    if let Some(there) = there {
        lint.report(
            "gone",
            &gone.at,
            format!(
                "`{}` is in x-gone, and `{}` is at {} {}",
                gone.operation, there.id, there.method, there.path
            ),
            "remove the entry of x-gone, or the operation",
        );
    }
    match gone.deprecation.replacement.as_deref() {
        None => lint.report(
            "gone",
            &gone.at,
            format!(
                "`{}` is gone and nothing says what replaces it",
                gone.operation
            ),
            "add `replacement`: the operationId of what replaces it",
        ),
        Some(id) if document.operation(id).is_none() => lint.report(
            "gone",
            &gone.at,
            format!(
                "`{}` is replaced by `{id}`, which is not an operation",
                gone.operation
            ),
            "name an operation that is there by its operationId",
        ),
        Some(_) => {}
    }
    if let (Some(announced), Some(sunset)) =
        (gone.deprecation.deprecated_at, gone.deprecation.sunset)
    {
        let days = sunset.days_since_epoch() - announced.days_since_epoch();
        if days < NOTICE {
            lint.report(
                "gone",
                &gone.at,
                format!(
                    "`{}` went {days} days after it was announced; callers are promised {NOTICE}",
                    gone.operation
                ),
                "write the days that its deprecation had",
            );
        }
    }
}

fn same(a: &Gone, b: &Gone) -> bool {
    a.method == b.method && shape(&a.path) == shape(&b.path)
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => "{}",
            false => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}
