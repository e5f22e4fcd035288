//! Enumerations of texts: open ones keep what they do not know, closed ones refuse it.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use crate::document::Schema;
use crate::generate::unique::unique_types;
use crate::names;

pub fn enumeration(name: &str, schema: &Schema) -> TokenStream {
    let ident = names::type_ident(name);
    let docs = docs(schema);
    let (kind, values) = match &schema.extensible {
        Some(values) => (
            quote!(open_enum),
            values.iter().map(String::as_str).collect::<Vec<_>>(),
        ),
        None => (
            quote!(closed_enum),
            schema.string_enum().unwrap_or_default(),
        ),
    };
    let variants = unique_types(values.iter().copied(), &["Unknown"]);
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
                #(#variants = #values,)*
            }
        }
        #default
    }
}
