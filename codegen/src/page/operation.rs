//! An operation: its description, permission, parameters, body, answers, errors, and samples.

use maud::{Markup, html};

use super::markdown::Words;
use super::{method, sample, schema};
use crate::document::{
    Deprecation, Document, Header, Media, Operation, Parameter, ParameterLocation, Response, Status,
};

pub(super) fn operation(document: &Document, operation: &Operation, words: &Words<'_>) -> Markup {
    let summary = operation.summary.as_deref().unwrap_or(&operation.id);
    html! {
        section.operation id=(operation.id) data-find="operation" data-title={ (operation.method) " " (operation.path) " " (summary) } {
            h3 { a href={ "#" (operation.id) } { (summary) } }
            p.line { (method(operation)) " " (path(&operation.path)) " " span.id { (operation.id) } }
            div.columns {
                div {
                    @if let Some(deprecation) = &operation.deprecation { (deprecated(deprecation)) }
                    @if let Some(description) = &operation.description { (words.text(description)) }
                    (admitted(operation))
                    (parameters(operation, words))
                    @if let Some(body) = &operation.body {
                        h4 { "Body" @if body.required { " " span.must { "required" } } }
                        @if let Some(description) = &body.description { (words.text(description)) }
                        @for (media_type, media) in &body.content { (content(document, media_type, media, words, true)) }
                    }
                    h4 { "Answers" }
                    @for (status, response) in &operation.responses {
                        @if !matches!(status, Status::Range(_) | Status::Default) {
                            (answer(document, *status, response, words))
                        }
                    }
                    (errors(document, operation))
                }
                div.samples { (samples(document, operation)) }
            }
        }
    }
}

fn path(path: &str) -> Markup {
    html! {
        code.path {
            @for part in path.split_inclusive('}') {
                @if let Some((fixed, name)) = part.strip_suffix('}').and_then(|part| part.split_once('{')) {
                    (fixed) var { "{" (name) "}" }
                } @else { (part) }
            }
        }
    }
}

pub(super) fn deprecated(deprecation: &Deprecation) -> Markup {
    html! {
        p.deprecated {
            strong { "Deprecated" }
            @if let Some(date) = deprecation.deprecated_at { " since " (date) }
            @if let Some(date) = deprecation.sunset { ", gone from " (date) " on" }
            @if let Some(replacement) = &deprecation.replacement { ". Use " code { (replacement) } " instead" }
            "."
        }
    }
}

fn admitted(operation: &Operation) -> Markup {
    html! {
        dl.facts {
            dt { "Token" }
            dd {
                @if operation.security.is_empty() { "none needed" }
                @for (index, requirement) in operation.security.iter().enumerate() {
                    @if index > 0 { ", or " }
                    a href={ "#token-" (requirement.scheme) } { (requirement.scheme) }
                    @if !requirement.scopes.is_empty() {
                        " with " @for (index, scope) in requirement.scopes.iter().enumerate() { @if index > 0 { ", " } code { (scope) } }
                    }
                }
            }
            @if let Some(permission) = &operation.permission {
                dt { "Permission" }
                dd { code { (permission) } }
            }
            @if let Some(reason) = &operation.no_permission {
                dt { "Permission" }
                dd { "none needed: " (reason) }
            }
            @if !operation.consumers.is_empty() {
                dt { "For" }
                dd { (operation.consumers.join(", ")) }
            }
        }
    }
}

fn parameters(operation: &Operation, words: &Words<'_>) -> Markup {
    const PLACES: [(ParameterLocation, &str); 4] = [
        (ParameterLocation::Path, "Path"),
        (ParameterLocation::Query, "Query"),
        (ParameterLocation::Header, "Headers"),
        (ParameterLocation::Cookie, "Cookies"),
    ];
    html! {
        @for (place, name) in PLACES {
            @let here: Vec<&Parameter> = operation.parameters.iter().filter(|parameter| parameter.location == place).collect();
            @if !here.is_empty() {
                h4 { (name) }
                dl.properties {
                    @for parameter in here {
                        dt {
                            code { (parameter.name) } " " (schema::kind(&parameter.schema))
                            @if parameter.required { " " span.must { "required" } }
                        }
                        dd {
                            @if let Some(deprecation) = &parameter.deprecation { (deprecated(deprecation)) }
                            @if let Some(description) = &parameter.description { (words.text(description)) }
                            (schema::rules(&parameter.schema))
                            @for example in parameter.examples.values() {
                                p.rule { "such as " code { (example.value.as_str().map_or_else(|| example.value.to_string(), str::to_owned)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The content of a body: the properties of a request are shown, those of an answer on demand.
fn content(
    document: &Document,
    media_type: &str,
    media: &Media,
    words: &Words<'_>,
    open: bool,
) -> Markup {
    html! {
        p.holds {
            code { (media_type) }
            @if let Some(schema) = &media.schema { " " (schema::kind(schema)) }
        }
        @if let Some(schema) = &media.schema {
            @if let Some(properties) = schema::properties(document, schema, words) {
                details open[open] { summary { "Properties" } (properties) }
            }
        }
    }
}

fn answer(document: &Document, status: Status, response: &Response, words: &Words<'_>) -> Markup {
    let own: Vec<(&String, &Header)> = response
        .headers
        .iter()
        .filter(|(_, header)| header.set_by.as_deref() != Some("host"))
        .collect();
    html! {
        div.answer {
            p { span.status { (status) } " " (words.line(&response.description)) }
            @for (media_type, media) in &response.content { (content(document, media_type, media, words, false)) }
            @if !own.is_empty() {
                dl.properties {
                    @for (name, header) in own {
                        dt { code { (name) } " " span.kind { "header" } }
                        dd { @if let Some(description) = &header.description { (words.text(description)) } }
                    }
                }
            }
        }
    }
}

fn errors(document: &Document, operation: &Operation) -> Markup {
    let implied: Vec<&String> = operation
        .codes
        .iter()
        .filter(|code| !operation.own_codes.contains(code))
        .collect();
    html! {
        @if !operation.codes.is_empty() {
            h4 { "Errors" }
            @if !operation.own_codes.is_empty() {
                dl.codes {
                    @for code in operation.own_codes.iter().filter_map(|code| document.codes.get(code)) {
                        dt { span.status.bad { (code.status) } " " a href={ "#code-" (code.code) } { code { (code.code) } } }
                        dd { (code.description) @if let Some(mend) = &code.mend { " " em { (mend) } } }
                    }
                }
            }
            @if !implied.is_empty() {
                p.implied {
                    "As others do: "
                    @for (index, code) in implied.iter().enumerate() {
                        @if index > 0 { ", " } a href={ "#code-" (code) } { code { (code) } }
                    }
                }
            }
        }
    }
}

fn samples(document: &Document, operation: &Operation) -> Markup {
    let bodies = operation
        .body
        .iter()
        .flat_map(|body| body.content.values())
        .flat_map(|media| media.examples.values());
    let mut answers = Vec::new();
    for (status, response) in operation.successes() {
        let examples = response
            .content
            .values()
            .flat_map(|media| media.examples.values());
        answers.extend(examples.map(|example| (status, example)));
    }
    html! {
        figure { figcaption { "Call" } pre { code { (sample::call(document, operation)) } } }
        @for (index, example) in bodies.enumerate() {
            details open[index == 0] {
                summary { span.label { "Body" } " " (example.summary.as_deref().unwrap_or_default()) }
                (sample::example(document, example))
            }
        }
        @for (index, (status, example)) in answers.into_iter().enumerate() {
            details open[index == 0] {
                summary { span.status { (status) } " " (example.summary.as_deref().unwrap_or_default()) }
                (sample::example(document, example))
            }
        }
    }
}
