//! What all clients share: for each type that error answers hold, its code and message by trait.

use std::collections::{BTreeSet, HashSet};

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

/// The modules `problems`, one per version, the oldest first. A type that versions share has its
/// implementation with the newer one.
pub fn problems(versions: &[Document], found: &mut Diagnostics) -> Vec<TokenStream> {
    let mut newer: Option<(IndexMap<String, Part>, BTreeSet<String>)> = None;
    let mut modules = Vec::new();
    for document in versions.iter().rev() {
        let (hoisted, more) = hoist(document);
        found.extend(more.into_sorted());
        let mut seen_before = Diagnostics::default();
        let shapes = Shapes::new(&hoisted, &mut seen_before);
        let definitions = definitions(&shapes);
        let bodies: BTreeSet<String> = hoisted
            .operations
            .iter()
            .flat_map(errors)
            .filter_map(Schema::as_ref_name)
            .filter(|name| says_code(&shapes, name))
            .map(str::to_owned)
            .collect();
        let there: HashSet<String> = match &newer {
            Some((newer, implemented)) => {
                let mut shared = shared_types(newer, &definitions);
                shared.retain(|name| implemented.contains(name));
                shared
            }
            None => HashSet::new(),
        };
        let here = bodies.iter().filter(|name| !there.contains(*name));
        modules.push(here.map(|name| implementation(name)).collect());
        newer = Some((definitions, bodies));
    }
    modules.reverse();
    modules
}

fn implementation(name: &str) -> TokenStream {
    let ident = names::type_ident(name);
    quote! {
        impl ::crm_runtime::client::ProblemBody for super::types::#ident {
            fn code(&self) -> &str {
                self.code.as_str()
            }

            fn message(&self) -> &str {
                self.message.as_str()
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

/// Whether a schema has `code` and `message`, both required texts.
fn says_code(shapes: &Shapes<'_>, name: &str) -> bool {
    let Some(rules) = shapes.schemas.get(name).and_then(Schema::as_object) else {
        return false;
    };
    ["code", "message"].into_iter().all(|name| {
        rules.properties.get(name).is_some_and(|property| {
            property.required
                && matches!(shapes.resolve(&property.schema).kind, Kind::String(_))
                && !shapes.nullable(&property.schema)
        })
    })
}
