//! The server of one version: for each tag its requests, responses and errors, a trait with a method
//! per operation and no default bodies, and the router that leads from bytes to handlers and back.

mod codes;
mod errors;
mod operations;
mod parameters;
mod requests;
mod responses;
mod routes;
mod traits;
mod validation;

use proc_macro2::TokenStream;
use quote::quote;

pub use codes::codes;

use super::shapes::Shapes;
use crate::diagnostic::Diagnostics;
use crate::document::Operation;
use crate::names;

/// The module `server`.
pub fn server(shapes: &Shapes<'_>, found: &mut Diagnostics) -> TokenStream {
    let document = shapes.document;
    let tags = document.tags_in_use();
    let modules = tags.iter().map(|tag| {
        let operations: Vec<&Operation> = document.operations_of(tag).collect();
        module(shapes, tag, &operations, found)
    });
    let modules: Vec<TokenStream> = modules.collect();
    let statics = operations::operations(document);
    let traits = tags.iter().map(|tag| traits::handlers(document, tag));
    let routes = routes::routes(shapes, found);
    let checks = validation::checks(shapes, found);
    quote! {
        use super::types;

        #statics
        #(#modules)*
        #(#traits)*
        #routes
        #checks
    }
}

fn module(
    shapes: &Shapes<'_>,
    tag: &str,
    operations: &[&Operation],
    found: &mut Diagnostics,
) -> TokenStream {
    let ident = names::value_ident(tag);
    let docs = super::doc_lines(&format!("Requests, responses and errors of `{tag}`."));
    let mut items = Vec::new();
    for operation in operations {
        items.push(requests::request(shapes, operation, found));
        items.push(responses::responses(shapes, operation, found));
        items.push(errors::errors(shapes.document, operation));
    }
    quote! {
        #docs
        pub mod #ident {
            #[allow(unused_imports)]
            use super::{checks, types};

            #(#items)*
        }
    }
}

/// The name of what belongs to an operation: `CreateRequest`, `CreateError`.
fn name_of(operation: &Operation, what: &str) -> proc_macro2::Ident {
    names::ident(&format!("{}{what}", names::type_name(&operation.name)))
}
