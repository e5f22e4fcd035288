//! Paths and parameters.

use super::Lint;
use crate::document::{Document, Kind, Method, Operation, Parameter, ParameterLocation, Schema};
use crate::text::{is_kebab, is_snake};

/// Headers that HTTP itself defines; OpenAPI ignores parameters of these names.
const RESERVED: [&str; 3] = ["Accept", "Content-Type", "Authorization"];

pub(super) fn check(lint: &mut Lint<'_>) {
    for operation in &lint.document.operations {
        path(lint, operation);
        for parameter in &operation.parameters {
            name(lint, parameter);
            described(lint, parameter);
        }
        fields(lint, operation);
    }
    for server in &lint.document.servers {
        if server.url.split('/').any(is_version) {
            let message = format!("the server `{}` has a version in its URL", server.url);
            lint.report(
                "path-version",
                &lint.document.at.clone(),
                message,
                "take it out; Accept picks the version",
            );
        }
    }
}

fn path(lint: &mut Lint<'_>, operation: &Operation) {
    let Operation { path, at, .. } = operation;
    if path.len() > 1 && path.ends_with('/') {
        lint.report(
            "path-form",
            at,
            format!("the path `{path}` ends with a slash"),
            "remove the last slash",
        );
    }
    for segment in path
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty())
    {
        let literal = !segment.contains(['{', '}']);
        if literal && is_version(segment) {
            lint.report(
                "path-version",
                at,
                format!("`{segment}` is a version in a URL"),
                "take it out; Accept picks the version",
            );
        } else if literal && !segment.trim_start_matches('.').split('.').all(is_kebab) {
            let message = format!("`{segment}` in `{path}` is not in kebab case");
            lint.report(
                "path-form",
                at,
                message,
                "write lower case words joined by hyphens",
            );
        } else if !(literal || segment.starts_with('{') && segment.ends_with('}')) {
            let message = format!(
                "`{segment}` in `{path}` is only partly a parameter, which routers do not tell apart"
            );
            lint.report(
                "path-form",
                at,
                message,
                "let a parameter be a whole segment",
            );
        }
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn name(lint: &mut Lint<'_>, parameter: &Parameter) {
    let Parameter {
        name, location, at, ..
    } = parameter;
    match location {
        ParameterLocation::Path | ParameterLocation::Query if !is_snake(name) => {
            let message = format!("the {location} parameter `{name}` is not in snake case");
            lint.report(
                "parameter-name",
                at,
                message,
                "write lower case words joined by underscores",
            );
        }
        ParameterLocation::Header
            if RESERVED
                .iter()
                .any(|reserved| reserved.eq_ignore_ascii_case(name)) =>
        {
            let message = format!(
                "OpenAPI ignores a header parameter called `{name}`: `content` and `security` speak of it"
            );
            lint.report("parameter-name", at, message, "remove it");
        }
        ParameterLocation::Header if !is_train(name) => {
            let message = format!("the header `{name}` is not written like `Idempotency-Key`");
            lint.report(
                "parameter-name",
                at,
                message,
                "write words with capitals, joined by hyphens",
            );
        }
        ParameterLocation::Cookie => {
            let message = format!(
                "`{name}` is a cookie; callers carry everything in headers, so that no browser sends it unasked"
            );
            lint.report("parameter-name", at, message, "use a header");
        }
        _ => {}
    }
}

fn is_train(name: &str) -> bool {
    name.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn described(lint: &mut Lint<'_>, parameter: &Parameter) {
    if parameter
        .description
        .as_deref()
        .is_none_or(|text| text.trim().is_empty())
    {
        let message = format!(
            "the {} parameter `{}` has no description",
            parameter.location, parameter.name
        );
        lint.report(
            "parameter-description",
            &parameter.at,
            message,
            "say what it does",
        );
    }
}

/// Every list and get of tenant data takes `fields`.
fn fields(lint: &mut Lint<'_>, operation: &Operation) {
    if operation.method != Method::Get
        || operation.security.is_empty()
        || !answers_object(lint.document, operation)
    {
        return;
    }
    if operation
        .parameter(ParameterLocation::Query, "fields")
        .is_none()
    {
        lint.report(
            "fields",
            &operation.at,
            format!(
                "`{}` takes no `fields`, with which every list and get lets callers ask for less",
                operation.id
            ),
            "add the query parameter `fields`",
        );
    }
}

/// Whether a success is an object with properties to choose from.
fn answers_object(document: &Document, operation: &Operation) -> bool {
    operation.successes().any(|(_, response)| {
        let schema = response.content.get("application/json").and_then(|media| media.schema.as_ref());
        let schema = schema.and_then(|schema| document.resolve(schema));
        matches!(schema, Some(Schema { kind: Kind::Object(rules), .. }) if rules.properties.len() > 1)
    })
}
