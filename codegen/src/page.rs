//! The reference page of a contract: one HTML document with the whole content of the contract, which loads nothing. The
//! build makes it from the document. It works without scripts too.

mod access;
mod catalogue;
mod gone;
mod markdown;
mod operation;
mod sample;
mod schema;

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::document::{Document, Operation};
use markdown::Words;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The identity of this page, and the other pages.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    /// None: the whole contract.
    pub consumer: Option<&'a str>,
    pub consumers: &'a [String],
    /// The versions that have a page, the lowest first.
    pub versions: &'a [u32],
}

/// The page of a document that was read without findings.
pub fn page(document: &Document, pages: Pages<'_>) -> String {
    let words = Words::of(document);
    let guide = words.guide(document.description.as_deref().unwrap_or_default());
    let title = match pages.consumer {
        Some(consumer) => format!("{} {} for {consumer}", document.title, document.version),
        None => format!("{} {}", document.title, document.version),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "To the text" }
                (bar(document, pages))
                (menu(document, &guide.headings))
                main #content tabindex="-1" {
                    header.title {
                        h1 { (document.title) " " span.version { (document.version) } }
                        @if let Some(summary) = document.source.at("/info/summary").and_then(|node| node.as_str()) {
                            p.lead { (summary) }
                        }
                        p.forms { (forms(document, pages)) }
                    }
                    article.guide { (guide.text) }
                    (access::access(document, &words))
                    @for tag in document.tags_in_use() {
                        (family(document, tag, &words))
                    }
                    (schema::schemas(document, &words))
                    (catalogue::catalogue(document, &words))
                    (gone::gone(document))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

/// The content security policy of the page: its own style and script, and nothing else.
pub fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    )
}

fn bar(document: &Document, pages: Pages<'_>) -> Markup {
    let address = |version: u32, consumer: Option<&str>| match consumer {
        Some(consumer) => format!("?version={version}&consumer={consumer}"),
        None => format!("?version={version}"),
    };
    let audiences =
        std::iter::once(None).chain(pages.consumers.iter().map(|name| Some(name.as_str())));
    html! {
        header.bar {
            button #menu-button type="button" aria-expanded="false" aria-controls="menu" { "Menu" }
            a.home href="#content" { (document.title) }
            nav.choice aria-label="Whose part" {
                @for audience in audiences {
                    a href=(address(document.major, audience)) aria-current=[(audience == pages.consumer).then_some("page")] {
                        (audience.unwrap_or("everything"))
                    }
                }
            }
            @if pages.versions.len() > 1 {
                nav.choice aria-label="Version" {
                    @for version in pages.versions {
                        a href=(address(*version, pages.consumer)) aria-current=[(*version == document.major).then_some("page")] {
                            "v" (version)
                        }
                    }
                }
            }
            div.search role="search" {
                input #search type="search" placeholder="Search" aria-label="Search this reference" autocomplete="off"
                    spellcheck="false" role="combobox" aria-expanded="false" aria-controls="results" aria-autocomplete="list";
                kbd aria-hidden="true" { "/" }
                ul #results role="listbox" aria-label="Found" hidden {}
                span #found.quiet-voice role="status" {}
            }
            button #theme type="button" aria-label="Theme" { "\u{25D0}" }
        }
    }
}

fn menu(document: &Document, headings: &[(String, String)]) -> Markup {
    html! {
        nav #menu aria-label="Contents" {
            @if !headings.is_empty() {
                p { a href="#content" { "Guide" } }
                ul { @for (id, text) in headings { li { a href={ "#" (id) } { (text) } } } }
            }
            p { a href="#access" { "Access" } }
            @for tag in document.tags_in_use() {
                p { a href={ "#family-" (tag) } { (tag) } }
                ul {
                    @for operation in document.operations_of(tag) {
                        li { a href={ "#" (operation.id) } {
                            (method(operation)) " " span { (operation.summary.as_deref().unwrap_or(&operation.id)) }
                        } }
                    }
                }
            }
            p { a href="#schemas" { "Schemas" } }
            ul { @for name in document.schemas.keys() { li { a href={ "#schema-" (name) } { (name) } } } }
            p { a href="#errors" { "Error codes" } }
            ul { @for code in document.codes.keys() { li { a href={ "#code-" (code) } { (code) } } } }
            @if !document.gone.is_empty() { p { a href="#removed" { "Removed" } } }
        }
    }
}

/// Links to the contract in formats for tools.
fn forms(document: &Document, pages: Pages<'_>) -> Markup {
    let query = match pages.consumer {
        Some(consumer) => format!("?version={}&consumer={consumer}", document.major),
        None => format!("?version={}", document.major),
    };
    html! {
        "For machines: "
        a href={ "openapi.yaml" (query) } { "YAML" } ", "
        a href={ "openapi.json" (query) } { "JSON" } " (OpenAPI 3.1), "
        a href={ "openapi.yaml" (query) "&openapi=3.0" } { "YAML" } ", "
        a href={ "openapi.json" (query) "&openapi=3.0" } { "JSON" } " (OpenAPI 3.0)"
    }
}

fn family(document: &Document, tag: &str, words: &Words<'_>) -> Markup {
    let description = document
        .tags
        .iter()
        .find(|known| known.name == tag)
        .and_then(|tag| tag.description.as_deref());
    html! {
        section.family id={ "family-" (tag) } {
            h2 { a href={ "#family-" (tag) } { (tag) } }
            @if let Some(description) = description { (words.text(description)) }
            @for operation in document.operations_of(tag) {
                (operation::operation(document, operation, words))
            }
        }
    }
}

fn method(operation: &Operation) -> Markup {
    let name = operation.method.as_str();
    html! { span class={ "method " (name.to_ascii_lowercase()) } { (name) } }
}
