//! The facts of an operation that the generated code around a call needs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::document::{Document, Kind, Operation, ParameterLocation, Schema};
use crate::generate::forms;
use crate::generate::rust_type::{Place, rust_type};
use crate::generate::shapes::{Shapes, references};
use crate::generate::types::changes;
use crate::lower::Lowered;
use crate::names;
use crate::progenitor_name;

/// The extension of a path parameter that holds the name of a record type.
const RECORD_TYPE: &str = "x-record-type";

/// The media type of a stream of events, which has no end.
const EVENT_STREAM: &str = "text/event-stream";

/// One operation of a client.
pub struct Call<'d> {
    pub operation: &'d Operation,
    /// The method, and the id that hooks get.
    pub method: String,
    /// The builder.
    pub builder: String,
    /// The builder's name of the parameter with the record type.
    pub record_type: Option<String>,
    /// The body or the success has a generic type, and the path names the record type.
    pub generic: bool,
    /// Its pages, if it answers pages with a cursor.
    pub page: Option<Page>,
    /// The body is optional.
    pub optional_body: bool,
    /// The fields of a form body.
    pub form: Option<TokenStream>,
    /// The media type of a raw body.
    pub bytes: Option<String>,
    /// The type of the body if it changes the fields of a record.
    pub changes: Option<String>,
    /// A success that is not JSON.
    pub other_media: bool,
    /// A success without an end.
    pub streams: bool,
}

/// The pages of a list.
pub struct Page {
    /// The type of an item.
    pub item: TokenStream,
    /// The cursor of the next page, as a field of a page.
    pub next: TokenStream,
}

pub fn calls<'d>(lowered: &'d Lowered, shapes: &Shapes<'_>) -> Vec<Call<'d>> {
    lowered
        .hoisted
        .operations
        .iter()
        .map(|operation| call(operation, shapes))
        .collect()
}

impl Call<'_> {
    /// The note of a deprecated operation: since when, until when, and what to use instead.
    pub fn deprecated(&self) -> Option<String> {
        let deprecation = self.operation.deprecation.as_ref()?;
        let since = deprecation.deprecated_at.map(|day| format!("since {day}"));
        let until = deprecation.sunset.map(|day| format!("gone from {day} on"));
        let instead = deprecation.replacement.as_ref();
        let instead = instead.map(|replacement| format!("use `{replacement}`"));
        let parts: Vec<String> = [since, until, instead].into_iter().flatten().collect();
        Some(match parts.is_empty() {
            true => "it will go".to_owned(),
            false => parts.join("; "),
        })
    }
}

fn call<'d>(operation: &'d Operation, shapes: &Shapes<'_>) -> Call<'d> {
    let record_type = operation
        .parameters
        .iter()
        .find(|parameter| {
            parameter.location == ParameterLocation::Path
                && parameter.extensions.contains_key(RECORD_TYPE)
        })
        .map(|parameter| progenitor_name::value(&parameter.name));
    let success = success(operation);
    let body = operation.body.as_ref();
    let body_schema = body.and_then(|body| {
        body.content
            .values()
            .find_map(|media| media.schema.as_ref())
    });
    let mentions = |schema: Option<&Schema>| {
        schema.is_some_and(|schema| {
            references(schema)
                .iter()
                .any(|name| shapes.is_generic(name))
        })
    };
    let json_body = body.is_some_and(|body| {
        body.content
            .keys()
            .any(|media_type| media_type.contains("json"))
    });
    let form = forms::typed(operation).and_then(|typed| forms::form(shapes.document, typed).ok());
    Call {
        operation,
        method: progenitor_name::value(&operation.id),
        builder: progenitor_name::builder(&operation.id),
        generic: record_type.is_some() && (mentions(success) || mentions(body_schema)),
        record_type,
        page: success
            .filter(|_| {
                operation
                    .parameter(ParameterLocation::Query, "cursor")
                    .is_some()
            })
            .and_then(|schema| page(schema, shapes)),
        changes: changes(shapes, operation).map(names::type_name),
        optional_body: body.is_some_and(|body| !body.required),
        bytes: body
            .filter(|_| operation.raw_body || !(json_body || form.is_some()))
            .and_then(|body| body.content.keys().next().cloned()),
        form,
        streams: operation
            .successes()
            .any(|(_, response)| response.content.contains_key(EVENT_STREAM)),
        other_media: operation.successes().any(|(_, response)| {
            !response.content.is_empty()
                && !response
                    .content
                    .keys()
                    .any(|media_type| media_type.contains("json"))
        }),
    }
}

fn success(operation: &Operation) -> Option<&Schema> {
    operation
        .successes()
        .filter(|(status, _)| *status < 300)
        .find_map(|(_, response)| {
            response
                .content
                .values()
                .find_map(|media| media.schema.as_ref())
        })
}

/// The pages of `{items, next_cursor}`, or of `{items, page}` with `next` in the page.
fn page(schema: &Schema, shapes: &Shapes<'_>) -> Option<Page> {
    let rules = shapes.resolve(schema).as_object()?;
    let items = rules
        .properties
        .get("items")
        .filter(|property| property.required)?;
    let (cursor, next) = match rules.properties.get("next_cursor") {
        Some(cursor) => (cursor, quote!(next_cursor)),
        None => {
            let page = rules.properties.get("page");
            let page = page.filter(|page| page.required && !shapes.nullable(&page.schema))?;
            let page = shapes.resolve(&page.schema).as_object()?;
            (page.properties.get("next")?, quote!(page.next))
        }
    };
    match (
        &shapes.resolve(&items.schema).kind,
        &shapes.resolve(&cursor.schema).kind,
    ) {
        (Kind::Array(list), Kind::String(_)) if !shapes.nullable(&items.schema) => Some(Page {
            item: rust_type(shapes, &list.items, Place::Request),
            next,
        }),
        _ => None,
    }
}

/// The facts for the hooks.
pub fn api(document: &Document, calls: &[Call<'_>]) -> TokenStream {
    let media_type = document
        .versioned_media_type()
        .unwrap_or_else(|| "application/json".to_owned());
    let mut sorted: Vec<&Call<'_>> = calls.iter().collect();
    sorted.sort_by(|a, b| a.method.cmp(&b.method));
    let operations = sorted.iter().map(|call| {
        let id = &call.method;
        let takes_key = call.operation.takes_idempotency_key();
        let authenticated = !call.operation.security.is_empty();
        let (other_media, streams) = (call.other_media, call.streams);
        quote! {
            ::crm_runtime::client::OperationFacts {
                id: #id,
                takes_key: #takes_key,
                authenticated: #authenticated,
                other_media: #other_media,
                streams: #streams,
            }
        }
    });
    quote! {
        static API: ::crm_runtime::client::Api = ::crm_runtime::client::Api {
            media_type: #media_type,
            operations: &[#(#operations),*],
        };
    }
}
