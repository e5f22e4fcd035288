//! Documented failures of calls: an enum per operation, read by the status of the answer.

use proc_macro2::TokenStream;
use quote::quote;

use super::calls::Call;
use crate::document::{Operation, Response, Status};
use crate::generate::doc_lines;
use crate::generate::rust_type::{Place, rust_type};
use crate::generate::shapes::Shapes;
use crate::hoist::status_name;
use crate::lower::is_json;
use crate::names;

/// The module `failures`, if there are any.
pub fn failures(calls: &[Call<'_>], shapes: &Shapes<'_>) -> Option<TokenStream> {
    let all: Vec<TokenStream> = calls
        .iter()
        .filter_map(|call| failure(call.operation, shapes))
        .collect();
    (!all.is_empty()).then(|| {
        quote! {
            /// The documented failures of calls, by status.
            pub mod failures {
                use super::types;
                use ::crm_runtime::client::{FailureBody, read_as, refusal};
                use ::crm_runtime::reexport::bytes::Bytes;

                #(#all)*
            }
        }
    })
}

fn failure(operation: &Operation, shapes: &Shapes<'_>) -> Option<TokenStream> {
    let problem = names::type_ident(operation.typed_failures()?);
    let ident = names::type_ident(&format!("{}Failure", names::type_name(&operation.id)));
    let docs = doc_lines(&format!(
        "How `{} {}` fails.",
        operation.method, operation.path
    ));
    let all = operation.failures();
    let variants = all.iter().map(|(status, response)| {
        let variant = names::ident(&status_name(*status));
        let held = held(response, shapes).unwrap_or_else(|| quote!(Bytes));
        let docs = doc_lines(&format!("{status}: {}", response.description));
        quote!(#docs #variant(#held),)
    });
    let arms = all.iter().map(|(status, response)| {
        let variant = names::ident(&status_name(*status));
        let statuses = match status {
            Status::Code(number) => quote!(#number),
            Status::Range(digit) => {
                let (first, last) = (u16::from(*digit) * 100, u16::from(*digit) * 100 + 99);
                quote!(#first..=#last)
            }
            Status::Default => quote!(_),
        };
        match held(response, shapes) {
            Some(_) => quote!(#statuses => read_as(body, Self::#variant, Self::Other),),
            None => quote!(#statuses => Self::#variant(body),),
        }
    });
    let has_default = all.iter().any(|(status, _)| *status == Status::Default);
    let others = (!has_default).then(|| quote!(_ => Self::Other(body),));
    Some(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub enum #ident {
            #(#variants)*
            /// A generated server's own refusal, with any status.
            Problem(types::#problem),
            /// The bytes of an undocumented answer.
            Other(Bytes),
        }

        impl FailureBody for #ident {
            fn read(status: u16, body: Bytes) -> Self {
                if let Some(problem) = refusal(&body) {
                    return Self::Problem(problem);
                }
                match status { #(#arms)* #others }
            }
        }
    })
}

/// The type of a failure's body. None for raw bytes and for undocumented bodies.
fn held(response: &Response, shapes: &Shapes<'_>) -> Option<TokenStream> {
    let (_, media) = response
        .content
        .iter()
        .find(|(media_type, _)| is_json(media_type))?;
    Some(rust_type(shapes, media.schema.as_ref()?, Place::Request))
}
