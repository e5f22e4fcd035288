//! What all clients share: for each type that error answers hold, its code and message by trait.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Kind, Operation, Schema, Status};
use crate::generate::shapes::Shapes;
use crate::hoist::hoist;
use crate::names;

pub fn problems(document: &Document, found: &mut Diagnostics) -> TokenStream {
    let (hoisted, more) = hoist(document);
    found.extend(more.into_sorted());
    let mut seen_before = Diagnostics::default();
    let shapes = Shapes::new(&hoisted, &mut seen_before);
    let bodies: BTreeSet<&str> = hoisted
        .operations
        .iter()
        .flat_map(errors)
        .filter_map(Schema::as_ref_name)
        .collect();
    let each = bodies
        .into_iter()
        .filter(|name| says_code(&shapes, name))
        .map(|name| {
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
        });
    quote!(#(#each)*)
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
