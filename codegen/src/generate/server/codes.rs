//! The error codes: all of them, the groups that many operations share, and a type for each own code of operations, so
//! that the types of shared rules name exactly their codes.

use indexmap::IndexMap;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::diagnostic::Diagnostics;
use crate::document::{Applies, Document, ErrorCode};
use crate::generate::doc_lines;
use crate::names;

/// The codes of the runtime's own refusals.
const NEEDED: &[(&str, u16, Applies)] = &[
    ("INTERNAL", 500, Applies::Every),
    ("VALIDATION_FAILED", 400, Applies::Every),
    ("MALFORMED_JSON", 400, Applies::Body),
    ("PAYLOAD_TOO_LARGE", 413, Applies::Body),
    ("UNSUPPORTED_MEDIA_TYPE", 415, Applies::Body),
];

/// The groups of implied codes, and their names.
pub const GROUPS: &[(Applies, &str, &str)] = &[
    (
        Applies::Every,
        "EveryCode",
        "Codes that every operation may answer with.",
    ),
    (
        Applies::Authenticated,
        "AuthenticatedCode",
        "Codes of operations that need a token.",
    ),
    (
        Applies::Write,
        "WriteCode",
        "Codes of operations that take an Idempotency-Key.",
    ),
    (
        Applies::Body,
        "BodyCode",
        "Codes of operations that take a body.",
    ),
];

/// The module `codes`. All versions share one list of errors: a code has the same meaning in each.
pub fn codes(versions: &[Document], found: &mut Diagnostics) -> TokenStream {
    let mut all: IndexMap<&str, &ErrorCode> = IndexMap::new();
    for document in versions {
        for (name, code) in &document.codes {
            let known = all.entry(name.as_str()).or_insert(code);
            if known.status != code.status {
                let message = format!(
                    "`{name}` comes with status {} here and {} elsewhere",
                    code.status, known.status
                );
                found.report(
                    "code-status",
                    &code.at,
                    message,
                    "give a code one status in all versions",
                );
            }
        }
        needed(document, found);
    }
    let every = enumeration(
        "Code",
        "All error codes of the contract.",
        all.values().copied(),
    );
    let groups = GROUPS.iter().map(|(applies, name, docs)| {
        let members: Vec<&ErrorCode> = all
            .values()
            .copied()
            .filter(|code| code.applies == *applies)
            .collect();
        let group = enumeration(name, docs, members.iter().copied());
        let into = into(name, "Code", members.iter().copied());
        quote!(#group #into)
    });
    let own = all
        .values()
        .filter(|code| code.applies == Applies::Own)
        .map(|code| single(code));
    let implied = implied();
    quote! {
        #every
        #(#groups)*
        #implied
        #(#own)*
    }
}

/// The variant of `ImpliedCode` that holds a group: the group's name is `EveryCode`, the variant's `Every`.
pub fn variant_of(group: &str) -> Ident {
    names::ident(group.strip_suffix("Code").unwrap_or(group))
}

/// The enumeration of all implied codes, and the conversion to an operation's own enumeration.
fn implied() -> TokenStream {
    let groups: Vec<_> = GROUPS
        .iter()
        .map(|(_, group, _)| names::ident(group))
        .collect();
    let variants: Vec<_> = GROUPS
        .iter()
        .map(|(_, group, _)| variant_of(group))
        .collect();
    quote! {
        /// An implied error code: one that operations may answer without listing it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ImpliedCode { #(#variants(#groups),)* }

        impl ::crm_runtime::server::ErrorCode for ImpliedCode {
            fn code(self) -> &'static str {
                match self { #(Self::#variants(code) => ::crm_runtime::server::ErrorCode::code(code),)* }
            }

            fn status(self) -> ::crm_runtime::reexport::http::StatusCode {
                match self { #(Self::#variants(code) => ::crm_runtime::server::ErrorCode::status(code),)* }
            }
        }

        #(impl ::std::convert::From<#groups> for ImpliedCode {
            fn from(code: #groups) -> Self {
                Self::#variants(code)
            }
        })*

        /// The error codes of one operation: its own, and those that apply to it without being listed.
        pub trait OperationCode: ::crm_runtime::server::ErrorCode + ::std::convert::From<EveryCode> {
            /// None: the code does not apply to this operation, such as a code of bodies to one without a body.
            fn implied(code: ImpliedCode) -> ::std::option::Option<Self>;
        }
    }
}

fn needed(document: &Document, found: &mut Diagnostics) {
    for (name, status, applies) in NEEDED {
        let fits = document
            .codes
            .get(*name)
            .is_some_and(|code| code.status == *status && code.applies == *applies);
        if !fits {
            let message = format!(
                "servers answer with `{name}`, which the document does not list as they do"
            );
            let mend = format!(
                "add `{name}: {{status: {status}, applies: {}}}` to `x-error-codes`",
                applies.name()
            );
            found.report("code-missing", &document.at, message, mend);
        }
    }
}

/// An enumeration of codes with their statuses.
pub fn enumeration<'c>(
    name: &str,
    docs: &str,
    codes: impl Iterator<Item = &'c ErrorCode>,
) -> TokenStream {
    let ident = names::ident(name);
    let docs = doc_lines(docs);
    let variants = codes.map(|code| {
        let variant = names::type_ident(&code.code);
        let docs = (name == "Code").then(|| doc_lines(&code.description));
        let (text, status) = (&code.code, Literal::u16_unsuffixed(code.status));
        quote!(#docs #variant = #text, #status;)
    });
    quote! {
        ::crm_runtime::error_codes! {
            #docs
            pub enum #ident { #(#variants)* }
        }
    }
}

/// The conversion of an enumeration into one that has all of its codes.
pub fn into<'c>(from: &str, to: &str, codes: impl Iterator<Item = &'c ErrorCode>) -> TokenStream {
    let (from, to) = (names::ident(from), names::ident(to));
    let variants: Vec<_> = codes.map(|code| names::type_ident(&code.code)).collect();
    if variants.is_empty() {
        return quote! {
            impl ::std::convert::From<#from> for #to {
                fn from(code: #from) -> Self {
                    match code {}
                }
            }
        };
    }
    quote! {
        impl ::std::convert::From<#from> for #to {
            fn from(code: #from) -> Self {
                match code { #(#from::#variants => Self::#variants,)* }
            }
        }
    }
}

fn single(code: &ErrorCode) -> TokenStream {
    let ident = names::type_ident(&code.code);
    let docs = doc_lines(&code.description);
    let (text, status) = (&code.code, Literal::u16_unsuffixed(code.status));
    quote! {
        ::crm_runtime::error_codes! {
            #docs
            pub struct #ident = #text, #status;
        }

        impl ::std::convert::From<#ident> for Code {
            fn from(_: #ident) -> Self {
                Self::#ident
            }
        }
    }
}
