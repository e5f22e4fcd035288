//! The request of an older version as the request of the newer one, wherever nothing is asked that a default does not
//! answer. What differs in another way is translated by hand.

use std::collections::HashSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::requests::{self, Field};
use super::{name_of, parameters};
use crate::document::{Operation, Parameter};
use crate::generate::shapes::{Shapes, references};
use crate::generate::versions::Part;
use crate::names;

/// A field of a request.
pub struct Asked {
    /// What it is in the document: `query limit`, `body`.
    key: String,
    ident: Ident,
    /// Its type.
    held: Part,
    /// Its value in a request that does not have it.
    absent: Option<TokenStream>,
}

/// The fields of an operation's request.
pub fn asked(shapes: &Shapes<'_>, operation: &Operation) -> Vec<Asked> {
    let each = requests::all_fields(shapes, operation).into_iter();
    let asked = each.map(|Field { of, ident, held }| {
        let (key, schema, absent) = match of {
            Some(parameter) => (
                format!("{} {}", parameter.location, parameter.name),
                Some(&parameter.schema),
                absent(shapes, parameter, &held),
            ),
            None => (
                "body".to_owned(),
                requests::body_schema(operation),
                requests::is_optional_body(operation).then(|| quote!(None)),
            ),
        };
        let named = schema.into_iter().flat_map(references);
        Asked {
            key,
            ident,
            held: Part::new(held, named),
            absent,
        }
    });
    asked.collect()
}

fn absent(shapes: &Shapes<'_>, parameter: &Parameter, held: &TokenStream) -> Option<TokenStream> {
    let Some(default) = parameters::default(shapes, parameter) else {
        return (!parameter.required).then(|| quote!(None));
    };
    let is_text = held.to_string() == quote!(::std::string::String).to_string();
    match serde_json::from_str(&default).ok()? {
        Value::Bool(value) => Some(quote!(#value)),
        Value::Number(number) => number.as_i64().map(|number| {
            let number = Literal::i64_unsuffixed(number);
            quote!(#number)
        }),
        Value::String(text) if is_text => Some(quote!(#text.to_owned())),
        _ => None,
    }
}

/// The way from the older request to the newer one, which is of `server`. None: it cannot be derived.
pub fn translation(
    operation: &Operation,
    older: &[Asked],
    newer: &[Asked],
    server: &TokenStream,
    shared: &HashSet<String>,
) -> Option<TokenStream> {
    let is_kept = |field: &Asked| {
        let there = newer.iter().find(|other| other.key == field.key);
        there.is_some_and(|there| field.held.is_same(&there.held, shared))
    };
    if !older.iter().all(is_kept) {
        return None;
    }
    let values = newer.iter().map(|field| {
        let ident = &field.ident;
        match older.iter().find(|other| other.key == field.key) {
            Some(Asked { ident: from, .. }) => Some(quote!(#ident: request.#from,)),
            None => field.absent.as_ref().map(|value| quote!(#ident: #value,)),
        }
    });
    let values: Vec<TokenStream> = values.collect::<Option<_>>()?;
    let (module, request) = (
        names::value_ident(&operation.tag),
        name_of(operation, "Request"),
    );
    Some(quote! {
        impl From<#request> for #server::#module::#request {
            #[allow(unused_variables)]
            fn from(request: #request) -> Self {
                Self { #(#values)* }
            }
        }
    })
}
