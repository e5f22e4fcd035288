//! What the document says of each operation, as data: a static per operation, and the list of all.

use proc_macro2::TokenStream;
use quote::quote;

use crate::document::{Deprecation, Document, Operation};
use crate::generate::doc_lines;
use crate::names;

pub fn operations(document: &Document) -> TokenStream {
    let each = document
        .operations
        .iter()
        .map(|operation| one(document, operation));
    let idents = document
        .operations
        .iter()
        .map(|operation| names::ident(&names::constant_name(&operation.id)));
    quote! {
        /// The operations as data.
        pub mod operations {
            #[allow(unused_imports)]
            use ::crm_runtime::server::{Operation, Requirement};

            #(#each)*

            /// All operations, in the order of the contract.
            pub static OPERATIONS: &[&Operation] = &[#(&#idents),*];
        }
    }
}

fn one(document: &Document, operation: &Operation) -> TokenStream {
    let ident = names::ident(&names::constant_name(&operation.id));
    let docs = doc_lines(&format!("`{} {}`", operation.method, operation.path));
    let (id, tag, path) = (&operation.id, &operation.tag, &operation.path);
    let method = operation.method.as_str();
    let security = operation.security.iter().map(|requirement| {
        let (scheme, scopes) = (&requirement.scheme, &requirement.scopes);
        quote!(Requirement { scheme: #scheme, scopes: &[#(#scopes),*] })
    });
    let permission = option(operation.permission.as_deref());
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
    let deprecation = match &operation.deprecation {
        Some(deprecation) => {
            let deprecation = notice(document, deprecation);
            quote!(Some(#deprecation))
        }
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
            takes_idempotency_key: #takes_idempotency_key,
            raw_body: #raw_body,
            codes: &[#(#codes),*],
            consumers: &[#(#consumers),*],
            produces: &[#(#produces),*],
            deprecation: #deprecation,
        };
    }
}

/// A deprecation as data. A replacement that is an operation is given by its path.
pub fn notice(document: &Document, deprecation: &Deprecation) -> TokenStream {
    let number = |number: Option<i64>| match number {
        Some(number) => quote!(Some(#number)),
        None => quote!(None),
    };
    let deprecated_at = number(deprecation.deprecated_at.map(|date| date.unix_seconds()));
    let sunset = number(deprecation.sunset.map(|date| date.unix_seconds()));
    let sunset_date = option(deprecation.sunset.map(|date| date.http_date()).as_deref());
    let replacement =
        deprecation
            .replacement
            .as_deref()
            .map(|text| match document.operation(text) {
                Some(operation) => operation.path.as_str(),
                None => text,
            });
    let replacement = option(replacement);
    quote! {
        ::crm_runtime::server::Deprecation {
            deprecated_at: #deprecated_at,
            sunset: #sunset,
            sunset_date: #sunset_date,
            replacement: #replacement,
        }
    }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}
