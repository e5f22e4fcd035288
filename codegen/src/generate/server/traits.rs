//! The handler traits: one per tag, a method per operation, no default bodies.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::name_of;
use crate::document::Document;
use crate::generate::doc_lines;
use crate::names;

/// The name of a tag's trait.
pub fn trait_name(tag: &str) -> Ident {
    names::ident(&format!("{}Handlers", names::type_name(tag)))
}

pub fn handlers(document: &Document, tag: &str) -> TokenStream {
    let ident = trait_name(tag);
    let module = names::value_ident(tag);
    let about = document
        .tags
        .iter()
        .find(|known| known.name == tag)
        .and_then(|tag| tag.description.as_deref());
    let docs = doc_lines(about.unwrap_or(tag));
    let methods = document.operations_of(tag).map(|operation| {
        let method = names::value_ident(&operation.name);
        let (request, response, error) = (
            name_of(operation, "Request"),
            name_of(operation, "Response"),
            name_of(operation, "Error"),
        );
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
            ) -> impl ::std::future::Future<
                Output = Result<
                    #module::#response,
                    ::crm_runtime::server::Problem<#module::#error>,
                >,
            > + Send;
        }
    });
    quote! {
        #docs
        pub trait #ident<Cx>: Send + Sync {
            #(#methods)*
        }
    }
}
