//! Examples: each request and success has one, and each is valid. Contract tests send them, and readers copy them.

use serde_json::Value;

use super::Lint;
use crate::conforms::Judge;
use crate::diagnostic::Location;
use crate::document::{Document, Media, Schema};

pub(super) fn check(lint: &mut Lint<'_>) {
    presence(lint);
    let document = lint.document;
    let mut judge = Judge::new(document);
    for (what, schema, value, at) in all(document) {
        let faults = judge.faults(schema, value);
        for fault in faults {
            let message = format!(
                "{what} is wrong: {}{} {}",
                if fault.pointer.is_empty() { "it" } else { "" },
                fault.pointer,
                fault.why
            );
            lint.report(
                "example-valid",
                at,
                message,
                "correct the example, or the schema",
            );
        }
    }
    let schemas: Vec<&Schema> = lint.sites.iter().map(|site| site.schema).collect();
    for schema in schemas {
        for example in &schema.examples {
            for fault in judge.faults(schema, example) {
                let message = format!(
                    "an example of this schema is wrong: {example}{} {}",
                    fault.pointer, fault.why
                );
                lint.report(
                    "example-valid",
                    &schema.at,
                    message,
                    "correct the example, or the schema",
                );
            }
        }
        if let Some(default) = &schema.default {
            for fault in judge.faults(schema, default) {
                let message = format!("the default {default}{} {}", fault.pointer, fault.why);
                lint.report(
                    "default-valid",
                    &schema.at,
                    message,
                    "correct the default, or the schema",
                );
            }
        }
    }
}

fn presence(lint: &mut Lint<'_>) {
    let document = lint.document;
    for operation in &document.operations {
        if let Some(body) = operation.body.as_ref().filter(|_| !operation.raw_body) {
            for media in body.content.values() {
                wanted(lint, media, &format!("the request of `{}`", operation.id));
            }
        }
        for (status, response) in operation.successes() {
            for media in response.content.values() {
                wanted(lint, media, &format!("{status} of `{}`", operation.id));
            }
        }
    }
}

fn wanted(lint: &mut Lint<'_>, media: &Media, what: &str) {
    if media.examples.is_empty() {
        let message = format!("{what} has no example");
        lint.report(
            "example-missing",
            &media.at,
            message,
            "add `examples` with at least one that is true",
        );
    }
}

type Judged<'d> = (String, &'d Schema, &'d Value, &'d Location);

/// Every example beside a schema: of bodies, answers, parameters and headers.
fn all(document: &Document) -> Vec<Judged<'_>> {
    let mut all: Vec<Judged<'_>> = Vec::new();
    let bodies = document
        .operations
        .iter()
        .filter_map(|operation| operation.body.as_ref());
    let answers = document
        .operations
        .iter()
        .flat_map(|operation| operation.responses.values());
    let contents = bodies.map(|body| &body.content).chain(
        answers
            .chain(document.responses.values())
            .map(|response| &response.content),
    );
    for media in contents.flat_map(|content| content.values()) {
        let Some(schema) = &media.schema else {
            continue;
        };
        for (name, example) in &media.examples {
            all.push((
                format!("the example `{name}`"),
                schema,
                &example.value,
                &example.at,
            ));
        }
    }
    let own = document
        .operations
        .iter()
        .flat_map(|operation| &operation.parameters);
    for parameter in document.parameters.values().chain(own) {
        for (name, example) in &parameter.examples {
            let what = format!("the example `{name}` of the parameter `{}`", parameter.name);
            all.push((what, &parameter.schema, &example.value, &example.at));
        }
    }
    for (header, shared) in &document.headers {
        for (name, example) in &shared.examples {
            let what = format!("the example `{name}` of the header `{header}`");
            all.push((what, &shared.schema, &example.value, &example.at));
        }
    }
    // A shared example has many places and is checked once.
    let mut seen = std::collections::HashSet::new();
    all.retain(|(_, _, _, at)| seen.insert(at.pointer.as_str()));
    all
}
