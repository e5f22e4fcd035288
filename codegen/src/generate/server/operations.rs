//! The document's facts of operations as data: a static for each, and the list of all.

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::deprecations::Deprecations;
use crate::document::{Document, Operation};
use crate::generate::doc_lines;
use crate::generate::versions::{self, OperationParts};
use crate::names;

/// The module `operations`. Statics that are equal in a newer version are imported from there.
pub fn module(document: &Document, parts: &IndexMap<String, OperationParts>) -> TokenStream {
    let each = document.operations.iter().filter_map(|operation| {
        let way = &parts.get(&operation.id)?.way;
        let ident = ident(operation);
        Some(match way.served_by == document.major {
            true => way.data.tokens.clone(),
            false => {
                let version = versions::module(way.served_by);
                quote!(pub use crate::#version::server::operations::#ident;)
            }
        })
    });
    let idents = document.operations.iter().map(ident);
    let permissions = document.permissions().into_iter().map(|permission| {
        let (name, scope) = (permission.name, option(permission.scope));
        quote!(Permission { name: #name, scope: #scope })
    });
    quote! {
        /// The operations as data.
        pub mod operations {
            #[allow(unused_imports)]
            use super::deprecations;
            #[allow(unused_imports)]
            use ::crm_runtime::server::{Operation, Permission, Requirement};

            #(#each)*

            /// All operations, in the order of the contract.
            pub static OPERATIONS: &[&Operation] = &[#(&#idents),*];

            /// The permissions of operations, in the order of the contract.
            pub static PERMISSIONS: &[Permission] = &[#(#permissions),*];
        }
    }
}

fn ident(operation: &Operation) -> Ident {
    names::ident(&names::constant_name(&operation.id))
}

/// The static of an operation.
pub fn one(operation: &Operation, deprecations: &Deprecations) -> TokenStream {
    let ident = ident(operation);
    let docs = doc_lines(&format!("`{} {}`", operation.method, operation.path));
    let (id, tag, path) = (&operation.id, &operation.tag, &operation.path);
    let method = operation.method.as_str();
    let security = operation.security.iter().map(|requirement| {
        let (scheme, scopes) = (&requirement.scheme, &requirement.scopes);
        quote!(Requirement { scheme: #scheme, scopes: &[#(#scopes),*] })
    });
    let permission = option(operation.permission.as_deref());
    let no_permission = option(operation.no_permission.as_deref());
    let takes_idempotency_key = operation.takes_idempotency_key();
    let raw_body = operation.raw_body;
    let mut codes: Vec<&str> = operation.codes.iter().map(String::as_str).collect();
    codes.sort_unstable();
    let consumers = &operation.consumers;
    let mut produces: Vec<&str> = operation
        .successes()
        .flat_map(|(_, response)| response.content.keys())
        .map(String::as_str)
        .filter(|media_type| !super::responses::is_json(media_type))
        .collect();
    produces.dedup();
    let deprecation = match deprecations.notice(operation.deprecation.as_ref(), &operation.at) {
        Some(notice) => quote!(Some(#notice)),
        None => quote!(None),
    };
    quote! {
        #docs
        pub static #ident: Operation = Operation {
            id: #id,
            tag: #tag,
            method: #method,
            path: #path,
            security: &[#(#security),*],
            permission: #permission,
            no_permission: #no_permission,
            takes_idempotency_key: #takes_idempotency_key,
            raw_body: #raw_body,
            codes: &[#(#codes),*],
            consumers: &[#(#consumers),*],
            produces: &[#(#produces),*],
            deprecation: #deprecation,
        };
    }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}
