//! The server of one version: for each tag its requests, responses and errors, a trait with a method
//! per operation and no default bodies, and the router that leads from bytes to handlers and back.

mod codes;
mod deprecations;
mod errors;
mod operations;
mod parameters;
mod requests;
mod responses;
mod routes;
mod traits;
mod uses;
mod validation;

use proc_macro2::TokenStream;
use quote::quote;

pub use codes::codes;
use deprecations::Deprecations;
use uses::Uses;

use super::shapes::Shapes;
use crate::diagnostic::Diagnostics;
use crate::document::Operation;
use crate::names;

/// The module `server`.
pub fn server(shapes: &Shapes<'_>, found: &mut Diagnostics) -> TokenStream {
    let document = shapes.document;
    let deprecations = Deprecations::of(shapes);
    let uses = Uses::of(shapes, &deprecations);
    let scope = Scope {
        shapes,
        deprecations: &deprecations,
        uses: &uses,
    };
    let tags = document.tags_in_use();
    let modules = tags.iter().map(|tag| {
        let operations: Vec<&Operation> = document.operations_of(tag).collect();
        module(&scope, tag, &operations, found)
    });
    let modules: Vec<TokenStream> = modules.collect();
    let statics = operations::operations(document, &deprecations);
    let traits = tags.iter().map(|tag| traits::handlers(document, tag));
    let routes = routes::routes(shapes, found);
    let checks = validation::checks(&scope, found);
    let uses = uses.module();
    let deprecations = deprecations.module();
    quote! {
        use super::types;

        #statics
        #deprecations
        #(#modules)*
        #(#traits)*
        #routes
        #checks
        #uses
    }
}

/// What the parts of a server are written from.
struct Scope<'a, 'd> {
    shapes: &'a Shapes<'d>,
    deprecations: &'a Deprecations,
    uses: &'a Uses<'a, 'd>,
}

fn module(
    scope: &Scope<'_, '_>,
    tag: &str,
    operations: &[&Operation],
    found: &mut Diagnostics,
) -> TokenStream {
    let ident = names::value_ident(tag);
    let docs = super::doc_lines(&format!("Requests, responses and errors of `{tag}`."));
    let mut items = Vec::new();
    for operation in operations {
        items.push(requests::request(scope, operation, found));
        items.push(responses::responses(scope, operation, found));
        items.push(errors::errors(scope.shapes.document, operation));
    }
    quote! {
        #docs
        pub mod #ident {
            #[allow(unused_imports)]
            use super::{checks, deprecations, types, uses};

            #(#items)*
        }
    }
}

/// The name of what belongs to an operation: `CreateRequest`, `CreateError`.
fn name_of(operation: &Operation, what: &str) -> proc_macro2::Ident {
    names::ident(&format!("{}{what}", names::type_name(&operation.name)))
}
