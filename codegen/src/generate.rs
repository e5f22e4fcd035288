//! Generates Rust from documents: types, which servers and clients share, and the server. Parts that it cannot express
//! are refused with a diagnostic. The generated code is a build product and never edited.

mod client;
mod documents;
pub(crate) mod forms;
mod merge;
mod rust_type;
mod server;
mod shapes;
mod types;
mod unique;
mod versions;

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;
use versions::{Version, shared_types};

use crate::diagnostic::{Diagnostics, Location};
use crate::document::Document;
use crate::hoist::hoist;

pub use client::clients;
pub use documents::{Asset, FOLDER as DOCUMENTS_FOLDER, documents};

/// A file of generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Such as `v1_types.rs`.
    pub file: String,
    pub code: String,
}

/// The modules of a contract in all its versions, the lowest first:
///
/// | file | holds |
/// | --- | --- |
/// | `media.rs` | `MEDIA`: the versions and their media types |
/// | `codes.rs` | the error codes, one list for all versions |
/// | `v1_types.rs` | a type per schema |
/// | `v1_server.rs` | requests, responses, handler traits, the router |
///
/// A type that is equal in two versions is defined in the newer one. So is the handler of an operation whose request,
/// answers and errors are equal; if its checks are equal as well, its whole serving code is shared. The traits of an
/// older version have only the operations that differ; implementations translate them in one place.
///
/// The modules refer to each other: a crate must include `codes.rs` at `crate::codes`, and each version at `crate::v1`
/// with its `types` and its `server`.
///
/// If there are findings, do not use the modules.
pub fn contract(versions: &[Document]) -> (Vec<Module>, Diagnostics) {
    let mut found = Diagnostics::default();
    let mut modules = Vec::new();
    let mut add = |file: String, tokens: TokenStream, at: &Location, found: &mut Diagnostics| {
        modules.extend(print(file, tokens, at, found));
    };
    let mut newer: Option<Version> = None;
    for document in versions.iter().rev() {
        let (hoisted, more) = hoist(document);
        found.extend(more.into_sorted());
        let shapes = shapes::Shapes::new(&hoisted, &mut found);
        let definitions = types::definitions(&shapes);
        let shared = match &newer {
            Some(newer) => shared_types(&newer.types, &definitions),
            None => HashSet::new(),
        };
        let records = types::records(&shapes);
        let of_types = types::types(&definitions, &records, &shared, newer.as_ref());
        let (of_server, made) = server::server(&shapes, newer.as_ref(), &shared, &mut found);
        let version = versions::module_of(document);
        for (name, tokens) in [("types", of_types), ("server", of_server)] {
            let file = format!("{version}_{name}.rs");
            add(file, tokens, &document.at, &mut found);
        }
        newer = Some(Version {
            major: document.major,
            types: definitions,
            records,
            checks: made.checks,
            parameters: made.parameters,
            operations: made.operations,
        });
    }
    if let Some(first) = versions.first() {
        add(
            "media.rs".to_owned(),
            media(versions),
            &first.at,
            &mut found,
        );
        add(
            "codes.rs".to_owned(),
            server::codes(versions, &mut found),
            &first.at,
            &mut found,
        );
    }
    (modules, found)
}

/// The versions for which `Accept` may ask.
fn media(versions: &[Document]) -> TokenStream {
    let each = versions.iter().map(|document| {
        let version = document.major;
        let media_type = document
            .versioned_media_type()
            .unwrap_or_else(|| "application/json".to_owned());
        let problems = match document.problem_types() {
            Some(types) => quote!(Some(#types)),
            None => quote!(None),
        };
        quote! {
            ::crm_runtime::MediaVersion {
                version: #version,
                media_type: #media_type,
                problems: #problems,
            }
        }
    });
    quote! {
        /// The versions of the contract, the lowest first.
        pub const MEDIA: ::crm_runtime::Media = ::crm_runtime::Media { versions: &[#(#each),*] };
    }
}

/// Prints tokens as a file. A finding if they are not valid Rust, which is a bug of the generator.
fn print(
    file: String,
    tokens: TokenStream,
    at: &Location,
    found: &mut Diagnostics,
) -> Option<Module> {
    match syn::parse2(tokens) {
        Ok(parsed) => {
            let code = prettyplease::unparse(&parsed);
            Some(Module {
                file,
                code: format!(
                    "// Generated from {}; not to be edited.\n\n{code}",
                    base(&at.file)
                ),
            })
        }
        Err(error) => {
            let message = format!("the code generated for `{file}` is not Rust: {error}");
            found.report(
                "generator",
                at,
                message,
                "report this: the generator failed on a valid document",
            );
            None
        }
    }
}

fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// Documentation, line by line. Code in it is marked as text, so that doc tests do not compile it.
fn doc_lines(text: &str) -> TokenStream {
    let lines = text.trim().lines().map(|line| match line.trim_end() {
        "```" => " ```text".to_owned(),
        line => format!(" {line}"),
    });
    let mut open = false;
    let lines = lines.map(|line| {
        if line.trim_start().starts_with("```") {
            open = !open;
            if !open {
                return " ```".to_owned();
            }
        }
        line
    });
    quote!(#(#[doc = #lines])*)
}
