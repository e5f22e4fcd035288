//! The handler traits: one per tag, a method per operation, no default bodies.

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{failures, name_of};
use crate::document::{Document, Operation};
use crate::generate::doc_lines;
use crate::generate::versions::{self, OperationParts};
use crate::names;

/// The name of a tag's trait.
pub fn trait_name(tag: &str) -> Ident {
    names::ident(&format!("{}Handlers", names::type_name(tag)))
}

/// The trait with an operation's handler, as seen from the module `server`.
pub fn trait_path(
    document: &Document,
    operation: &Operation,
    parts: &IndexMap<String, OperationParts>,
) -> TokenStream {
    let ident = trait_name(&operation.tag);
    match parts.get(&operation.id).map(|parts| parts.handled_by) {
        Some(major) if major != document.major => {
            let version = versions::module(major);
            quote!(crate::#version::server::#ident)
        }
        _ => quote!(self::#ident),
    }
}

/// The trait of a tag. None if a newer version handles all of its operations.
pub fn handlers(
    document: &Document,
    tag: &str,
    parts: &IndexMap<String, OperationParts>,
) -> Option<TokenStream> {
    let ident = trait_name(tag);
    let module = names::value_ident(tag);
    let about = document
        .tags
        .iter()
        .find(|known| known.name == tag)
        .and_then(|tag| tag.description.as_deref());
    let docs = doc_lines(about.unwrap_or(tag));
    let own = |operation: &&Operation| {
        let parts = parts.get(&operation.id);
        parts.is_none_or(|parts| parts.handled_by == document.major)
    };
    let operations: Vec<&Operation> = document.operations_of(tag).filter(own).collect();
    if operations.is_empty() {
        return None;
    }
    let methods = operations.into_iter().map(|operation| {
        let method = names::value_ident(&operation.name);
        let (request, response) = (
            name_of(operation, "Request"),
            name_of(operation, "Response"),
        );
        let error = failures::error_type(operation);
        let summary = operation.summary.as_deref().unwrap_or(&operation.id);
        let docs = doc_lines(&format!(
            "`{} {}`: {summary}.",
            operation.method, operation.path
        ));
        quote! {
            #docs
            fn #method(
                &self,
                cx: &Cx,
                request: #module::#request,
            ) -> impl Future<Output = Result<#module::#response, #error>> + Send;
        }
    });
    Some(quote! {
        #docs
        pub trait #ident<Cx>: Send + Sync {
            #(#methods)*
        }
    })
}
