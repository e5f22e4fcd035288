//! Forms (`application/x-www-form-urlencoded`): the fields of a form and the encoding of each. Server and client are
//! generated from the same list.

use proc_macro2::TokenStream;
use quote::quote;

use super::merge::merge;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{
    Additional, Document, Encoding, Kind, Media, ObjectRules, Operation, Property, Schema, Style,
};
use crate::lower::{essence, is_json};

/// The rule that reports a form that cannot be typed.
pub(crate) const RULE: &str = "lower-form";

/// A body that is a form with a schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'d> {
    pub schema: &'d Schema,
    media: &'d Media,
}

/// Whether a media type is that of forms.
pub(crate) fn is_form(media_type: &str) -> bool {
    essence(media_type) == "application/x-www-form-urlencoded"
}

/// The form of an operation, if it has a schema and the operation does not also take JSON.
pub(crate) fn typed(operation: &Operation) -> Option<Typed<'_>> {
    let content = &operation.body.as_ref()?.content;
    if operation.raw_body || content.keys().any(|media_type| is_json(media_type)) {
        return None;
    }
    let (_, media) = content.iter().find(|(media_type, _)| is_form(media_type))?;
    let schema = media.schema.as_ref()?;
    Some(Typed { schema, media })
}

/// The form as data for the runtime, or why that is not possible. `document` is hoisted.
pub(crate) fn form(document: &Document, typed: Typed<'_>) -> Result<TokenStream, Diagnostic> {
    let rules = rules(document, typed.schema);
    let Some(rules) = rules else {
        return Err(refusal(
            typed,
            "a form is made of named fields, and its schema is not an object",
        ));
    };
    let mut fields = Vec::new();
    for (name, property) in &rules.properties {
        let encoding = typed.media.encoding.get(name);
        fields
            .extend(field(document, name, property, encoding).map_err(|why| refusal(typed, &why))?);
    }
    let rest = match &rules.additional {
        Additional::Schema(schema) => scalar(document, schema).ok_or_else(|| {
            refusal(
                typed,
                "`additionalProperties` are not single values, and nothing says how they travel",
            )
        })?,
        _ => quote!(::crm_runtime::form::Scalar::Text),
    };
    Ok(quote! {
        ::crm_runtime::form::Form { fields: &[#(#fields),*], rest: #rest }
    })
}

fn refusal(typed: Typed<'_>, why: &str) -> Diagnostic {
    Diagnostic::new(
        RULE,
        &typed.media.at,
        format!("this form cannot be typed: {why}"),
        "say under `encoding` how it travels (`contentType: application/json`, `style: deepObject`), \
         make it flat, or use application/json",
    )
}

/// The properties of an object, its `allOf` merged.
fn rules(document: &Document, schema: &Schema) -> Option<ObjectRules> {
    // Faults of `allOf` are reported when the types are written.
    let mut told = Diagnostics::default();
    let merged = merge(document, document.resolve(schema)?, &mut told);
    merged.as_object().cloned()
}

/// A property as one field, or as several if it is an object.
fn field(
    document: &Document,
    name: &str,
    property: &Property,
    encoding: Option<&Encoding>,
) -> Result<Vec<TokenStream>, String> {
    let schema = &property.schema;
    if property.required && nullable(document, schema) {
        return Err(format!(
            "`{name}` has to be there and may be null, which no field can say"
        ));
    }
    let style = encoding.and_then(|encoding| encoding.style);
    let content = encoding.and_then(|encoding| encoding.content_type.as_deref());
    // A style takes precedence over a media type (OpenAPI 3.1, 4.8.15.1.2).
    if style.is_none() && content.is_some_and(is_json) {
        return Ok(vec![one(name, &[name], &quote!(Json))]);
    }
    if let Some(scalar) = scalar(document, schema) {
        return Ok(vec![one(name, &[name], &quote!(One(#scalar)))]);
    }
    let resolved = document.resolve(schema);
    if let Some(Kind::Array(rules)) = resolved.map(|schema| &schema.kind) {
        let Some(item) = scalar(document, &rules.items) else {
            return Err(format!(
                "`{name}` is a list of what is no single value, and nothing says how it travels"
            ));
        };
        return Ok(vec![one(
            name,
            &[name],
            &list(name, &item, property.required, encoding)?,
        )]);
    }
    match (rules(document, schema), style) {
        (Some(rules), Some(Style::DeepObject)) => deep(document, name, &rules),
        (Some(_), _) => Err(format!(
            "`{name}` is an object, and nothing says how it travels"
        )),
        (None, _) => Err(format!("`{name}` is no single value, list or object")),
    }
}

fn list(
    name: &str,
    item: &TokenStream,
    required: bool,
    encoding: Option<&Encoding>,
) -> Result<TokenStream, String> {
    let style = encoding
        .and_then(|encoding| encoding.style)
        .unwrap_or(Style::Form);
    let explode = encoding.is_none_or(|encoding| encoding.explode);
    let between = match style {
        Style::Form | Style::SpaceDelimited | Style::PipeDelimited if explode => {
            // An empty list is absent from the form.
            return Ok(quote!(Repeated { item: #item, absent_is_empty: #required }));
        }
        Style::Form => ',',
        Style::SpaceDelimited => ' ',
        Style::PipeDelimited => '|',
        other => {
            return Err(format!(
                "`{name}` is a list, which the style `{}` cannot carry",
                other.name()
            ));
        }
    };
    Ok(quote!(Joined { item: #item, between: #between }))
}

/// The properties of an object as `name[property]`.
fn deep(document: &Document, name: &str, rules: &ObjectRules) -> Result<Vec<TokenStream>, String> {
    if matches!(
        rules.additional,
        Additional::Allowed | Additional::Schema(_)
    ) {
        return Err(format!(
            "`{name}` takes properties of any name, which `deepObject` does not tell apart"
        ));
    }
    let fields = rules.properties.iter().map(|(inner, property)| {
        let scalar = scalar(document, &property.schema)
            .filter(|_| !(property.required && nullable(document, &property.schema)))
            .ok_or_else(|| {
                format!(
                    "`{inner}` in `{name}` is not a single value, and `deepObject` carries no others"
                )
            })?;
        Ok(one(
            &format!("{name}[{inner}]"),
            &[name, inner],
            &quote!(One(#scalar)),
        ))
    });
    fields.collect()
}

fn one(name: &str, path: &[&str], shape: &TokenStream) -> TokenStream {
    quote! {
        ::crm_runtime::form::Field {
            name: #name,
            path: &[#(#path),*],
            shape: ::crm_runtime::form::FieldShape::#shape,
        }
    }
}

fn scalar(document: &Document, schema: &Schema) -> Option<TokenStream> {
    let kind = match &document.resolve(schema)?.kind {
        Kind::String(_) | Kind::Any => quote!(Text),
        Kind::Integer(_) => quote!(Integer),
        Kind::Number(_) => quote!(Number),
        Kind::Boolean => quote!(Boolean),
        _ => return None,
    };
    Some(quote!(::crm_runtime::form::Scalar::#kind))
}

fn nullable(document: &Document, schema: &Schema) -> bool {
    schema.nullable
        || document
            .resolve(schema)
            .is_some_and(|schema| schema.nullable)
}
