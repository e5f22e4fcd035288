//! The required properties of every operation, and the requirements of its method.

use super::Lint;
use crate::document::{Kind, Method, Operation, ParameterLocation, Schema};
use crate::text::is_snake;

/// The extension that says why a write takes no Idempotency-Key.
const WITHOUT_KEY: &str = "x-no-idempotency-key";

pub(super) fn check(lint: &mut Lint<'_>) {
    for operation in &lint.document.operations {
        identity(lint, operation);
        method(lint, operation);
        declarations(lint, operation);
        idempotency(lint, operation);
        concurrency(lint, operation);
        body(lint, operation);
    }
    let used = lint.document.tags_in_use();
    for tag in &lint.document.tags {
        if !used.contains(&tag.name.as_str()) {
            let message = format!("no operation has the tag `{}`", tag.name);
            lint.report(
                "tag-unused",
                &tag.at,
                message,
                "remove it, or tag an operation with it",
            );
        }
        if tag.description.is_none() {
            let message = format!(
                "the tag `{}` has no description; readers meet it as a heading",
                tag.name
            );
            lint.report("tag-description", &tag.at, message, "add a `description`");
        }
    }
}

fn identity(lint: &mut Lint<'_>, operation: &Operation) {
    let Operation { id, tags, at, .. } = operation;
    if !lint.is_written(at, "operationId") {
        lint.report(
            "operation-id",
            at,
            format!(
                "{} {} has no operationId; handlers and clients are named after it",
                operation.method, operation.path
            ),
            "add `operationId: family_verb`",
        );
    } else if !is_snake(id) || !id.contains('_') {
        let message =
            format!("the operationId `{id}` is not of the form family_verb in snake case");
        lint.report(
            "operation-id",
            at,
            message,
            "write the tag, an underscore and a verb: `records_create`",
        );
    } else if let [tag] = tags.as_slice()
        && !id
            .strip_prefix(tag.as_str())
            .is_some_and(|rest| rest.starts_with('_'))
    {
        let message =
            format!("the operationId `{id}` does not begin with its family, the tag `{tag}`");
        lint.report(
            "operation-id",
            at,
            message,
            format!("call it `{tag}_...`, or correct the tag"),
        );
    }
    if tags.len() != 1 {
        let message = format!(
            "`{id}` has {} tags; exactly one says which family (and trait) it belongs to",
            tags.len()
        );
        lint.report("operation-tag", at, message, "leave one tag");
    }
    for tag in tags {
        if !lint
            .document
            .tags
            .iter()
            .any(|declared| declared.name == *tag)
        {
            let message = format!("the tag `{tag}` is not declared");
            lint.report(
                "operation-tag",
                at,
                message,
                "add it, with a description, to `tags` at the root",
            );
        }
    }
}

/// Changes use PATCH, and the server derives HEAD and OPTIONS from other methods.
fn method(lint: &mut Lint<'_>, operation: &Operation) {
    let (message, mend) = match operation.method {
        Method::Get | Method::Post | Method::Patch | Method::Delete => return,
        Method::Put => (
            "PUT replaces the whole, what the caller does not know of included",
            "use PATCH",
        ),
        _ => (
            "HEAD and OPTIONS are answered wherever they apply, and nothing is traced",
            "remove the operation",
        ),
    };
    lint.report("method", &operation.at, message, mend);
}

fn declarations(lint: &mut Lint<'_>, operation: &Operation) {
    let Operation { id, at, .. } = operation;
    if operation
        .summary
        .as_deref()
        .is_none_or(|summary| summary.trim().is_empty())
    {
        lint.report(
            "operation-summary",
            at,
            format!("`{id}` has no summary"),
            "say in a few words what it does",
        );
    }
    if !lint.is_written(at, "security") {
        lint.report(
            "operation-security",
            at,
            format!("`{id}` does not say who may call it; what is inherited is easily overlooked"),
            "add `security`; `security: []` makes it public",
        );
    }
    if operation.consumers.is_empty() {
        lint.report(
            "operation-consumers",
            at,
            format!("`{id}` is in no consumer's slice, so no client can call it"),
            "add `x-consumers: [...]`",
        );
    }
    if !lint.is_written(at, "x-error-codes") {
        lint.report(
            "operation-error-codes",
            at,
            format!("`{id}` does not say which error codes it has of its own"),
            "add `x-error-codes: [...]`; an empty list says that the implied ones are all",
        );
    }
    let addresses = operation
        .parameters
        .iter()
        .any(|parameter| parameter.location == ParameterLocation::Path);
    if addresses {
        needs_code(
            lint,
            operation,
            "NOT_FOUND",
            "it addresses something by path that may not be there",
        );
    }
}

fn idempotency(lint: &mut Lint<'_>, operation: &Operation) {
    let Operation { id, at, .. } = operation;
    let writes = matches!(
        operation.method,
        Method::Post | Method::Put | Method::Patch | Method::Delete
    );
    let exempt = super::exempt(lint, operation, WITHOUT_KEY, writes);
    match (operation.takes_idempotency_key(), writes && !exempt) {
        (false, true) => lint.report(
            "idempotency-key",
            at,
            format!("`{id}` is a {} without Idempotency-Key: a repeat after a lost answer would act twice", operation.method),
            "add the header parameter `Idempotency-Key`, or `x-no-idempotency-key` with the reason",
        ),
        (true, false) => lint.report(
            "idempotency-key",
            at,
            format!("`{id}` takes an Idempotency-Key that has nothing to guard ({} {})", operation.method, operation.path),
            "remove the parameter",
        ),
        _ => {}
    }
    if let Some(key) = operation.parameter(ParameterLocation::Header, "Idempotency-Key")
        && key.required
    {
        lint.report(
            "idempotency-key",
            &key.at,
            "Idempotency-Key is required here; it is the caller's choice",
            "remove `required`",
        );
    }
}

fn concurrency(lint: &mut Lint<'_>, operation: &Operation) {
    let conditional = operation
        .parameter(ParameterLocation::Header, "If-Match")
        .is_some();
    if conditional {
        needs_code(
            lint,
            operation,
            "VERSION_MISMATCH",
            "that is what a stale If-Match is answered with",
        );
        return;
    }
    let changes = matches!(operation.method, Method::Patch | Method::Delete);
    let read = lint
        .document
        .operations
        .iter()
        .find(|other| other.path == operation.path && other.method == Method::Get);
    let tagged = read.is_some_and(|read| {
        read.successes().any(|(_, response)| {
            response
                .headers
                .keys()
                .any(|name| name.eq_ignore_ascii_case("ETag"))
        })
    });
    if changes && tagged {
        lint.report(
            "if-match",
            &operation.at,
            format!(
                "GET {} answers an ETag, and `{}` takes no If-Match to hold against it",
                operation.path, operation.id
            ),
            "add the header parameter `If-Match` and the code VERSION_MISMATCH",
        );
    }
}

/// Reports an operation that lacks a code which it needs, if the registry has that code.
pub(super) fn needs_code(lint: &mut Lint<'_>, operation: &Operation, code: &str, why: &str) {
    let known = lint.document.codes.contains_key(code);
    if known && !operation.codes.iter().any(|own| own == code) {
        let message = format!("`{}` does not list {code}, though {why}", operation.id);
        lint.report(
            "operation-error-codes",
            &operation.at,
            message,
            format!("add {code} to x-error-codes"),
        );
    }
}

fn body(lint: &mut Lint<'_>, operation: &Operation) {
    let Some(body) = &operation.body else { return };
    if matches!(
        operation.method,
        Method::Get | Method::Head | Method::Delete | Method::Options | Method::Trace
    ) {
        let message = format!(
            "a {} has no body that servers must heed (RFC 9110, 9.3)",
            operation.method
        );
        lint.report("method-body", &body.at, message, "use parameters, or POST");
    }
    if operation.method == Method::Patch {
        for schema in body
            .content
            .values()
            .filter_map(|media| media.schema.as_ref())
        {
            defaults_of_patch(lint, schema);
        }
    }
}

/// A property left out of a PATCH stays as it is; a default would overwrite it.
fn defaults_of_patch(lint: &mut Lint<'_>, schema: &Schema) {
    let Some(Schema {
        kind: Kind::Object(rules),
        ..
    }) = lint.document.resolve(schema)
    else {
        return;
    };
    for (name, property) in &rules.properties {
        if property.schema.default.is_some() {
            let message = format!(
                "`{name}` has a default in the body of a PATCH, where absent properties stay unchanged"
            );
            lint.report(
                "patch-default",
                &property.schema.at,
                message,
                "remove the default here",
            );
        }
    }
}
