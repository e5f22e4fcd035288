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
    let of_operations = of_operations(&all);
    quote! {
        #every
        #(#groups)*
        #implied
        #(#own)*
        #of_operations
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

/// The macro that defines the codes of an operation: whole groups, codes of its own, and single codes of other groups.
fn of_operations(all: &IndexMap<&str, &ErrorCode>) -> TokenStream {
    let members = |applies: Applies| -> Vec<Ident> {
        let members = all.values().filter(|code| code.applies == applies);
        members.map(|code| names::type_ident(&code.code)).collect()
    };
    let groups: Vec<_> = GROUPS
        .iter()
        .map(|(applies, group, _)| (variant_of(group), names::ident(group), members(*applies)))
        .filter(|(_, _, members)| !members.is_empty())
        .collect();
    let grow = groups.iter().map(|(variant, _, members)| {
        quote! {
            (@grow $head:tt [#variant $($more:ident)*] [$($variant:ident)*]) => {
                $crate::codes::operation_codes!(@grow $head [$($more)*] [$($variant)* #(#members)*]);
            };
        }
    });
    let from = groups.iter().map(|(variant, group, members)| {
        quote! {
            (@from #variant $name:ident) => {
                impl ::std::convert::From<$crate::codes::#group> for $name {
                    fn from(code: $crate::codes::#group) -> Self {
                        match code { #($crate::codes::#group::#members => Self::#members,)* }
                    }
                }
            };
        }
    });
    quote! {
        /// Defines the codes of an operation. After its name stand the groups that it has as a whole, then the codes of its
        /// own, then single codes of other groups.
        macro_rules! operation_codes {
            (
                $(#[$meta:meta])*
                pub enum $name:ident: $($group:ident)*; $($own:ident)*; $($other:ident)*
            ) => {
                $crate::codes::operation_codes!(
                    @grow {{$(#[$meta])*} $name [$($group)*] [$($own)*]}
                    [$($group)*]
                    [$($own)* $($other)*]
                );
            };
            #(#grow)*
            (
                @grow {{$(#[$meta:meta])*} $name:ident [$($group:ident)*] [$($own:ident)*]}
                []
                [$($variant:ident)*]
            ) => {
                $(#[$meta])*
                #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
                pub enum $name { $($variant,)* }

                impl $name {
                    /// All of them.
                    pub const ALL: &'static [Self] = &[$(Self::$variant),*];
                }

                impl ::std::convert::From<$name> for $crate::codes::Code {
                    fn from(code: $name) -> Self {
                        match code { $($name::$variant => Self::$variant,)* }
                    }
                }

                impl ::crm_runtime::server::ErrorCode for $name {
                    fn code(self) -> &'static str {
                        ::crm_runtime::server::ErrorCode::code($crate::codes::Code::from(self))
                    }

                    fn status(self) -> ::crm_runtime::reexport::http::StatusCode {
                        ::crm_runtime::server::ErrorCode::status($crate::codes::Code::from(self))
                    }
                }

                ::crm_runtime::error_codes!(@documented $name);

                $($crate::codes::operation_codes!(@from $group $name);)*

                $(
                    impl ::std::convert::From<$crate::codes::$own> for $name {
                        fn from(_: $crate::codes::$own) -> Self {
                            Self::$own
                        }
                    }
                )*

                impl $crate::codes::OperationCode for $name {
                    fn implied(code: $crate::codes::ImpliedCode) -> ::std::option::Option<Self> {
                        match code {
                            $($crate::codes::ImpliedCode::$group(code) => Some(code.into()),)*
                            #[allow(unreachable_patterns)]
                            _ => None,
                        }
                    }
                }
            };
            #(#from)*
        }
        pub(crate) use operation_codes;
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
