//! Answers: their statuses, media types and headers.

use super::Lint;
use crate::document::{
    Document, Kind, Media, Method, Operation, ParameterLocation, Response, Schema, Status,
};

/// The extension that says why an operation answers something other than JSON.
const NOT_JSON: &str = "x-not-json";
const JSON: &str = "application/json";

/// The headers of every answer: the request id, and the rate limits.
const ALWAYS: [&str; 3] = ["X-Request-Id", "RateLimit", "RateLimit-Policy"];

pub(super) fn check(lint: &mut Lint<'_>) {
    for operation in &lint.document.operations {
        statuses(lint, operation);
        bodies(lint, operation);
        headers(lint, operation);
        caching(lint, operation);
    }
}

fn statuses(lint: &mut Lint<'_>, operation: &Operation) {
    let Operation {
        id, at, responses, ..
    } = operation;
    for (status, response) in responses {
        match status {
            Status::Default => lint.report(
                "response-default",
                &response.at,
                format!("`{id}` answers `default`, which says the same of a success and of a failure"),
                "document the successes one by one, and `4XX` and `5XX` for the failures",
            ),
            Status::Code(400..) => lint.report(
                "response-error",
                &response.at,
                format!("`{id}` documents {status} by itself; all failures look alike, and their codes tell them apart"),
                "remove it: `4XX`, `5XX` and x-error-codes say it all",
            ),
            Status::Range(1..=3) => lint.report(
                "response-range",
                &response.at,
                format!("`{id}` documents {status} as a range; a client has to know which success it gets"),
                "document each status by itself",
            ),
            _ => {}
        }
    }
    for digit in [4, 5] {
        match responses.get(&Status::Range(digit)) {
            None => {
                let message = format!(
                    "`{id}` does not document {digit}XX, so a client could not read its failures"
                );
                lint.report(
                    "response-error",
                    at,
                    message,
                    format!("add `{digit}XX` with the response Problem"),
                );
            }
            Some(response) if !is_problem(lint.document, response) => {
                let subject = subject(operation, Status::Range(digit), response);
                let message = format!(
                    "{subject} is not `{{{}}}` as {}, all of them required",
                    members(lint.document).join(", "),
                    lint.document.error_media_type()
                );
                lint.report(
                    "problem-shape",
                    &response.at,
                    message,
                    "refer to the response Problem",
                );
            }
            Some(_) => {}
        }
    }
    if !responses
        .keys()
        .any(|status| matches!(status, Status::Code(200..300)))
    {
        lint.report(
            "response-success",
            at,
            format!("`{id}` documents no success"),
            "add its 2xx status",
        );
    }
}

/// The name of an answer for messages. A shared one is reported once, by its own name.
fn subject(operation: &Operation, status: Status, response: &Response) -> String {
    match &response.component {
        Some(name) => format!("the response `{name}`"),
        None => format!("{status} of `{}`", operation.id),
    }
}

/// The members that every error has.
fn members(document: &Document) -> &'static [&'static str] {
    match document.problem_types() {
        // The members of RFC 9457, and those that the API adds.
        Some(_) => &["type", "title", "status", "detail", "code", "context"],
        None => &["code", "message", "context"],
    }
}

fn is_problem(document: &Document, response: &Response) -> bool {
    let schema = response
        .content
        .get(document.error_media_type())
        .and_then(|media| media.schema.as_ref());
    let Some(Schema {
        kind: Kind::Object(rules),
        ..
    }) = schema.and_then(|schema| document.resolve(schema))
    else {
        return false;
    };
    members(document).iter().all(|name| {
        rules
            .properties
            .get(*name)
            .is_some_and(|property| property.required)
    })
}

fn bodies(lint: &mut Lint<'_>, operation: &Operation) {
    if let Some(body) = &operation.body
        && !operation.raw_body
    {
        for (media_type, media) in &body.content {
            media_type_is_json(lint, media_type, media, false);
        }
    }
    let other = operation
        .successes()
        .any(|(_, response)| response.content.keys().any(|name| name != JSON));
    let exempt = super::exempt(lint, operation, NOT_JSON, other);
    for (status, response) in operation.successes() {
        for (media_type, media) in &response.content {
            media_type_is_json(lint, media_type, media, exempt);
        }
        let bodiless = matches!(status, 204 | 205 | 304);
        if bodiless && !response.content.is_empty() {
            let message = format!("{status} has no body (RFC 9110), and this one documents one");
            lint.report(
                "response-body",
                &response.at,
                message,
                "remove `content`, or use another status",
            );
        }
        if !bodiless && response.content.is_empty() && !(300..400).contains(&status) {
            let message = format!(
                "{status} of `{}` has no body; the status for that is 204",
                operation.id
            );
            lint.report(
                "response-body",
                &response.at,
                message,
                "add `content`, or use 204",
            );
        }
    }
}

fn media_type_is_json(lint: &mut Lint<'_>, media_type: &str, media: &Media, exempt: bool) {
    if media_type != JSON && !exempt {
        lint.report(
            "json-only",
            &media.at,
            format!("`{media_type}` is not application/json; bytes go to the blob store, versions are picked by Accept"),
            "use application/json; an answer that is no JSON by its nature says why with `x-not-json`",
        );
    } else if media.schema.is_none() {
        lint.report(
            "json-only",
            &media.at,
            "this body has no schema, so it can be anything",
            "add `schema`",
        );
    }
}

fn headers(lint: &mut Lint<'_>, operation: &Operation) {
    for (status, response) in &operation.responses {
        let mut wanted: Vec<(&str, &str)> = ALWAYS
            .iter()
            .map(|name| (*name, "every answer carries it"))
            .collect();
        let success = matches!(status, Status::Code(200..300));
        if success && operation.takes_idempotency_key() {
            wanted.push((
                "Idempotent-Replayed",
                "the operation takes an Idempotency-Key",
            ));
        }
        if matches!(status, Status::Range(4 | 5)) {
            wanted.push(("Retry-After", "429 and 503 carry it"));
        }
        if success && operation.deprecation.is_some() {
            wanted.extend(
                ["Deprecation", "Sunset", "Link"].map(|name| (name, "the operation is deprecated")),
            );
        }
        for (name, why) in wanted {
            if !has(response, name) {
                let subject = subject(operation, *status, response);
                let message =
                    format!("{subject} does not document the header {name}, though {why}");
                lint.report(
                    "response-headers",
                    &response.at,
                    message,
                    format!("add {name} to its headers"),
                );
            }
        }
    }
}

/// Requires If-None-Match for exactly the operations whose answers have an ETag.
fn caching(lint: &mut Lint<'_>, operation: &Operation) {
    if operation.method != Method::Get {
        return;
    }
    let tagged = operation
        .successes()
        .any(|(status, response)| status < 300 && has(response, "ETag"));
    let asks = operation
        .parameter(ParameterLocation::Header, "If-None-Match")
        .is_some();
    let answers = operation.responses.contains_key(&Status::Code(304));
    let parts = [
        (tagged, "its success the header ETag"),
        (asks, "the parameter If-None-Match"),
        (answers, "the response 304"),
    ];
    if parts.iter().any(|(there, _)| *there) {
        for (_, what) in parts.iter().filter(|(there, _)| !there) {
            let message = format!(
                "`{}` can be asked for conditionally only by half: {what} is missing",
                operation.id
            );
            lint.report(
                "caching",
                &operation.at,
                message,
                "ETag, If-None-Match and 304 go together",
            );
        }
    }
}

fn has(response: &Response, name: &str) -> bool {
    response
        .headers
        .keys()
        .any(|header| header.eq_ignore_ascii_case(name))
}
