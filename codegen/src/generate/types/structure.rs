//! Objects: a struct with a field for each property, and a map of other properties if the object is open.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{deprecated, docs};
use crate::document::{Additional, ObjectRules, Property, Schema};
use crate::generate::rust_type::{Place, holds_null, is_anything, rust_type};
use crate::generate::shapes::{Shapes, only_text};
use crate::generate::unique::unique_values;
use crate::names;

pub fn structure(
    shapes: &Shapes<'_>,
    name: &str,
    schema: &Schema,
    rules: &ObjectRules,
) -> TokenStream {
    let ident = names::type_ident(name);
    let docs = docs(schema);
    let (generics, bound) = super::generics(shapes, name);
    let idents = unique_values(rules.properties.keys().map(String::as_str), &[]);
    let parameter = shapes.parameter(schema);
    let fields = rules
        .properties
        .iter()
        .zip(&idents)
        .map(|((key, property), ident)| {
            field(shapes, name, key, property, ident, parameter == Some(key))
        });
    let other = other(shapes, rules, &idents);
    let fields: Vec<_> = fields
        .chain(other.as_ref().map(|(_, field)| field.clone()))
        .collect();
    let (derived, written) = default(shapes, name, rules, &idents, other.map(|(ident, _)| ident));
    quote! {
        #docs
        #[derive(Clone, Debug, #derived PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #bound
        pub struct #ident #generics {
            #(#fields)*
        }
        #written
    }
}

fn field(
    shapes: &Shapes<'_>,
    holder: &str,
    key: &str,
    property: &Property,
    ident: &Ident,
    is_parameter: bool,
) -> TokenStream {
    let schema = &property.schema;
    let (docs, deprecated) = (docs(schema), deprecated(schema));
    let mut value = if is_parameter {
        quote!(F)
    } else {
        rust_type(shapes, schema, Place::Types)
    };
    if !is_parameter && shapes.needs_box(holder, schema) {
        // The `Option` for null is outside of the box.
        value = if holds_null(shapes, schema) {
            let inner = crate::generate::rust_type::plain_type(shapes, schema, Place::Types);
            quote!(::std::option::Option<::std::boxed::Box<#inner>>)
        } else {
            quote!(::std::boxed::Box<#value>)
        };
    }
    let plain = names::value_name(key);
    let rename = (plain != key || ident.to_string().trim_start_matches("r#") != key)
        .then(|| quote!(rename = #key,));
    let serde = match property.required {
        true => rename.map(|rename| quote!(#[serde(#rename)])),
        false => {
            // Null is a present value: only an absent property is the outer `None`.
            let null_is_value =
                !is_parameter && (holds_null(shapes, schema) || is_anything(shapes, schema));
            let present =
                null_is_value.then(|| quote!(deserialize_with = "::crm_runtime::present",));
            value = quote!(::std::option::Option<#value>);
            Some(
                quote!(#[serde(#rename default, #present skip_serializing_if = "::std::option::Option::is_none")]),
            )
        }
    };
    quote! {
        #docs
        #deprecated
        #serde
        pub #ident: #value,
    }
}

/// The field for unnamed properties.
fn other(
    shapes: &Shapes<'_>,
    rules: &ObjectRules,
    idents: &[Ident],
) -> Option<(Ident, TokenStream)> {
    let map = match &rules.additional {
        Additional::Allowed => quote!(::crm_runtime::JsonObject),
        Additional::Schema(value) => {
            let value = rust_type(shapes, value, Place::Types);
            quote!(::std::collections::BTreeMap<::std::string::String, #value>)
        }
        Additional::Unsaid | Additional::Refused => return None,
    };
    let ident = other_ident(rules, idents)?;
    let field = quote! {
        /// Properties that the contract does not name.
        #[serde(flatten)]
        pub #ident: #map,
    };
    Some((ident, field))
}

/// The name of that field.
pub fn other_ident(rules: &ObjectRules, idents: &[Ident]) -> Option<Ident> {
    if matches!(rules.additional, Additional::Unsaid | Additional::Refused) {
        return None;
    }
    let mut name = "other".to_owned();
    while idents.iter().any(|ident| *ident == name) {
        name.push('_');
    }
    Some(names::ident(&name))
}

/// `Default`: derived if every field has one, written if a field allows only one value.
fn default(
    shapes: &Shapes<'_>,
    name: &str,
    rules: &ObjectRules,
    idents: &[Ident],
    other: Option<Ident>,
) -> (Option<TokenStream>, Option<TokenStream>) {
    if !shapes.has_default(name) {
        return (None, None);
    }
    let constant =
        |property: &Property| match property.required && property.schema.as_ref_name().is_none() {
            true => only_text(&property.schema).map(str::to_owned),
            false => None,
        };
    if !rules
        .properties
        .values()
        .any(|property| constant(property).is_some())
    {
        return (Some(quote!(Default,)), None);
    }
    let values = rules
        .properties
        .values()
        .zip(idents)
        .map(|(property, ident)| match constant(property) {
            Some(text) => quote!(#ident: #text.to_owned(),),
            None => quote!(#ident: ::std::default::Default::default(),),
        });
    let other = other.map(|ident| quote!(#ident: ::std::default::Default::default(),));
    let ident = names::type_ident(name);
    let (parameter, argument) = match shapes.is_generic(name) {
        true => (
            Some(quote!(<F: ::std::default::Default>)),
            Some(quote!(<F>)),
        ),
        false => (None, None),
    };
    let written = quote! {
        impl #parameter ::std::default::Default for #ident #argument {
            fn default() -> Self {
                Self { #(#values)* #other }
            }
        }
    };
    (None, Some(written))
}
