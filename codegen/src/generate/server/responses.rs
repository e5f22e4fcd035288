//! The answers of an operation, mainly its successes: a struct for a single one, an enum of the documented statuses for
//! several, with typed fields for the headers that a handler sets.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Scope, name_of};
use crate::diagnostic::Diagnostics;
use crate::document::{Additional, Header, Kind, Operation, Response, Schema, Status};
use crate::generate::doc_lines;
use crate::generate::rust_type::{Place, rust_type};
use crate::generate::shapes::Shapes;
use crate::generate::unique::unique_values;
use crate::hoist::status_name;
use crate::names;

/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("application/json") || name.to_ascii_lowercase().ends_with("+json")
}

/// The content of an answer.
enum Content<'d> {
    Nothing,
    Json(&'d Schema),
    /// Bytes, or a stream of them.
    Other(&'d str),
}

/// A documented answer.
pub struct Success<'d> {
    pub status: Status,
    pub docs: TokenStream,
    content: Content<'d>,
    headers: Vec<(&'d str, &'d Header, Ident)>,
    /// The media type of its JSON if it is not that of the version.
    sent_as: Option<&'d str>,
}

impl<'d> Success<'d> {
    /// Whether a handler has no value to set.
    pub fn is_unit(&self) -> bool {
        matches!(
            (&self.content, self.status),
            (Content::Nothing, Status::Code(_))
        ) && self.headers.is_empty()
    }

    pub fn variant(&self) -> Ident {
        names::ident(&status_name(self.status))
    }

    /// Its status: from the document, or set by the handler.
    pub fn number(&self) -> TokenStream {
        match self.status {
            Status::Code(number) => quote!(#number),
            _ => quote!(own),
        }
    }

    /// The same as a failure, whose JSON has its documented media type.
    pub fn failed(mut self, response: &'d Response, versioned: Option<&str>) -> Self {
        let json = response.content.keys().find(|name| is_json(name));
        self.sent_as = json.map(String::as_str).filter(|name| {
            !name.eq_ignore_ascii_case("application/json") && versioned != Some(*name)
        });
        self
    }
}

pub fn responses(
    shapes: &Shapes<'_>,
    operation: &Operation,
    found: &mut Diagnostics,
) -> TokenStream {
    let successes: Vec<Success<'_>> = operation
        .successes()
        .map(|(status, response)| documented(Status::Code(status), response, found))
        .collect();
    let whole = name_of(operation, "Response");
    let docs = doc_lines(&format!(
        "What `{}` answers where it succeeds.",
        operation.id
    ));
    let takes_key = operation.takes_idempotency_key();
    match successes.as_slice() {
        [] => {
            let message = format!("`{}` documents no success", operation.id);
            found.report(
                "response-missing",
                &operation.at,
                message,
                "add a response with a status of 200 to 399",
            );
            TokenStream::new()
        }
        [only] if !takes_key => structure(shapes, &whole, &docs, only),
        several => {
            let structs = several
                .iter()
                .filter(|success| !success.is_unit())
                .map(|success| {
                    let ident = struct_name(operation, success.status);
                    structure(shapes, &ident, &success.docs, success)
                });
            let enumeration = enumeration(operation, &whole, &docs, several, takes_key);
            quote!(#(#structs)* #enumeration)
        }
    }
}

/// A documented answer.
pub fn documented<'d>(
    status: Status,
    response: &'d Response,
    found: &mut Diagnostics,
) -> Success<'d> {
    let json = response
        .content
        .iter()
        .find(|(media_type, _)| is_json(media_type));
    let content = match (json, response.content.first()) {
        (Some((_, media)), _) => match &media.schema {
            Some(schema) => Content::Json(schema),
            None => {
                let message = "the answer's JSON has no schema";
                found.report(
                    "response-schema",
                    &media.at,
                    message,
                    "say what the answer holds",
                );
                Content::Nothing
            }
        },
        (None, Some((media_type, _))) => Content::Other(media_type),
        (None, None) => Content::Nothing,
    };
    if response.content.len() > 1 {
        let message = format!(
            "an answer of status {status} in several media types leaves open which is sent"
        );
        found.report(
            "response-media-types",
            &response.at,
            message,
            "document one media type per status",
        );
    }
    let own: Vec<(&str, &Header)> = response
        .headers
        .iter()
        .filter(|(_, header)| header.set_by.as_deref() != Some("host"))
        .map(|(name, header)| (name.as_str(), header))
        .collect();
    for (name, header) in &own {
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        {
            let message = format!("`{name}` is not a valid header name");
            found.report(
                "header-name",
                &header.at,
                message,
                "use letters, digits and hyphens",
            );
        }
    }
    let idents = unique_values(own.iter().map(|(name, _)| *name), &["body", "status"]);
    let headers = own
        .into_iter()
        .zip(idents)
        .map(|((name, header), ident)| (name, header, ident))
        .collect();
    Success {
        status,
        docs: doc_lines(&response.description),
        content,
        headers,
        sent_as: None,
    }
}

pub fn struct_name(operation: &Operation, status: Status) -> Ident {
    name_of(operation, &status_name(status))
}

/// A struct of body and headers, and its implementation of printing.
pub fn structure(
    shapes: &Shapes<'_>,
    ident: &Ident,
    docs: &TokenStream,
    success: &Success<'_>,
) -> TokenStream {
    let status = success.number();
    let (body_type, content) = match &success.content {
        Content::Nothing => (None, quote!(empty)),
        Content::Json(schema) => {
            let body = answer_type(shapes, schema);
            match is_printable(shapes, schema) {
                true => (
                    Some(quote!(::crm_runtime::server::Printable<#body>)),
                    quote!(printable),
                ),
                false => (Some(body), quote!(json)),
            }
        }
        Content::Other(media_type) => {
            let body = match *media_type {
                "text/event-stream" => quote!(::crm_runtime::reexport::axum::body::Body),
                _ => quote!(::crm_runtime::reexport::bytes::Bytes),
            };
            (Some(body), quote!(other #media_type))
        }
    };
    let sent_as = success.sent_as.map(|media_type| quote!(as #media_type));
    let status_field = (!matches!(success.status, Status::Code(_))).then(|| {
        quote! {
            /// The status of the answer.
            pub status: u16,
        }
    });
    let body = body_type.map(|body| quote!(#status_field pub body: #body,));
    let body = body.or(status_field);
    let fields = success.headers.iter().map(|(name, header, ident)| {
        let docs = doc_lines(header.description.as_deref().unwrap_or(name));
        let value = header_type(shapes, header);
        quote!(#docs pub #ident: #value,)
    });
    let printed = success.headers.iter().map(|(name, _, ident)| {
        let name = name.to_ascii_lowercase();
        quote!(, #name = #ident)
    });
    let declared = match success.is_unit() {
        true => quote!(pub struct #ident;),
        false => quote!(pub struct #ident { #body #(#fields)* }),
    };
    quote! {
        #docs
        #[derive(Debug)]
        #declared

        ::crm_runtime::answer!(#ident: #status #content #sent_as #(#printed)*);
    }
}

fn enumeration(
    operation: &Operation,
    whole: &Ident,
    docs: &TokenStream,
    successes: &[Success<'_>],
    takes_key: bool,
) -> TokenStream {
    let variants = successes.iter().map(|success| {
        let variant = success.variant();
        let docs = &success.docs;
        match success.is_unit() {
            true => quote!(#docs #variant,),
            false => {
                let held = struct_name(operation, success.status);
                quote!(#docs #variant(#held),)
            }
        }
    });
    let (units, held): (Vec<_>, Vec<_>) = successes.iter().partition(|success| success.is_unit());
    let units = units.into_iter().map(|success| {
        let (variant, status) = (success.variant(), success.number());
        quote!(#variant = #status)
    });
    let held = held.into_iter().map(|success| {
        let (variant, held) = (success.variant(), struct_name(operation, success.status));
        quote!(#variant(#held))
    });
    let stored = quote!(::crm_runtime::server::StoredAnswer);
    let replayed = takes_key.then(|| {
        quote! {
            /// The stored answer to an earlier equal request.
            Replayed(#stored),
        }
    });
    let held = held.chain(takes_key.then(|| quote!(Replayed(#stored))));
    quote! {
        #docs
        #[derive(Debug)]
        pub enum #whole {
            #(#variants)*
            #replayed
        }

        ::crm_runtime::answers!(#whole: #(#units),*; #(#held),*);
    }
}

/// The function that records the deprecated parts of an answer, if there are any.
pub fn uses(scope: &Scope<'_, '_>, operation: &Operation) -> Option<TokenStream> {
    // Faults of the answers were reported when they were written.
    let mut told = Diagnostics::default();
    let successes: Vec<Success<'_>> = operation
        .successes()
        .map(|(status, response)| documented(Status::Code(status), response, &mut told))
        .collect();
    let whole = name_of(operation, "Response");
    let module = names::value_ident(&operation.tag);
    let inner = match successes.as_slice() {
        [only] if !operation.takes_idempotency_key() => uses_of(scope, only)?,
        several => {
            let arms: Vec<TokenStream> = several
                .iter()
                .filter(|success| !success.is_unit())
                .filter_map(|success| {
                    let variant = success.variant();
                    let inner = uses_of(scope, success)?;
                    Some(quote!(super::#module::#whole::#variant(success) => { #inner }))
                })
                .collect();
            if arms.is_empty() {
                return None;
            }
            quote! {
                #[allow(unreachable_patterns)]
                match success { #(#arms)* _ => {} }
            }
        }
    };
    let function = names::value_ident(&operation.id);
    Some(quote! {
        pub(super) fn #function(success: &super::#module::#whole, used: &mut UsedDeprecations) {
            #inner
        }
    })
}

fn uses_of(scope: &Scope<'_, '_>, success: &Success<'_>) -> Option<TokenStream> {
    let body = match success.content {
        Content::Json(schema) if !is_free(scope.shapes, schema) => scope.uses.of_value(schema),
        _ => None,
    };
    let body = body.map(|inner| match success.content {
        Content::Json(schema) if is_printable(scope.shapes, schema) => {
            quote!(success.body.look(|value| { #inner });)
        }
        _ => quote!({ let value = &success.body; #inner }),
    });
    let headers = success.headers.iter().filter_map(|(_, header, ident)| {
        let notice = scope
            .deprecations
            .notice(header.deprecation.as_ref(), &header.at)?;
        Some(match header.required {
            true => quote!(used.add(#notice);),
            false => quote!(if success.#ident.is_some() { used.add(#notice); }),
        })
    });
    let headers: Vec<TokenStream> = headers.collect();
    (body.is_some() || !headers.is_empty()).then(|| quote!(#body #(#headers)*))
}

/// The type of a body. A value of any form is passed on as text.
fn answer_type(shapes: &Shapes<'_>, schema: &Schema) -> TokenStream {
    if is_free(shapes, schema) {
        quote!(::crm_runtime::RawJson)
    } else {
        rust_type(shapes, schema, Place::Answer)
    }
}

/// Whether a body has a part whose form the contract leaves open, so that handlers may print the whole body from texts.
fn is_printable(shapes: &Shapes<'_>, schema: &Schema) -> bool {
    matches!(&schema.kind, Kind::Ref(name) if shapes.is_generic(name))
}

fn is_free(shapes: &Shapes<'_>, schema: &Schema) -> bool {
    match &shapes.resolve(schema).kind {
        Kind::Any => true,
        Kind::Object(rules) => {
            rules.properties.is_empty()
                && matches!(rules.additional, Additional::Unsaid | Additional::Allowed)
        }
        _ => false,
    }
}

fn header_type(shapes: &Shapes<'_>, header: &Header) -> TokenStream {
    let value = match &shapes.resolve(&header.schema).kind {
        Kind::Integer(_) => quote!(i64),
        Kind::Number(_) => quote!(f64),
        Kind::Boolean => quote!(bool),
        _ => quote!(String),
    };
    if header.required {
        value
    } else {
        quote!(Option<#value>)
    }
}
