//! The document's facts of operations as data: a static for each, and the list of all.

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::deprecations::Deprecations;
use super::requests::media_types;
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
        quote!(Requirement::new(#scheme, &[#(#scopes),*]))
    });
    let security = (!operation.security.is_empty()).then(|| quote!(.security(&[#(#security),*])));
    let permission = operation.permission.as_deref();
    let permission = permission.map(|name| quote!(.permission(#name)));
    let no_permission = operation.no_permission.as_deref();
    let no_permission = no_permission.map(|why| quote!(.no_permission(#why)));
    let key = operation
        .takes_idempotency_key()
        .then(|| quote!(.takes_idempotency_key()));
    let body = operation.body.as_ref().map(|body| {
        let (media_types, versioned) = media_types(body);
        match versioned {
            true => quote!(.versioned_body(&[#(#media_types),*])),
            false => quote!(.body(&[#(#media_types),*])),
        }
    });
    let consumers = &operation.consumers;
    let consumers = (!consumers.is_empty()).then(|| quote!(.consumers(&[#(#consumers),*])));
    let mut produces: Vec<&str> = operation
        .successes()
        .flat_map(|(_, response)| response.content.keys())
        .map(String::as_str)
        .filter(|media_type| !super::responses::is_json(media_type))
        .collect();
    produces.dedup();
    let produces = (!produces.is_empty()).then(|| quote!(.produces(&[#(#produces),*])));
    let deprecated = deprecations
        .notice(operation.deprecation.as_ref(), &operation.at)
        .map(|notice| quote!(.deprecated(#notice)));
    quote! {
        #docs
        pub static #ident: Operation = Operation::new(#id, #tag, #method, #path)
            #security #permission #no_permission #key #body #consumers #produces #deprecated;
    }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}
