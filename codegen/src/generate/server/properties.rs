//! The names that `?fields=` chooses from, as a constant of each type that is answered in part.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::document::{Kind, Operation, ParameterLocation, Response, Schema};
use crate::generate::shapes::{Shapes, is_alias};
use crate::names;

/// The parameter that says which properties are answered.
const FIELDS: &str = "fields";

/// A constant for each type of this version; the types in `shared` are those of a newer one, and have theirs there.
pub fn properties(shapes: &Shapes<'_>, shared: &HashSet<String>) -> TokenStream {
    let mut seen: HashSet<&str> = HashSet::new();
    let chosen = shapes
        .document
        .operations
        .iter()
        .filter(|operation| takes_fields(operation))
        .flat_map(|operation| operation.successes())
        .flat_map(|(_, response)| Response::schemas(response))
        .filter_map(|schema| one_of(shapes, schema)?.as_ref_name())
        .filter(|name| seen.insert(name) && !shared.contains(*name) && !shapes.is_generic(name));
    let each = chosen.filter_map(|name| {
        let schema = shapes
            .schemas
            .get(name)
            .filter(|schema| !is_alias(schema))?;
        let ident = names::type_ident(name);
        let properties = schema.as_object()?.properties.keys();
        Some(quote! {
            impl types::#ident {
                /// The properties, in the order of the contract: the names that `?fields=` chooses from.
                pub const PROPERTIES: &'static [&'static str] = &[#(#properties),*];
            }
        })
    });
    quote!(#(#each)*)
}

fn takes_fields(operation: &Operation) -> bool {
    operation
        .parameter(ParameterLocation::Query, FIELDS)
        .is_some()
}

/// What an answer consists of: itself, or its items where it is a page of a list.
fn one_of<'a>(shapes: &'a Shapes<'_>, schema: &'a Schema) -> Option<&'a Schema> {
    let page = shapes.resolve(schema).as_object()?.properties.get("items");
    Some(match page.map(|items| &items.schema.kind) {
        Some(Kind::Array(rules)) => &rules.items,
        _ => schema,
    })
}
