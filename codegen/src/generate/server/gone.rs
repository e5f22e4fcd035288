//! Removed operations as data: a static for each entry of `x-gone`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::deprecations::notice;
use crate::document::{Document, Gone};
use crate::names;

/// The module `removed`.
pub fn removed(document: &Document) -> TokenStream {
    let each = document.gone.iter().map(|gone| one(document, gone));
    let idents = document.gone.iter().map(ident);
    quote! {
        /// The removed operations of the contract.
        pub mod removed {
            #[allow(unused_imports)]
            use ::crm_runtime::server::{DeprecatedKind, Deprecation, Gone};

            #(#each)*

            /// All of it, in the order of the contract.
            pub static REMOVED: &[&Gone] = &[#(&#idents),*];
        }
    }
}

/// The static of an entry.
pub fn ident(gone: &Gone) -> Ident {
    names::ident(&names::constant_name(&gone.operation))
}

fn one(document: &Document, gone: &Gone) -> TokenStream {
    let ident = ident(gone);
    let title = format!("{} {}", gone.method, gone.path);
    let docs = format!(" `{title}`");
    let (operation, method, path) = (&gone.operation, gone.method.as_str(), &gone.path);
    let successor = gone
        .deprecation
        .replacement
        .as_deref()
        .and_then(|id| document.operation(id));
    let deprecation = notice(
        document,
        &gone.at.pointer,
        "Operation",
        &title,
        Some(&gone.operation),
        successor.map(|there| there.path.as_str()),
        &gone.deprecation,
    );
    quote! {
        #[doc = #docs]
        pub static #ident: Gone = Gone {
            operation: #operation,
            method: #method,
            path: #path,
            deprecation: &#deprecation,
        };
    }
}
