//! The errors of an operation: exactly its documented codes, own and implied.

use proc_macro2::TokenStream;
use quote::quote;

use super::codes::{GROUPS, variant_of};
use super::name_of;
use crate::document::{Applies, Document, ErrorCode, Operation};
use crate::generate::doc_lines;
use crate::names;

pub fn errors(document: &Document, operation: &Operation) -> TokenStream {
    let ident = name_of(operation, "Error");
    let docs = doc_lines(&format!("The error codes of `{}`.", operation.id));
    let whole = |applies: Applies| {
        let mut all = document
            .codes
            .values()
            .filter(|code| code.applies == applies)
            .peekable();
        all.peek().is_some() && all.all(|code| operation.codes.contains(&code.code))
    };
    let groups: Vec<Applies> = GROUPS
        .iter()
        .map(|(applies, ..)| *applies)
        .filter(|applies| whole(*applies))
        .collect();
    let (own, others): (Vec<&ErrorCode>, Vec<&ErrorCode>) = operation
        .codes
        .iter()
        .filter_map(|code| document.codes.get(code))
        .filter(|code| !groups.contains(&code.applies))
        .partition(|code| code.applies == Applies::Own);
    let groups = GROUPS
        .iter()
        .filter(|(applies, ..)| groups.contains(applies))
        .map(|(_, group, _)| variant_of(group));
    let variants = |codes: Vec<&ErrorCode>| {
        let variants = codes.into_iter().map(|code| names::type_ident(&code.code));
        variants.collect::<Vec<_>>()
    };
    let (own, others) = (variants(own), variants(others));
    quote! {
        crate::codes::operation_codes! {
            #docs
            pub enum #ident: #(#groups)*; #(#own)*; #(#others)*
        }
    }
}
