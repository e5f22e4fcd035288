//! Changes of records: the body of a PATCH with a type parameter for its fields can be made from fields, and from a
//! patch, which also clears fields.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::structure::other_ident;
use crate::document::{Method, Operation, Schema};
use crate::generate::shapes::{Shapes, references};
use crate::generate::unique::unique_values;
use crate::names;

/// The schema of an operation's changes: the body of a PATCH that has a type parameter and is not the operation's
/// answer.
pub fn changes<'d>(shapes: &Shapes<'_>, operation: &'d Operation) -> Option<&'d str> {
    if operation.method != Method::Patch {
        return None;
    }
    let content = &operation.body.as_ref()?.content;
    let name = content
        .values()
        .find_map(|media| media.schema.as_ref()?.as_ref_name())?;
    let schema = shapes.schemas.get(name)?;
    let parameter = shapes.parameter(schema)?;
    let elsewhere = schema
        .as_object()?
        .properties
        .iter()
        .any(|(key, property)| key != parameter && mentions_parameter(shapes, &property.schema));
    let answered = operation
        .responses
        .values()
        .flat_map(|response| response.schemas())
        .any(|schema| shapes.reached([schema]).contains(name));
    (!elsewhere && !answered).then_some(name)
}

fn mentions_parameter(shapes: &Shapes<'_>, schema: &Schema) -> bool {
    references(schema)
        .iter()
        .any(|name| shapes.is_generic(name))
}

/// `From` for each schema of changes, by its name: from fields, and from a patch if nothing else is required.
pub fn conversions<'d>(shapes: &Shapes<'d>) -> HashMap<&'d str, TokenStream> {
    let operations = &shapes.document.operations;
    operations
        .iter()
        .filter_map(|operation| changes(shapes, operation))
        .filter_map(|name| Some((name, conversion(shapes, name)?)))
        .collect()
}

fn conversion(shapes: &Shapes<'_>, name: &str) -> Option<TokenStream> {
    let schema = shapes.schemas.get(name)?;
    let rules = schema.as_object()?;
    let parameter = shapes.parameter(schema)?;
    let ident = names::type_ident(name);
    let idents = unique_values(rules.properties.keys().map(String::as_str), &[]);
    let other = other_ident(rules, &idents);
    let index = rules.properties.get_index_of(parameter)?;
    let (own, required) = (
        idents.get(index)?,
        rules.properties.get(parameter)?.required,
    );
    let rest: Vec<_> = idents
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != index)
        .map(|(_, ident)| ident)
        .chain(&other)
        .collect();
    let converted = match required {
        true => quote!(changes.#own.into()),
        false => quote!(changes.#own.map(::std::convert::Into::into)),
    };
    let only = rules
        .properties
        .iter()
        .all(|(key, property)| key == parameter || !property.required);
    let of_patch = only.then(|| {
        let value = match required {
            true => quote!(patch),
            false => quote!(::std::option::Option::Some(patch)),
        };
        quote! {
            impl<F> ::std::convert::From<::crm_runtime::Patch<F>> for #ident<::crm_runtime::Patch<F>> {
                fn from(patch: ::crm_runtime::Patch<F>) -> Self {
                    Self { #own: #value, #(#rest: ::std::default::Default::default(),)* }
                }
            }
        }
    });
    Some(quote! {
        impl<F> ::std::convert::From<#ident<F>> for #ident<::crm_runtime::Patch<F>> {
            fn from(changes: #ident<F>) -> Self {
                Self { #own: #converted, #(#rest: changes.#rest,)* }
            }
        }

        #of_patch
    })
}
