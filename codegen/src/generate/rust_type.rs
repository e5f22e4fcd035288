//! The Rust type that a schema has where it is used: in a field, a list, a request or an answer.

use proc_macro2::TokenStream;
use quote::quote;

use super::shapes::Shapes;
use crate::document::{Additional, Kind, Schema};
use crate::names;

/// The place where a type is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Inside of the types themselves: the type parameter is `F`.
    Types,
    /// In a request of the server: parameters have their default.
    Request,
    /// In an answer of the server: parameters are JSON that is already text.
    Answer,
}

impl Place {
    /// The name of a schema's type at this place.
    pub fn named(self, shapes: &Shapes<'_>, name: &str) -> TokenStream {
        let ident = names::type_ident(name);
        match (self, shapes.is_generic(name)) {
            (Place::Types, true) => quote!(#ident<F>),
            (Place::Types, false) => quote!(#ident),
            (Place::Answer, true) => quote!(types::#ident<::crm_runtime::RawJson>),
            (Place::Request | Place::Answer, _) => quote!(types::#ident),
        }
    }
}

/// The type of a value, an `Option` if null is valid.
pub fn rust_type(shapes: &Shapes<'_>, schema: &Schema, place: Place) -> TokenStream {
    let plain = plain_type(shapes, schema, place);
    if holds_null(shapes, schema) {
        quote!(::std::option::Option<#plain>)
    } else {
        plain
    }
}

/// Whether a schema's type needs an `Option` for null: a type for anything holds null already.
pub fn holds_null(shapes: &Shapes<'_>, schema: &Schema) -> bool {
    shapes.nullable(schema) && !is_anything(shapes, schema)
}

/// Whether every JSON value is one of the schema.
pub fn is_anything(shapes: &Shapes<'_>, schema: &Schema) -> bool {
    matches!(
        shapes.resolve(schema).kind,
        Kind::Any | Kind::Never | Kind::Null
    )
}

/// The type of a value that is not null.
pub fn plain_type(shapes: &Shapes<'_>, schema: &Schema, place: Place) -> TokenStream {
    match &schema.kind {
        Kind::Any | Kind::Never => quote!(::serde_json::Value),
        Kind::Null => quote!(()),
        Kind::Boolean => quote!(bool),
        Kind::String(_) => quote!(::std::string::String),
        Kind::Integer(_) => quote!(i64),
        Kind::Number(_) => quote!(f64),
        Kind::Array(rules) => {
            let item = rust_type(shapes, &rules.items, place);
            quote!(::std::vec::Vec<#item>)
        }
        Kind::Object(rules) => match &rules.additional {
            Additional::Schema(value) => {
                let value = rust_type(shapes, value, place);
                quote!(::std::collections::BTreeMap<::std::string::String, #value>)
            }
            _ => quote!(::crm_runtime::JsonObject),
        },
        Kind::Ref(name) => place.named(shapes, name),
        // These have names once the document is hoisted.
        Kind::OneOf { .. } | Kind::AnyOf { .. } | Kind::AllOf(_) => quote!(::serde_json::Value),
    }
}
