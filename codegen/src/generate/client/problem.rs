//! The shared part of all clients: for each type of error bodies, its code and message by trait.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Kind, Operation, Schema, Status};
use crate::generate::shapes::Shapes;
use crate::generate::types::definitions;
use crate::generate::versions::{Part, shared_types};
use crate::hoist::hoist;
use crate::names;

/// For each schema of errors, the property with the message for people.
type Messages = BTreeMap<String, &'static str>;

/// The modules `problems`, one per version, the oldest first. The implementation for a shared type is in the newer
/// version.
pub fn problems(versions: &[Document], found: &mut Diagnostics) -> Vec<TokenStream> {
    let mut newer: Option<(IndexMap<String, Part>, Messages)> = None;
    let mut modules = Vec::new();
    for document in versions.iter().rev() {
        let (hoisted, more) = hoist(document);
        found.extend(more.into_sorted());
        let mut seen_before = Diagnostics::default();
        let shapes = Shapes::new(&hoisted, &mut seen_before);
        let definitions = definitions(&shapes);
        let bodies: Messages = hoisted
            .operations
            .iter()
            .flat_map(errors)
            .filter_map(Schema::as_ref_name)
            .filter_map(|name| Some((name.to_owned(), message(&shapes, name)?)))
            .collect();
        let there: HashSet<String> = match &newer {
            Some((newer, implemented)) => {
                let mut shared = shared_types(newer, &definitions);
                shared.retain(|name| implemented.contains_key(name));
                shared
            }
            None => HashSet::new(),
        };
        let here = bodies.iter().filter(|(name, _)| !there.contains(*name));
        let here = here.map(|(name, message)| implementation(name, message));
        modules.push(here.collect());
        newer = Some((definitions, bodies));
    }
    modules.reverse();
    modules
}

fn implementation(name: &str, message: &str) -> TokenStream {
    let ident = names::type_ident(name);
    let message = names::value_ident(message);
    quote! {
        impl ::crm_runtime::client::ProblemBody for super::types::#ident {
            fn code(&self) -> &str {
                self.code.as_str()
            }

            fn message(&self) -> &str {
                self.#message.as_str()
            }
        }
    }
}

/// The schemas of error answers.
fn errors(operation: &Operation) -> impl Iterator<Item = &Schema> {
    operation
        .responses
        .iter()
        .filter(|(status, _)| {
            matches!(
                status,
                Status::Default | Status::Range(4 | 5) | Status::Code(400..=599)
            )
        })
        .flat_map(|(_, response)| response.content.values())
        .filter_map(|media| media.schema.as_ref())
}

/// The property of an error with the message for people: `message`, or `detail` of problem details (RFC 9457). None if
/// the schema has no such text, or no `code`.
fn message(shapes: &Shapes<'_>, name: &str) -> Option<&'static str> {
    let rules = shapes.schemas.get(name)?.as_object()?;
    let is_text = |name: &str| {
        rules.properties.get(name).is_some_and(|property| {
            property.required
                && matches!(shapes.resolve(&property.schema).kind, Kind::String(_))
                && !shapes.nullable(&property.schema)
        })
    };
    let mut messages = ["message", "detail"].into_iter();
    messages.find(|message| is_text("code") && is_text(message))
}
