//! The common parts of several versions. Versions are generated from the newest to the oldest: the newer one defines
//! equal parts and the older one imports them, so the newest version is self-contained and an older one has only its
//! differences.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;
use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::server::Asked;
use crate::document::Document;

/// A version that has been written.
pub struct Version {
    pub major: u32,
    /// The types by name of the schema.
    pub types: IndexMap<String, Part>,
    /// The record types as data.
    pub records: TokenStream,
    /// The checks of requests, by name of the schema.
    pub checks: IndexMap<String, Part>,
    /// The parameters of requests, by name of their static.
    pub parameters: IndexMap<String, Part>,
    /// The operations by id.
    pub operations: IndexMap<String, OperationParts>,
}

/// The generated parts of an operation.
pub struct OperationParts {
    pub request: Part,
    /// The fields of the request.
    pub asked: Vec<Asked>,
    pub response: Part,
    pub error: Part,
    /// The version whose trait has the handler.
    pub handled_by: u32,
    /// The way from bytes to the handler and back.
    pub way: Way,
}

/// The way of an operation from bytes to its handler and back.
pub struct Way {
    /// The document's facts of the operation, as data.
    pub data: Part,
    /// The code that reads its request.
    pub read: Part,
    /// Whether deprecated parts of its answers are recorded.
    pub noted: bool,
    /// The version whose way it is: a newer one where all of it is the same there.
    pub served_by: u32,
}

impl OperationParts {
    pub fn all(&self) -> [&Part; 3] {
        [&self.request, &self.response, &self.error]
    }
}

/// Items that belong together, and a text for comparing them with another version.
pub struct Part {
    pub tokens: TokenStream,
    /// The items without their documentation.
    text: String,
    /// The schemas whose types they name.
    references: BTreeSet<String>,
}

impl Part {
    pub fn new<'n>(tokens: TokenStream, references: impl IntoIterator<Item = &'n str>) -> Self {
        Part {
            text: undocumented(tokens.clone()).to_string(),
            references: references.into_iter().map(str::to_owned).collect(),
            tokens,
        }
    }

    /// Items that lean on others: they differ where those differ.
    pub fn leaning<'n>(
        tokens: TokenStream,
        on: &TokenStream,
        references: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let both = Part::new(quote!(#tokens #on), references);
        Part { tokens, ..both }
    }

    /// Whether it is equal in another version, given the types that both share.
    pub fn is_same(&self, other: &Part, shared: &HashSet<String>) -> bool {
        self.text == other.text && self.references.iter().all(|name| shared.contains(name))
    }

    /// The schemas that it names.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(String::as_str)
    }

    /// Whether it names something of the module.
    pub fn names_module(&self, module: &str) -> bool {
        self.text.contains(&format!("{module} ::"))
    }

    /// The items by name, from where they are defined.
    pub fn named(&self, module: &TokenStream) -> TokenStream {
        let mut idents = Vec::new();
        items(self.tokens.clone(), &mut idents);
        if idents.is_empty() {
            return TokenStream::new();
        }
        quote! {
            #[allow(unused_imports)]
            pub use #module::{#(#idents),*};
        }
    }
}

/// The names of the schemas whose types are equal in both, including all that they refer to.
pub fn shared_types(
    newer: &IndexMap<String, Part>,
    older: &IndexMap<String, Part>,
) -> HashSet<String> {
    let mut shared: HashSet<String> = older
        .iter()
        .filter(|(name, part)| {
            newer
                .get(*name)
                .is_some_and(|other| other.text == part.text)
        })
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let lost: Vec<String> = older
            .iter()
            .filter(|(name, part)| {
                shared.contains(*name) && !part.references.iter().all(|name| shared.contains(name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if lost.is_empty() {
            return shared;
        }
        shared.retain(|name| !lost.contains(name));
    }
}

/// The module of a version: `v1`.
pub fn module(major: u32) -> Ident {
    format_ident!("v{major}")
}

/// The module of a document's version.
pub fn module_of(document: &Document) -> Ident {
    module(document.major)
}

/// Tokens without `#[doc = ...]`, at any depth.
fn undocumented(tokens: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inside = undocumented(group.stream());
                let is_doc = group.delimiter() == Delimiter::Bracket
                    && matches!(inside.clone().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
                    && matches!(out.last(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
                if is_doc {
                    out.pop();
                } else {
                    out.push(proc_macro2::Group::new(group.delimiter(), inside).into());
                }
            }
            // The spacing of tokens does not matter.
            TokenTree::Punct(punct) if punct.spacing() == Spacing::Alone => out.push(punct.into()),
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// The public types among the items, including those that macros define.
fn items(tokens: TokenStream, found: &mut Vec<Ident>) {
    let mut before: [Option<String>; 2] = [None, None];
    for token in tokens {
        let text = match &token {
            TokenTree::Ident(name) => {
                if let [Some(public), Some(kind)] = &before
                    && public == "pub"
                    && matches!(kind.as_str(), "struct" | "enum" | "type")
                {
                    found.push(name.clone());
                }
                Some(name.to_string())
            }
            TokenTree::Punct(punct) => Some(punct.as_char().to_string()),
            TokenTree::Group(group) => {
                if before[1].as_deref() == Some("!") {
                    items(group.stream(), found);
                }
                None
            }
            TokenTree::Literal(_) => None,
        };
        let [_, last] = before;
        before = [last, text];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(tokens: TokenStream, references: &[&str]) -> Part {
        Part::new(tokens, references.iter().copied())
    }

    #[test]
    fn documentation_is_no_difference() {
        let a = part(
            quote! { #[doc = " One."] pub struct A { #[doc = " Old."] pub b: B } },
            &[],
        );
        let b = part(quote! { #[doc = " Two."] pub struct A { pub b: B } }, &[]);
        let c = part(quote! { pub struct A { pub b: Option<B> } }, &[]);
        let none = HashSet::new();
        assert!(a.is_same(&b, &none) && !a.is_same(&c, &none));
    }

    #[test]
    fn items_are_named_wherever_they_are_defined() {
        let a = part(
            quote! {
                pub struct A<F> { pub b: B }
                ::crm_runtime::open_enum! { #[doc = " x"] pub enum r#Type { A = "a" } }
                impl A { pub fn c() {} }
                pub type D = String;
            },
            &[],
        );
        let named = a.named(&quote!(crate::v2::types)).to_string();
        assert!(
            named.ends_with("pub use crate :: v2 :: types :: { A , r#Type , D } ;"),
            "{named}"
        );
    }

    #[test]
    fn what_refers_to_a_difference_is_different() {
        let types = |leaf: TokenStream| {
            IndexMap::from([
                (
                    "A".to_owned(),
                    part(
                        quote!(
                            pub struct A(B);
                        ),
                        &["B"],
                    ),
                ),
                (
                    "B".to_owned(),
                    part(
                        quote!(
                            pub struct B(C, A);
                        ),
                        &["C", "A"],
                    ),
                ),
                ("C".to_owned(), part(leaf, &[])),
                (
                    "D".to_owned(),
                    part(
                        quote!(
                            pub struct D(D);
                        ),
                        &["D"],
                    ),
                ),
            ])
        };
        let same = types(quote!(
            pub type C = i64;
        ));
        let other = types(quote!(
            pub type C = f64;
        ));
        assert_eq!(shared_types(&same, &other), HashSet::from(["D".to_owned()]));
        assert_eq!(shared_types(&same, &same).len(), 4);
    }
}
