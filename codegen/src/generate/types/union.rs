//! `oneOf` and `anyOf`: an enum with a variant for each alternative. A discriminator selects the variant; without one,
//! the first that fits is used.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs;
use crate::document::{Discriminator, Kind, Schema};
use crate::generate::rust_type::{Place, rust_type};
use crate::generate::shapes::{Shapes, is_alias};
use crate::generate::unique::unique_types;
use crate::names;

pub fn union(
    shapes: &Shapes<'_>,
    name: &str,
    schema: &Schema,
    variants: &[Schema],
    discriminator: Option<&Discriminator>,
) -> TokenStream {
    let ident = names::type_ident(name);
    let docs = docs(schema);
    let (generics, bound) = super::generics(shapes, name);
    let idents = alternatives(name, variants);
    let held: Vec<TokenStream> = variants
        .iter()
        .map(|variant| {
            let held = rust_type(shapes, variant, Place::Types);
            if shapes.alternative_needs_box(name, variant) {
                quote!(::std::boxed::Box<#held>)
            } else {
                held
            }
        })
        .collect();
    let each = idents
        .iter()
        .zip(&held)
        .zip(variants)
        .map(|((ident, held), variant)| {
            let docs = super::docs(variant);
            quote!(#docs #ident(#held),)
        });
    let (derived, bound, read) = match discriminator {
        None => (
            quote!(::serde::Serialize, ::serde::Deserialize),
            bound,
            None,
        ),
        Some(discriminator) => {
            let read = by_discriminator(shapes, name, variants, &idents, discriminator);
            (quote!(::serde::Serialize), None, Some(read))
        }
    };
    let from = conversions(shapes, name, variants, &idents, &held);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, #derived)]
        #[serde(untagged)]
        #bound
        pub enum #ident #generics {
            #(#each)*
        }
        #read
        #from
    }
}

/// The variants of a union's enum.
pub fn alternatives(name: &str, variants: &[Schema]) -> Vec<Ident> {
    let labels: Vec<String> = variants
        .iter()
        .map(|variant| label(name, variant))
        .collect();
    unique_types(labels.iter().map(String::as_str), &[])
}

/// The name of a variant: its title, its schema's name without that of the union, or its kind.
fn label(union: &str, variant: &Schema) -> String {
    match &variant.kind {
        Kind::Ref(name) => {
            let name = names::type_name(name);
            match name.strip_prefix(&names::type_name(union)) {
                Some(rest) if rest.starts_with(|first: char| first.is_uppercase()) => {
                    rest.to_owned()
                }
                _ => name,
            }
        }
        _ if variant.title.is_some() => variant.title.clone().unwrap_or_default(),
        Kind::String(_) => "Text".to_owned(),
        Kind::Integer(_) => "Integer".to_owned(),
        Kind::Number(_) => "Number".to_owned(),
        Kind::Boolean => "Boolean".to_owned(),
        Kind::Array(_) => "List".to_owned(),
        Kind::Object(_) => "Object".to_owned(),
        Kind::Null => "Null".to_owned(),
        _ => "Value".to_owned(),
    }
}

/// Deserialising by discriminator. The property stays in the variant's own struct, so serialising needs nothing else.
fn by_discriminator(
    shapes: &Shapes<'_>,
    name: &str,
    variants: &[Schema],
    idents: &[Ident],
    discriminator: &Discriminator,
) -> TokenStream {
    let ident = names::type_ident(name);
    let property = &discriminator.property;
    let (parameter, argument) = match shapes.is_generic(name) {
        true => (
            quote!(<'de, F: ::serde::de::DeserializeOwned>),
            Some(quote!(<F>)),
        ),
        false => (quote!(<'de>), None),
    };
    let arms = discriminator.mapping.iter().filter_map(|(value, target)| {
        let index = variants.iter().position(|variant| variant.as_ref_name() == Some(target))?;
        let variant = &idents[index];
        Some(quote!(::std::option::Option::Some(#value) => ::serde_json::from_value(value).map(Self::#variant),))
    });
    let known = discriminator.mapping.keys();
    quote! {
        impl #parameter ::serde::Deserialize<'de> for #ident #argument {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: ::serde::Deserializer<'de>,
            {
                let value = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                let read = match value.get(#property).and_then(::serde_json::Value::as_str) {
                    #(#arms)*
                    ::std::option::Option::Some(unknown) => {
                        return ::std::result::Result::Err(
                            ::serde::de::Error::unknown_variant(unknown, &[#(#known),*]),
                        );
                    }
                    ::std::option::Option::None => {
                        return ::std::result::Result::Err(::serde::de::Error::missing_field(#property));
                    }
                };
                read.map_err(::serde::de::Error::custom)
            }
        }
    }
}

/// `From` for each alternative that has its own struct and occurs in the union once.
fn conversions(
    shapes: &Shapes<'_>,
    name: &str,
    variants: &[Schema],
    idents: &[Ident],
    held: &[TokenStream],
) -> TokenStream {
    let ident = names::type_ident(name);
    let parameters = shapes.is_generic(name).then(|| quote!(<F>));
    let once = |variant: &Schema| {
        let same = variants
            .iter()
            .filter(|other| other.as_ref_name() == variant.as_ref_name());
        variant.as_ref_name().is_some_and(|name| {
            let schema = shapes.schemas.get(name);
            schema.is_some_and(|schema| matches!(schema.kind, Kind::Object(_)) && !is_alias(schema))
        }) && same.count() == 1
            && !shapes.nullable(variant)
    };
    let each = variants
        .iter()
        .zip(idents)
        .zip(held)
        .filter(|((variant, _), _)| once(variant))
        .map(|((_, variant), held)| {
            quote! {
                impl #parameters ::std::convert::From<#held> for #ident #parameters {
                    fn from(value: #held) -> Self {
                        Self::#variant(value)
                    }
                }
            }
        });
    quote!(#(#each)*)
}
