//! Documented failures with bodies: an enum of an operation's failures, each with its body and headers, and of the
//! server's own refusals.

use proc_macro2::TokenStream;
use quote::quote;

use super::name_of;
use super::responses::{Success, documented, struct_name, structure};
use crate::diagnostic::Diagnostics;
use crate::document::Operation;
use crate::generate::doc_lines;
use crate::generate::shapes::Shapes;
use crate::names;

/// The error type of an operation's handler, as seen from the module `server`.
pub fn error_type(operation: &Operation) -> TokenStream {
    let module = names::value_ident(&operation.tag);
    match operation.typed_failures() {
        Some(_) => {
            let failure = name_of(operation, "Failure");
            quote!(#module::#failure)
        }
        None => {
            let error = name_of(operation, "Error");
            quote!(Problem<#module::#error>)
        }
    }
}

pub fn failures(
    shapes: &Shapes<'_>,
    operation: &Operation,
    found: &mut Diagnostics,
) -> Option<TokenStream> {
    operation.typed_failures()?;
    let versioned = shapes.document.versioned_media_type();
    let all: Vec<Success<'_>> = operation
        .failures()
        .into_iter()
        .map(|(status, response)| {
            documented(status, response, found).failed(response, versioned.as_deref())
        })
        .collect();
    let whole = name_of(operation, "Failure");
    let error = name_of(operation, "Error");
    let docs = doc_lines(&format!("How `{}` fails.", operation.id));
    let held = all.iter().filter(|failure| !failure.is_unit());
    let structs = held.clone().map(|failure| {
        let ident = struct_name(operation, failure.status);
        structure(shapes, &ident, &failure.docs, failure)
    });
    let from = held.map(|failure| {
        let (variant, held) = (failure.variant(), struct_name(operation, failure.status));
        quote! {
            impl From<#held> for #whole {
                fn from(failure: #held) -> Self {
                    Self::#variant(failure)
                }
            }
        }
    });
    let variants = all.iter().map(|failure| {
        let (docs, variant) = (&failure.docs, failure.variant());
        match failure.is_unit() {
            true => quote!(#docs #variant,),
            false => {
                let held = struct_name(operation, failure.status);
                quote!(#docs #variant(#held),)
            }
        }
    });
    let arms = all.iter().map(|failure| {
        let variant = failure.variant();
        match failure.is_unit() {
            true => {
                let status = failure.number();
                quote! {
                    Self::#variant => {
                        ::crm_runtime::server::failed(Ok(::crm_runtime::server::Answer::empty(#status)), head)
                    }
                }
            }
            false => quote! {
                Self::#variant(failure) => {
                    ::crm_runtime::server::failed(::crm_runtime::server::Reply::reply(failure), head)
                }
            },
        }
    });
    Some(quote! {
        #(#structs)*

        #docs
        #[derive(Debug)]
        pub enum #whole {
            #(#variants)*
            /// Any other failure, in the form of the server's own refusals.
            Problem(::crm_runtime::server::Problem<#error>),
        }

        #(#from)*

        impl From<::crm_runtime::server::Problem<#error>> for #whole {
            fn from(problem: ::crm_runtime::server::Problem<#error>) -> Self {
                Self::Problem(problem)
            }
        }

        impl ::crm_runtime::server::Refusal for #whole {
            fn refuse(
                self,
                head: &::crm_runtime::reexport::http::request::Parts,
            ) -> ::crm_runtime::reexport::axum::response::Response {
                match self {
                    #(#arms)*
                    Self::Problem(problem) => ::crm_runtime::server::Refusal::refuse(problem, head),
                }
            }
        }
    })
}
