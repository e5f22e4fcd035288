//! One Rust type for each named schema. Servers and clients share them, so they have no bounds: the server checks those
//! on requests, and a client never refuses an answer because a bound was loosened.

mod alias;
mod changes;
mod enumeration;
mod records;
mod structure;
mod union;

pub use changes::changes;
pub use enumeration::variants;
pub use structure::other_ident;
pub use union::alternatives;

use std::collections::HashSet;

use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::quote;

use super::shapes::{Shapes, is_alias, references};
use super::versions::{self, Part, Version};
use crate::document::{Kind, Schema};

/// The types of a version by the names of their schemas, each with its items.
pub fn definitions(shapes: &Shapes<'_>) -> IndexMap<String, Part> {
    let mut changes = changes::conversions(shapes);
    let mut records = records::implementations(shapes);
    let define = |(name, schema): (&String, &Schema)| {
        let of_type = one(shapes, name, schema);
        let (changes, records) = (changes.remove(name.as_str()), records.remove(name.as_str()));
        let part = Part::new(quote!(#of_type #changes #records), references(schema));
        (name.clone(), part)
    };
    shapes.schemas.iter().map(define).collect()
}

/// The record types of a version as data.
pub fn records(shapes: &Shapes<'_>) -> TokenStream {
    records::data(shapes)
}

/// The module `types`. A newer version defines the shared types.
pub fn types(
    definitions: &IndexMap<String, Part>,
    records: &TokenStream,
    shared: &HashSet<String>,
    newer: Option<&Version>,
) -> TokenStream {
    let module = newer.map(|newer| {
        let version = versions::module(newer.major);
        quote!(crate::#version::types)
    });
    let each = definitions.iter().map(|(name, part)| match &module {
        Some(module) if shared.contains(name) => part.named(module),
        _ => part.tokens.clone(),
    });
    let same = newer.filter(|newer| newer.records.to_string() == records.to_string());
    let records = match (&module, same) {
        (Some(module), Some(_)) if !records.is_empty() => quote!(pub use #module::RECORD_TYPES;),
        _ => records.clone(),
    };
    quote!(#(#each)* #records)
}

fn one(shapes: &Shapes<'_>, name: &str, schema: &Schema) -> TokenStream {
    match &schema.kind {
        Kind::OneOf {
            variants,
            discriminator,
        }
        | Kind::AnyOf {
            variants,
            discriminator,
        } => union::union(shapes, name, schema, variants, discriminator.as_ref()),
        Kind::Object(rules) if !is_alias(schema) => {
            structure::structure(shapes, name, schema, rules)
        }
        Kind::String(_) if !is_alias(schema) => enumeration::enumeration(name, schema),
        _ => alias::alias(shapes, name, schema),
    }
}

/// The type parameter of a generic type, and its bound for deserialising: the one that serde would infer is too strict.
fn generics(shapes: &Shapes<'_>, name: &str) -> (Option<TokenStream>, Option<TokenStream>) {
    if !shapes.is_generic(name) {
        return (None, None);
    }
    let bound = quote!(#[serde(bound(deserialize = "F: ::serde::de::DeserializeOwned"))]);
    (Some(quote!(<F = ::crm_runtime::JsonObject>)), Some(bound))
}

/// The attribute `deprecated`, with which the compiler warns users.
fn deprecated(schema: &Schema) -> Option<TokenStream> {
    let note = schema.deprecation.as_ref()?.note();
    Some(quote!(#[deprecated(note = #note)]))
}

/// The description of a schema as documentation.
fn docs(schema: &Schema) -> TokenStream {
    let mut text = schema
        .description
        .clone()
        .or_else(|| schema.title.clone())
        .unwrap_or_default();
    if let Some(deprecation) = &schema.deprecation {
        text.push_str("\n\nDeprecated.");
        if let Some(replacement) = &deprecation.replacement {
            text.push_str(&format!(" Use {replacement} instead."));
        }
    }
    super::doc_lines(&text)
}
