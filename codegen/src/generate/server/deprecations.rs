//! Deprecations as data: one static for each deprecated operation, parameter, property, header and value of an
//! enumeration, with its `Link`.

use indexmap::IndexMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::diagnostic::Location;
use crate::document::{Deprecation, Document, Operation, Schema};
use crate::generate::shapes::Shapes;
use crate::generate::unique::unique_constants;
use crate::names;

/// The extension of `info` with the address at which a server publishes the document.
const PUBLISHED_AT: &str = "x-published-at";

/// Characters that are escaped in the value of a header's parameter (RFC 8187).
const PARAMETER: AsciiSet = keep(NON_ALPHANUMERIC.remove(b'-'), b"._~!$&+^`|");
/// Characters that are escaped in a fragment (RFC 3986).
const FRAGMENT: AsciiSet = keep(NON_ALPHANUMERIC.remove(b'-'), b"._~!$&'()*+,;=:@/?");
/// The same for a whole address, which may contain escapes already.
const URL: AsciiSet = keep(FRAGMENT, b"%[]");

const fn keep(mut set: AsciiSet, kept: &[u8]) -> AsciiSet {
    let mut at = 0;
    while at < kept.len() {
        set = set.remove(kept[at]);
        at += 1;
    }
    set
}

/// One deprecated thing of the document.
struct Thing<'d> {
    /// The base of its static's name.
    label: String,
    /// The variant of `DeprecatedKind`.
    kind: &'static str,
    /// The title for people.
    title: String,
    /// The deprecated operation, or the only operation with the thing.
    operation: Option<&'d str>,
    /// The path of its replacement, for an operation.
    successor: Option<&'d str>,
    deprecation: Deprecation,
}

/// The deprecated things of a document, by their place in it.
pub struct Deprecations {
    idents: IndexMap<String, Ident>,
    statics: TokenStream,
}

impl Deprecations {
    pub fn of(shapes: &Shapes<'_>) -> Self {
        let things = collect(shapes);
        let idents = unique_constants(things.values().map(|thing| thing.label.as_str()));
        let each = things
            .iter()
            .zip(&idents)
            .map(|((element, thing), ident)| one(shapes.document, element, thing, ident));
        let statics = quote! {
            /// The deprecated things of the contract.
            pub mod deprecations {
                #[allow(unused_imports)]
                use ::crm_runtime::server::{DeprecatedKind, Deprecation};

                #(#each)*

                /// All of it, in the order of the contract.
                pub static DEPRECATIONS: &[&Deprecation] = &[#(&#idents),*];
            }
        };
        let idents = things.into_keys().zip(idents).collect();
        Self { idents, statics }
    }

    /// The module `deprecations`.
    pub fn module(&self) -> &TokenStream {
        &self.statics
    }

    /// The static of a thing, for code with the module `deprecations` in scope.
    pub fn notice(&self, deprecation: Option<&Deprecation>, at: &Location) -> Option<TokenStream> {
        deprecation?;
        let ident = self.idents.get(&at.pointer)?;
        Some(quote!(&deprecations::#ident))
    }

    /// The deprecated values of an enumeration, each with its static.
    pub fn values<'s>(&self, schema: &'s Schema) -> Vec<(&'s str, TokenStream)> {
        let notice = |value: &str| {
            let ident = self.idents.get(&element_of(schema, value))?;
            Some(quote!(&deprecations::#ident))
        };
        let values = schema.deprecated_values().into_iter();
        values
            .filter_map(|(value, _)| Some((value, notice(value)?)))
            .collect()
    }
}

/// The place of a value's notice.
fn element_of(schema: &Schema, value: &str) -> String {
    let value = crate::source::escape(value);
    format!("{}/x-deprecated-values/{value}", schema.at.pointer)
}

fn published_at(document: &Document) -> Option<&str> {
    document.source.get("info")?.get(PUBLISHED_AT)?.as_str()
}

fn collect<'d>(shapes: &'d Shapes<'d>) -> IndexMap<String, Thing<'d>> {
    let document = shapes.document;
    let mut things: IndexMap<String, Thing<'d>> = IndexMap::new();
    let mut add = |at: &str,
                   deprecation: Option<&Deprecation>,
                   kind: &'static str,
                   label: String,
                   title: String,
                   operation: Option<&'d str>,
                   successor: Option<&'d str>| {
        if let Some(deprecation) = deprecation {
            things.entry(at.to_owned()).or_insert(Thing {
                kind,
                label,
                title,
                operation,
                successor,
                deprecation: deprecation.clone(),
            });
        }
    };
    for operation in &document.operations {
        let replacement = operation
            .deprecation
            .as_ref()
            .and_then(|deprecation| document.operation(deprecation.replacement.as_deref()?));
        let successor = replacement
            .map(|replacement| replacement.path.as_str())
            .filter(|path| *path != operation.path);
        let title = format!("{} {}", operation.method, operation.path);
        add(
            &operation.at.pointer,
            operation.deprecation.as_ref(),
            "Operation",
            operation.id.clone(),
            title,
            Some(&operation.id),
            successor,
        );
        for parameter in &operation.parameters {
            let owner = alone(operation, &parameter.at);
            let label = format!("{} {}", owner.unwrap_or("parameter"), parameter.name);
            let title = format!("{} parameter {}", parameter.location, parameter.name);
            add(
                &parameter.at.pointer,
                parameter.deprecation.as_ref(),
                "Parameter",
                label,
                title,
                owner,
                None,
            );
        }
        for (name, header) in operation
            .responses
            .values()
            .flat_map(|response| &response.headers)
        {
            let owner = alone(operation, &header.at);
            add(
                &header.at.pointer,
                header.deprecation.as_ref(),
                "Header",
                format!("{} {name}", owner.unwrap_or("header")),
                format!("header {name}"),
                owner,
                None,
            );
        }
    }
    for (holder, schema) in &shapes.schemas {
        for (name, property) in properties(schema) {
            add(
                &property.at.pointer,
                property.deprecation.as_ref(),
                "Property",
                format!("{holder} {name}"),
                format!("property {name}"),
                None,
                None,
            );
        }
        for (value, deprecation) in schema.deprecated_values() {
            add(
                &element_of(schema, value),
                Some(&deprecation),
                "Value",
                format!("{holder} {value}"),
                format!("value {value} of {holder}"),
                None,
                None,
            );
        }
    }
    things
}

/// The operation if the thing is inside it; other operations may use things elsewhere too.
fn alone<'d>(operation: &'d Operation, at: &Location) -> Option<&'d str> {
    let inside = at.pointer.starts_with(&operation.at.pointer);
    inside.then_some(operation.id.as_str())
}

/// The properties of a schema; in a hoisted document they are not nested deeper.
pub fn properties(schema: &Schema) -> impl Iterator<Item = (&str, &Schema)> {
    schema
        .as_object()
        .into_iter()
        .flat_map(|rules| &rules.properties)
        .map(|(name, property)| (name.as_str(), &property.schema))
}

fn one(document: &Document, element: &str, thing: &Thing<'_>, ident: &Ident) -> TokenStream {
    let docs = format!(" {}", thing.title);
    let notice = notice(
        document,
        element,
        thing.kind,
        &thing.title,
        thing.operation,
        thing.successor,
        &thing.deprecation,
    );
    quote! {
        #[doc = #docs]
        pub static #ident: Deprecation = #notice;
    }
}

/// A `Deprecation` as an expression.
pub fn notice(
    document: &Document,
    element: &str,
    kind: &str,
    title: &str,
    operation: Option<&str>,
    successor: Option<&str>,
    deprecation: &Deprecation,
) -> TokenStream {
    let deprecated_at = option(deprecation.deprecated_at.map(|date| date.unix_seconds()));
    let sunset = option(deprecation.sunset.map(|date| date.unix_seconds()));
    let sunset_date = option(deprecation.sunset.map(|date| date.http_date()));
    let replaced_by = deprecation
        .replacement
        .as_deref()
        .and_then(|id| document.operation(id));
    let replacement = match (replaced_by, deprecation.replacement.as_deref()) {
        (Some(operation), _) => Some(format!("{} {}", operation.method, operation.path)),
        (None, text) => text.map(str::to_owned),
    };
    let told = match &replacement {
        Some(instead) => format!("{title}; use {instead}"),
        None => title.to_owned(),
    };
    let link = option(published_at(document).map(|url| link(url, element, &told)));
    let (replacement, successor) = (option(replacement), option(successor));
    let kind = names::ident(kind);
    let version = document.major;
    let operation = option(operation);
    quote! {
        Deprecation {
            kind: DeprecatedKind::#kind,
            version: #version,
            element: #element,
            title: #title,
            operation: #operation,
            deprecated_at: #deprecated_at,
            sunset: #sunset,
            sunset_date: #sunset_date,
            replacement: #replacement,
            link: #link,
            successor: #successor,
        }
    }
}

/// A link (RFC 8288) to the thing's place in the published document.
fn link(url: &str, element: &str, title: &str) -> String {
    let fragment = utf8_percent_encode(element, &FRAGMENT);
    // A non-ASCII title is encoded by RFC 8187.
    let title = match title
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        true => format!(
            "title=\"{}\"",
            title.replace('\\', "\\\\").replace('"', "\\\"")
        ),
        false => format!("title*=UTF-8''{}", utf8_percent_encode(title, &PARAMETER)),
    };
    format!(
        "<{}#{fragment}>; rel=\"deprecation\"; {title}",
        utf8_percent_encode(url, &URL)
    )
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn a_link_holds_what_a_header_may_hold() {
        assert_eq!(
            link(
                "/openapi.yaml",
                "/paths/~1a~1{id}/get",
                "GET /a/{id}; use \"b\""
            ),
            r#"</openapi.yaml#/paths/~1a~1%7Bid%7D/get>; rel="deprecation"; title="GET /a/{id}; use \"b\"""#
        );
        assert_eq!(
            link("/o", "/größe", "größe"),
            "</o#/gr%C3%B6%C3%9Fe>; rel=\"deprecation\"; title*=UTF-8''gr%C3%B6%C3%9Fe"
        );
    }
}
