//! The request of an operation: its parameters and body as one struct, and the function that reads and checks all of
//! them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Scope, name_of, parameters, responses::is_json, validation};
use crate::diagnostic::Diagnostics;
use crate::document::{Body, Operation, Parameter, Schema};
use crate::generate::doc_lines;
use crate::generate::forms;
use crate::generate::rust_type::{Place, plain_type, rust_type};
use crate::generate::shapes::Shapes;
use crate::generate::unique::unique_values;
use crate::names;

/// The form in which the handler gets the body.
pub enum BodyKind<'d> {
    None,
    Raw,
    Json {
        schema: &'d Schema,
        required: bool,
    },
    Form {
        typed: forms::Typed<'d>,
        required: bool,
    },
}

/// The kind of an operation's body: raw bytes if the document says so, or if it is neither JSON nor a form with a
/// schema.
pub fn body_kind<'d>(operation: &'d Operation) -> BodyKind<'d> {
    let Some(body) = &operation.body else {
        return BodyKind::None;
    };
    let json = body
        .content
        .iter()
        .find(|(media_type, _)| is_json(media_type));
    match json.and_then(|(_, media)| media.schema.as_ref()) {
        Some(schema) if !operation.raw_body => BodyKind::Json {
            schema,
            required: body.required,
        },
        _ => match forms::typed(operation) {
            Some(typed) => BodyKind::Form {
                typed,
                required: body.required,
            },
            None => BodyKind::Raw,
        },
    }
}

/// The accepted media types of a body: those of the document, and for JSON the plain one. True if that of the version
/// is accepted as well.
pub fn media_types(body: &Body) -> (Vec<String>, bool) {
    let mut out: Vec<String> = body
        .content
        .keys()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let versioned = out.iter().any(|name| is_json(name));
    if versioned {
        out.push("application/json".to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|name| seen.insert(name.clone()));
    (out, versioned)
}

/// The struct of a request.
pub fn request(shapes: &Shapes<'_>, operation: &Operation) -> TokenStream {
    let ident = name_of(operation, "Request");
    let docs = doc_lines(&format!(
        "What `{} {}` is asked.",
        operation.method, operation.path
    ));
    let fields = all_fields(shapes, operation).into_iter();
    let fields = fields.map(|Field { of, ident, held }| {
        let docs = match of {
            Some(parameter) => doc_lines(parameter.description.as_deref().unwrap_or_default()),
            None if matches!(body_kind(operation), BodyKind::Raw) => doc_lines("The raw body."),
            None => TokenStream::new(),
        };
        quote!(#docs pub #ident: #held,)
    });
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct #ident {
            #(#fields)*
        }
    }
}

/// A field of a request.
pub struct Field<'d> {
    /// The parameter that it has. None: it has the body.
    pub of: Option<&'d Parameter>,
    pub ident: Ident,
    /// Its type.
    pub held: TokenStream,
}

/// The fields of a request in their order: the parameters, then the body.
pub fn all_fields<'d>(shapes: &Shapes<'_>, operation: &'d Operation) -> Vec<Field<'d>> {
    let parameters = operation.parameters.iter().zip(fields(operation));
    let parameters = parameters.map(|(parameter, ident)| Field {
        of: Some(parameter),
        ident,
        held: parameter_type(shapes, parameter),
    });
    let body = match body_schema(operation) {
        Some(schema) => {
            let value = rust_type(shapes, schema, Place::Request);
            match is_optional_body(operation) {
                true => Some(quote!(Option<#value>)),
                false => Some(value),
            }
        }
        None if operation.body.is_some() => Some(quote!(::crm_runtime::reexport::bytes::Bytes)),
        None => None,
    };
    let body = body.map(|held| Field {
        of: None,
        ident: names::ident("body"),
        held,
    });
    parameters.chain(body).collect()
}

/// The schema of a body that is read, as JSON or as a form.
pub fn body_schema(operation: &Operation) -> Option<&Schema> {
    match body_kind(operation) {
        BodyKind::None | BodyKind::Raw => None,
        BodyKind::Json { schema, .. } => Some(schema),
        BodyKind::Form { typed, .. } => Some(typed.schema),
    }
}

/// Whether a body that is read may be left out.
pub fn is_optional_body(operation: &Operation) -> bool {
    matches!(
        body_kind(operation),
        BodyKind::Json {
            required: false,
            ..
        } | BodyKind::Form {
            required: false,
            ..
        }
    )
}

fn fields(operation: &Operation) -> Vec<Ident> {
    unique_values(
        operation
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str()),
        &["body"],
    )
}

fn parameter_type(shapes: &Shapes<'_>, parameter: &Parameter) -> TokenStream {
    let value = plain_type(shapes, &parameter.schema, Place::Request);
    match is_always_there(shapes, parameter) {
        true => value,
        false => quote!(Option<#value>),
    }
}

/// Whether the handler always has a value of the parameter.
fn is_always_there(shapes: &Shapes<'_>, parameter: &Parameter) -> bool {
    parameter.required || parameters::default(shapes, parameter).is_some()
}

/// The function that turns what arrived into the request: first all is checked, then it is taken as what it is.
pub fn read(
    scope: &Scope<'_, '_>,
    operation: &Operation,
    statics: &[Ident],
    found: &mut Diagnostics,
) -> TokenStream {
    let shapes = scope.shapes;
    let module = names::value_ident(&operation.tag);
    let request = name_of(operation, "Request");
    let function = names::value_ident(&operation.id);
    let fields = operation
        .parameters
        .iter()
        .zip(fields(operation))
        .zip(statics)
        .map(|((parameter, field), place)| {
            let take = match is_always_there(shapes, parameter) {
                true => quote!(required),
                false => quote!(optional),
            };
            quote!(#field: asked.#take(&parameters::#place)?,)
        });
    let (rule, body) = body(scope, operation, found);
    quote! {
        pub(super) fn #function(asked: &mut Asked<'_>) -> Result<super::#module::#request, Problem<GateCode>> {
            asked.check(&[#(&parameters::#statics),*], #rule)?;
            Ok(super::#module::#request { #(#fields)* #body })
        }
    }
}

/// How the body is read, and the field of the request that has it.
fn body(
    scope: &Scope<'_, '_>,
    operation: &Operation,
    found: &mut Diagnostics,
) -> (TokenStream, Option<TokenStream>) {
    match body_kind(operation) {
        BodyKind::None => (quote!(Body::Unread), None),
        BodyKind::Raw => (quote!(Body::Unread), Some(quote!(body: asked.bytes(),))),
        BodyKind::Json { schema, required } => {
            let check = validation::as_function(scope, schema, found);
            match required {
                true => (
                    quote!(Body::Json(#check)),
                    Some(quote!(body: asked.body()?,)),
                ),
                false => (
                    quote!(Body::OptionalJson(#check)),
                    Some(quote!(body: asked.optional_body()?,)),
                ),
            }
        }
        BodyKind::Form { typed, required } => {
            let check = validation::as_function(scope, typed.schema, found);
            let form = forms::form(scope.shapes.document, typed).unwrap_or_else(|refusal| {
                found.push(refusal);
                TokenStream::new()
            });
            match required {
                true => (
                    quote!(Body::Form(&#form, #check)),
                    Some(quote!(body: asked.body()?,)),
                ),
                false => (
                    quote!(Body::OptionalForm(&#form, #check)),
                    Some(quote!(body: asked.optional_body()?,)),
                ),
            }
        }
    }
}
