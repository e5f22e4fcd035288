//! Misspelt extensions, which would be ignored silently.

use super::Lint;
use crate::diagnostic::Location;
use crate::source::{Node, Position, escape};
use crate::text::distance;

const KNOWN: &[&str] = &[
    "x-closed",
    "x-consumers",
    "x-deprecated-at",
    "x-deprecated-values",
    "x-error-codes",
    "x-extensible-enum",
    "x-field",
    "x-gone",
    "x-media-type",
    "x-no-idempotency-key",
    "x-no-permission",
    "x-not-json",
    "x-permission",
    "x-permissions",
    "x-preview",
    "x-problem-types",
    "x-published-at",
    "x-raw-body",
    "x-record-indexes",
    "x-record-label",
    "x-record-type",
    "x-replacement",
    "x-scopes",
    "x-set-by",
    "x-sunset",
    "x-type-parameter",
];

pub(super) fn check(lint: &mut Lint<'_>) {
    let file = lint.document.at.file.clone();
    let mut found: Vec<(Location, String)> = Vec::new();
    walk(
        &lint.document.source,
        &mut String::new(),
        &mut |key, position, pointer| {
            if let Some(known) = KNOWN.iter().find(|known| distance(known, key, 2).is_some()) {
                let at = Location::of_node(&file, position, pointer);
                found.push((
                    at,
                    format!("`{key}` looks like a misspelt `{known}`, and would be ignored"),
                ));
            }
        },
    );
    for (at, message) in found {
        lint.report(
            "extension-misspelt",
            &at,
            message,
            "correct it, or choose a name that is less alike",
        );
    }
}

/// Calls back for each unknown `x-` key, but not inside values that callers send and get.
fn walk(node: &Node, pointer: &mut String, unknown: &mut dyn FnMut(&str, &Position, &str)) {
    let length = pointer.len();
    for (index, item) in node.as_list().unwrap_or_default().iter().enumerate() {
        pointer.push_str(&format!("/{index}"));
        walk(item, pointer, unknown);
        pointer.truncate(length);
    }
    for (key, member) in node.as_map().into_iter().flatten() {
        if matches!(
            key.as_str(),
            "example" | "default" | "enum" | "const" | "value"
        ) {
            continue;
        }
        pointer.push_str(&format!("/{}", escape(key)));
        if key.starts_with("x-") && !KNOWN.contains(&key.as_str()) {
            unknown(key, &member.key, pointer);
        }
        if !key.starts_with("x-") {
            walk(&member.node, pointer, unknown);
        }
        pointer.truncate(length);
    }
}
