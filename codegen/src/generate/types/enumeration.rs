//! Enumerations of texts: open ones keep unknown values, closed ones refuse them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs;
use crate::document::Schema;
use crate::generate::unique::unique_types;
use crate::names;

/// The variants of the known texts, in order.
pub fn variants(schema: &Schema) -> Vec<Ident> {
    unique_types(schema.known_texts().into_iter(), &["Unknown"])
}

pub fn enumeration(name: &str, schema: &Schema) -> TokenStream {
    let ident = names::type_ident(name);
    let docs = docs(schema);
    let kind = match &schema.extensible {
        Some(_) => quote!(open_enum),
        None => quote!(closed_enum),
    };
    let values = schema.known_texts();
    let variants = variants(schema);
    let going = schema.deprecated_values();
    let marks = values.iter().map(|value| {
        let (_, deprecation) = going.iter().find(|(known, _)| known == value)?;
        let note = deprecation.note();
        Some(quote!(#[deprecated(note = #note)]))
    });
    let default = match (variants.as_slice(), &schema.extensible) {
        ([only], None) => Some(quote! {
            impl ::std::default::Default for #ident {
                fn default() -> Self {
                    Self::#only
                }
            }
        }),
        _ => None,
    };
    quote! {
        ::crm_runtime::#kind! {
            #docs
            pub enum #ident {
                #(#marks #variants = #values,)*
            }
        }
        #default
    }
}
