//! The router: every path of the contract with its methods, 405 with `Allow` for the others, 404 for
//! all other paths.

use indexmap::{IndexMap, IndexSet};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::traits::trait_path;
use crate::diagnostic::{Diagnostics, Location};
use crate::document::{Gone, Method, Operation};
use crate::generate::shapes::Shapes;
use crate::generate::versions::{self, OperationParts};
use crate::names;

pub fn routes(
    shapes: &Shapes<'_>,
    parts: &IndexMap<String, OperationParts>,
    found: &mut Diagnostics,
) -> TokenStream {
    let document = shapes.document;
    let mut paths: IndexMap<String, Path<'_>> = IndexMap::new();
    for operation in &document.operations {
        let template = template(&operation.path, &operation.at, found);
        paths
            .entry(template)
            .or_default()
            .operations
            .push(operation);
    }
    for gone in &document.gone {
        let template = template(&gone.path, &gone.at, found);
        paths.entry(template).or_default().gone.push(gone);
    }
    let each = paths
        .iter()
        .map(|(path, there)| route(path, there, document.major, parts, found));
    let each: Vec<TokenStream> = each.collect();
    let serve = document.operations.iter().filter_map(|operation| {
        let way = &parts.get(&operation.id)?.way;
        let handlers = trait_path(document, operation, parts);
        (way.served_by == document.major).then(|| serve(operation, &handlers, way.noted))
    });
    let mut traits: IndexMap<String, TokenStream> = IndexMap::new();
    for operation in &document.operations {
        let path = trait_path(document, operation, parts);
        traits.insert(
            path.to_string(),
            quote!(#path<<H as ::crm_runtime::server::Gate>::Context>),
        );
    }
    let traits = traits.values();
    // Where an operation's way is that of a newer version, seen from here.
    let newer: IndexSet<u32> = parts
        .values()
        .map(|parts| parts.way.served_by)
        .filter(|version| *version != document.major)
        .collect();
    let newer = newer.into_iter().map(|version| {
        let (alias, version) = (newer_serve(version), versions::module(version));
        quote!(use crate::#version::server::serve as #alias;)
    });
    quote! {
        /// The router of this version. `handlers` is the gate and all handlers in one.
        pub fn router<H>(handlers: ::std::sync::Arc<H>) -> ::crm_runtime::reexport::axum::Router
        where
            H: ::crm_runtime::server::Gate #(+ #traits)*,
        {
            use ::crm_runtime::reexport::axum::Router;
            #[allow(unused_imports)]
            use ::crm_runtime::reexport::axum::routing::MethodFilter;
            use ::crm_runtime::server::{route::path, serve::not_found};
            #(#newer)*
            let handlers = &handlers;

            Router::new() #(#each)* .fallback(not_found)
        }

        #[allow(unused_imports)]
        pub(crate) mod serve {
            #[allow(unused_imports)]
            use super::*;

            #(#serve)*
        }
    }
}

/// The operations of a path, and its removed ones.
#[derive(Default)]
struct Path<'d> {
    operations: Vec<&'d Operation>,
    gone: Vec<&'d Gone>,
}

/// The path for the router. Its parameters are named by position, since two templates may name the same position
/// differently.
fn template(path: &str, at: &Location, found: &mut Diagnostics) -> String {
    let mut number = 0;
    let segments = path.split('/').map(|segment| {
        let whole = segment.starts_with('{') && segment.ends_with('}') && segment.len() > 2;
        if whole {
            number += 1;
            return format!("{{p{number}}}");
        }
        if segment.contains(['{', '}', '*', ':']) {
            let message =
                format!("`{segment}` mixes text and parameter, which the router cannot tell apart");
            found.report(
                "path-template",
                at,
                message,
                "give each parameter a segment of its own",
            );
        }
        segment.to_owned()
    });
    segments.collect::<Vec<_>>().join("/")
}

fn route(
    path: &str,
    there: &Path<'_>,
    major: u32,
    parts: &IndexMap<String, OperationParts>,
    found: &mut Diagnostics,
) -> TokenStream {
    let mut allow: Vec<&str> = Vec::new();
    let methods: Vec<TokenStream> = there
        .operations
        .iter()
        .map(|operation| {
            let method = operation.method.as_str();
            if allow.contains(&method) {
                let message = format!(
                    "`{method}` stands on this path twice, its parameters named differently"
                );
                found.report("path-twice", &operation.at, message, "leave one of the two");
            }
            allow.push(method);
            if operation.method == Method::Get {
                allow.push("HEAD");
            }
            let on = names::value_ident(&method.to_ascii_lowercase());
            let serve = names::value_ident(&operation.id);
            let served_by = parts.get(&operation.id).map(|parts| parts.way.served_by);
            let module = match served_by.filter(|version| *version != major) {
                Some(version) => newer_serve(version),
                None => names::ident("serve"),
            };
            quote!(.#on(#module::#serve::<H>))
        })
        .collect();
    let mut removed: Vec<Method> = Vec::new();
    let gone: Vec<TokenStream> = there
        .gone
        .iter()
        .filter(|gone| {
            let twice = allow.contains(&gone.method.as_str()) || removed.contains(&gone.method);
            if twice {
                let message = format!("`{} {}` is there, and gone", gone.method, gone.path);
                found.report("path-twice", &gone.at, message, "leave one of the two");
            }
            removed.push(gone.method);
            !twice
        })
        .map(|entry| {
            let filter = names::ident(entry.method.as_str());
            let ident = super::gone::ident(entry);
            quote!(.gone(MethodFilter::#filter, &removed::#ident))
        })
        .collect();
    quote!(.route(#path, path(handlers) #(#methods)* #(#gone)*.end()))
}

/// What the ways of a newer version are called in the router of an older one.
fn newer_serve(version: u32) -> Ident {
    names::ident(&format!("serve_v{version}"))
}

/// The serving code of one operation: admits, reads, calls the handler, answers.
fn serve(operation: &Operation, handlers: &TokenStream, noted: bool) -> TokenStream {
    let ident = names::value_ident(&operation.id);
    let method = names::value_ident(&operation.name);
    let data = names::ident(&names::constant_name(&operation.id));
    let noting = noted.then(|| quote!(, noting super::uses::#ident));
    quote! {
        ::crm_runtime::serve! {
            #ident, super::operations::#data, super::read::#ident, #handlers => #method #noting
        }
    }
}
