//! The errors of an operation: exactly its documented codes, own and implied.

use proc_macro2::TokenStream;
use quote::quote;

use super::codes::{GROUPS, enumeration, variant_of};
use super::name_of;
use crate::document::{Applies, Document, ErrorCode, Operation};
use crate::names;

pub fn errors(document: &Document, operation: &Operation) -> TokenStream {
    let ident = name_of(operation, "Error");
    let codes: Vec<&ErrorCode> = operation
        .codes
        .iter()
        .filter_map(|code| document.codes.get(code))
        .collect();
    let docs = format!("The error codes of `{}`.", operation.id);
    let enumeration = enumeration(&ident.to_string(), &docs, codes.iter().copied());
    let held = |applies: Applies| -> Option<Vec<&ErrorCode>> {
        let all: Vec<&ErrorCode> = document
            .codes
            .values()
            .filter(|code| code.applies == applies)
            .collect();
        let holds_all = all.iter().all(|code| operation.codes.contains(&code.code));
        (!all.is_empty() && holds_all).then_some(all)
    };
    let groups = GROUPS.iter().filter_map(|(applies, group, _)| {
        let all = held(*applies)?;
        let group = names::ident(group);
        let variants: Vec<_> = all
            .iter()
            .map(|code| names::type_ident(&code.code))
            .collect();
        Some(quote! {
            impl From<crate::codes::#group> for #ident {
                fn from(code: crate::codes::#group) -> Self {
                    match code { #(crate::codes::#group::#variants => Self::#variants,)* }
                }
            }
        })
    });
    let own = codes
        .iter()
        .filter(|code| code.applies == Applies::Own)
        .map(|code| {
            let code = names::type_ident(&code.code);
            quote! {
                impl From<crate::codes::#code> for #ident {
                    fn from(_: crate::codes::#code) -> Self {
                        Self::#code
                    }
                }
            }
        });
    let implied = GROUPS.iter().map(|(applies, group, _)| {
        let variant = variant_of(group);
        match held(*applies) {
            Some(_) => quote!(crate::codes::ImpliedCode::#variant(code) => Some(code.into()),),
            None => quote!(crate::codes::ImpliedCode::#variant(_) => None,),
        }
    });
    quote! {
        #enumeration
        #(#groups)*
        #(#own)*
        impl crate::codes::OperationCode for #ident {
            fn implied(code: crate::codes::ImpliedCode) -> Option<Self> {
                match code { #(#implied)* }
            }
        }
    }
}
