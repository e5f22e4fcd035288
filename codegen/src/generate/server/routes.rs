//! The router: every path of the contract with its methods, 405 with `Allow` for the others, 404 for
//! all other paths.

use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::quote;

use super::requests::media_types;
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
    quote! {
        /// The router of this version. `handlers` is the gate and all handlers in one.
        pub fn router<H>(handlers: ::std::sync::Arc<H>) -> ::crm_runtime::reexport::axum::Router
        where
            H: ::crm_runtime::server::Gate #(+ #traits)*,
        {
            use ::crm_runtime::reexport::axum::{Router, routing::{MethodFilter, MethodRouter}};
            #[allow(unused_imports)]
            use ::crm_runtime::server::{
                gone::gone,
                serve::{handler, method_not_allowed, not_found},
            };

            Router::new() #(#each)* .fallback(not_found)
        }

        #[allow(unused_imports)]
        pub(crate) mod serve {
            use ::crm_runtime::reexport::axum::{extract::Request, response::Response};
            use ::crm_runtime::server::{BodyRule, Gate, serve::arrive};
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
            let filter = names::ident(method);
            let serve = names::value_ident(&operation.id);
            let served_by = parts.get(&operation.id).map(|parts| parts.way.served_by);
            let from = served_by
                .filter(|version| *version != major)
                .map(|version| {
                    let version = versions::module(version);
                    quote!(crate::#version::server::)
                });
            quote!(.on(MethodFilter::#filter, handler(&handlers, #from serve::#serve::<H>)))
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
            quote!(.on(MethodFilter::#filter, gone(&removed::#ident)))
        })
        .collect();
    // If no operation is left, the path counts as unknown for other methods.
    let others = match allow.is_empty() {
        true => quote!(not_found),
        false => {
            let allow = allow.join(", ");
            quote!(method_not_allowed(#allow))
        }
    };
    quote! {
        .route(#path, MethodRouter::new() #(#methods)* #(#gone)* .fallback(#others))
    }
}

/// The serving code of one operation: admits, reads, calls the handler, answers.
fn serve(operation: &Operation, handlers: &TokenStream, noted: bool) -> TokenStream {
    let ident = names::value_ident(&operation.id);
    let method = names::value_ident(&operation.name);
    let data = names::ident(&names::constant_name(&operation.id));
    let rule = match &operation.body {
        None => quote!(BodyRule::None),
        Some(body) => {
            let (media_types, versioned) = media_types(body);
            quote!(BodyRule::Content { media_types: &[#(#media_types),*], versioned: #versioned })
        }
    };
    let uses = noted.then(|| {
        quote! {
            if let Ok(success) = &result {
                let mut used = ::crm_runtime::server::UsedDeprecations::default();
                super::uses::#ident(success, &mut used);
                arrived.used(used);
            }
        }
    });
    quote! {
        pub(crate) async fn #ident<H>(handlers: ::std::sync::Arc<H>, request: Request) -> Response
        where
            H: Gate + #handlers<<H as Gate>::Context>,
        {
            let operation = &super::operations::#data;
            let mut arrived = match arrive(&*handlers, operation, #rule, request).await {
                Ok(arrived) => arrived,
                Err(refusal) => return refusal,
            };
            match super::read::#ident(&mut arrived) {
                Ok(request) => {
                    let result = #handlers::#method(&*handlers, &arrived.context, request).await;
                    #uses
                    arrived.answer(&*handlers, operation, result)
                }
                Err(problem) => arrived.refuse(&*handlers, operation, &problem),
            }
        }
    }
}
