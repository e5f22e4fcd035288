//! Access: the kinds of tokens, the scopes of keys, the permissions of people.

use maud::{Markup, html};

use super::markdown::Words;
use crate::document::Document;
use crate::source::Node;

pub(super) fn access(document: &Document, words: &Words<'_>) -> Markup {
    let permissions: Vec<(&str, &str)> = document
        .permissions()
        .into_iter()
        .map(|permission| (permission.name, permission.description.unwrap_or_default()))
        .collect();
    html! {
        section #access data-find="guide" data-title="Access" {
            h2 { a href="#access" { "Access" } }
            dl.tokens {
                @for (name, scheme) in &document.security_schemes {
                    dt id={ "token-" (name) } { code { (name) } " " span.kind { (scheme.scheme.as_deref().unwrap_or(&scheme.kind)) } }
                    dd {
                        @if let Some(description) = &scheme.description { (words.text(description)) }
                        @let scopes = pairs(document.source.at(&format!("{}/x-scopes", scheme.at.pointer)));
                        @if !scopes.is_empty() { (table("Scope", &scopes)) }
                    }
                }
            }
            @if !permissions.is_empty() {
                h3 { "Permissions" }
                (table("Permission", &permissions))
            }
        }
    }
}

fn pairs(node: Option<&Node>) -> Vec<(&str, &str)> {
    let members = node.and_then(Node::as_map).into_iter().flatten();
    members
        .filter_map(|(name, member)| Some((name.as_str(), member.node.as_str()?)))
        .collect()
}

fn table(name: &str, rows: &[(&str, &str)]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { (name) } th scope="col" { "Allows" } } }
            tbody { @for (name, text) in rows { tr { th scope="row" { code { (name) } } td { (text) } } } }
        }
    }
}
