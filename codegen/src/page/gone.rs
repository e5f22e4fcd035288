//! Removed operations and their replacements.

use maud::{Markup, html};

use crate::document::{Document, Gone};

pub(super) fn gone(document: &Document) -> Markup {
    if document.gone.is_empty() {
        return html! {};
    }
    html! {
        section #removed data-find="guide" data-title="Removed" {
            h2 { a href="#removed" { "Removed" } }
            p { "Each answers 410 " code { "GONE" } " and names what replaces it." }
            table {
                thead { tr { th scope="col" { "Operation" } th scope="col" { "Announced" } th scope="col" { "Gone" } th scope="col" { "Instead" } } }
                tbody { @for gone in &document.gone { (row(document, gone)) } }
            }
        }
    }
}

fn row(document: &Document, gone: &Gone) -> Markup {
    let successor = gone
        .deprecation
        .replacement
        .as_deref()
        .and_then(|id| document.operation(id));
    html! {
        tr {
            th scope="row" { code { (gone.method) " " (gone.path) } }
            td { @if let Some(date) = gone.deprecation.deprecated_at { (date) } }
            td { @if let Some(date) = gone.deprecation.sunset { (date) } }
            td { @if let Some(there) = successor { a href={ "#" (there.id) } { code { (there.method) " " (there.path) } } } }
        }
    }
}
