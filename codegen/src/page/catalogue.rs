//! The catalogue of error codes: the meaning, remedy, context and operations of each.

use maud::{Markup, html};

use super::markdown::Words;
use crate::document::{Applies, Document, ErrorCode};

pub(super) fn catalogue(document: &Document, words: &Words<'_>) -> Markup {
    html! {
        section #errors {
            h2 { a href="#errors" { "Error codes" } }
            p { "The code of a refusal is stable; its message may change. What a machine needs is in " code { "context" } "." }
            @for code in document.codes.values() { (entry(document, code, words)) }
        }
    }
}

fn entry(document: &Document, code: &ErrorCode, words: &Words<'_>) -> Markup {
    html! {
        section.code id={ "code-" (code.code) } data-find="error" data-title={ (code.code) " " (code.status) } {
            h3 { span.status.bad { (code.status) } " " a href={ "#code-" (code.code) } { code { (code.code) } } }
            (words.text(&code.description))
            @if let Some(mend) = &code.mend { p.mend { strong { "Mend: " } (words.line(mend)) } }
            @if !code.context.is_empty() {
                dl.properties {
                    @for (name, text) in &code.context {
                        dt { code { "context." (name) } }
                        dd { (words.text(text)) }
                    }
                }
            }
            p.implied { (origin(document, code)) }
        }
    }
}

fn origin(document: &Document, code: &ErrorCode) -> Markup {
    match code.applies {
        Applies::Every => html! { "From any operation." },
        Applies::Authenticated => html! { "From operations that need a token." },
        Applies::Write => html! { "From operations that take an " code { "Idempotency-Key" } "." },
        Applies::Body => html! { "From operations that take a body." },
        Applies::Router => html! { "Before any operation." },
        Applies::Own => html! {
            "From "
            @for (index, operation) in document.operations.iter().filter(|operation| operation.own_codes.contains(&code.code)).enumerate() {
                @if index > 0 { ", " }
                a href={ "#" (operation.id) } { code { (operation.id) } }
            }
            "."
        },
    }
}
