//! Security: scopes, and kinds of token that are valid for one part of the paths only.

use std::collections::{HashMap, HashSet};

use super::Lint;
use crate::document::{Document, Operation};
use crate::text::{distance, is_kebab};

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    let placed: HashSet<&str> = document.operations.iter().map(first_segment).collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for consumer in document
        .operations
        .iter()
        .flat_map(|operation| &operation.consumers)
    {
        *uses.entry(consumer).or_default() += 1;
    }
    for operation in &document.operations {
        scopes(lint, operation);
        places(lint, operation, &placed);
        consumers(lint, operation, &uses);
    }
}

fn first_segment(operation: &Operation) -> &str {
    operation.path.split('/').nth(1).unwrap_or_default()
}

fn scopes(lint: &mut Lint<'_>, operation: &Operation) {
    for requirement in &operation.security {
        let declared = declared_scopes(lint.document, &requirement.scheme);
        let any_declared = lint
            .document
            .security_schemes
            .keys()
            .any(|name| declared_scopes(lint.document, name).is_some());
        for scope in &requirement.scopes {
            let shaped = scope
                .split_once(':')
                .is_some_and(|(family, action)| is_word(family) && is_word(action));
            if !shaped {
                let message = format!("the scope `{scope}` does not read family:action");
                lint.report(
                    "scope-form",
                    &requirement.at,
                    message,
                    "write it as `records:read`",
                );
            }
            match &declared {
                Some(declared) if !declared.contains(scope) => {
                    let near = declared
                        .iter()
                        .find(|known| distance(known, scope, 2).is_some());
                    let near = near
                        .map(|near| format!(" (there is `{near}`)"))
                        .unwrap_or_default();
                    let message = format!(
                        "the scheme `{}` has no scope `{scope}`{near}",
                        requirement.scheme
                    );
                    lint.report(
                        "scope-unknown",
                        &requirement.at,
                        message,
                        "add it to the scheme's x-scopes, or correct it",
                    );
                }
                None if any_declared => {
                    let message = format!(
                        "tokens of the scheme `{}` carry no scopes",
                        requirement.scheme
                    );
                    lint.report(
                        "scope-unknown",
                        &requirement.at,
                        message,
                        "remove the scope; use x-permission for people",
                    );
                }
                _ => {}
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.split(['_', '-']).all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// The names in a scheme's `x-scopes`.
pub(super) fn declared_scopes(document: &Document, scheme: &str) -> Option<Vec<String>> {
    let scheme = document.security_schemes.get(scheme)?;
    let scopes = document
        .source
        .at(&scheme.at.pointer)?
        .get("x-scopes")?
        .as_map()?;
    Some(scopes.keys().cloned().collect())
}

/// A scheme with the name of a first path segment is the only one below that segment, and valid only there: the
/// operations of one kind of caller are separate from all others.
fn places(lint: &mut Lint<'_>, operation: &Operation, placed: &HashSet<&str>) {
    let segment = first_segment(operation);
    let own = lint.document.security_schemes.contains_key(segment);
    let strangers: Vec<_> = operation
        .security
        .iter()
        .map(|requirement| (&requirement.at, requirement.scheme.as_str()))
        .filter(|(_, scheme)| {
            if own {
                *scheme != segment
            } else {
                placed.contains(scheme)
            }
        })
        .collect();
    for (at, scheme) in strangers {
        let message = if own {
            format!(
                "below /{segment} only tokens of the scheme `{segment}` are valid, not `{scheme}`"
            )
        } else {
            format!(
                "tokens of the scheme `{scheme}` are valid below /{scheme} alone, not at {}",
                operation.path
            )
        };
        lint.report(
            "scheme-place",
            at,
            message,
            "remove it here, or give the audience an operation of its own",
        );
    }
}

fn consumers(lint: &mut Lint<'_>, operation: &Operation, uses: &HashMap<&str, usize>) {
    for consumer in &operation.consumers {
        if !is_kebab(consumer) {
            let message = format!(
                "`{consumer}` is not a valid consumer name: lower case letters and hyphens"
            );
            lint.report("consumer-name", &operation.at, message, "rename it");
            continue;
        }
        let own = uses.get(consumer.as_str());
        // Compare only with a bounded number of names; a document with very many has another problem than spelling.
        let near = uses.iter().take(100).find(|(other, count)| {
            **other != consumer && Some(*count) > own && distance(other, consumer, 2).is_some()
        });
        if let Some((near, _)) = near {
            let message = format!("the consumer `{consumer}` looks like a misspelt `{near}`");
            lint.report(
                "consumer-name",
                &operation.at,
                message,
                "correct it, or choose a name that is less alike",
            );
        }
    }
}
