//! The request of an operation: its parameters and body as one struct, and the function that reads and checks all of
//! them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Scope, name_of, parameters, responses::is_json, validation};
use crate::diagnostic::Diagnostics;
use crate::document::{Body, Operation, Parameter, ParameterLocation, Schema};
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
    let idents = fields(operation);
    let parameters = operation
        .parameters
        .iter()
        .zip(&idents)
        .map(|(parameter, ident)| {
            let docs = doc_lines(parameter.description.as_deref().unwrap_or_default());
            let value = parameter_type(shapes, parameter);
            quote!(#docs pub #ident: #value,)
        });
    let body = match body_kind(operation) {
        BodyKind::None => None,
        BodyKind::Raw => Some(quote! {
            /// The raw body.
            pub body: ::crm_runtime::reexport::bytes::Bytes,
        }),
        BodyKind::Json { schema, required }
        | BodyKind::Form {
            typed: forms::Typed { schema, .. },
            required,
        } => {
            let value = rust_type(shapes, schema, Place::Request);
            let value = if required {
                value
            } else {
                quote!(Option<#value>)
            };
            Some(quote!(pub body: #value,))
        }
    };
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct #ident {
            #(#parameters)*
            #body
        }
    }
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
    match parameter.required || default(shapes, parameter).is_some() {
        true => value,
        false => quote!(Option<#value>),
    }
}

/// The default of a parameter, as JSON.
fn default(shapes: &Shapes<'_>, parameter: &Parameter) -> Option<String> {
    let own = parameter.schema.default.as_ref();
    let default = own.or(shapes.resolve(&parameter.schema).default.as_ref())?;
    Some(default.to_string())
}

/// The function that reads the request.
pub fn read(scope: &Scope<'_, '_>, operation: &Operation, found: &mut Diagnostics) -> TokenStream {
    let shapes = scope.shapes;
    let idents = fields(operation);
    let module = names::value_ident(&operation.tag);
    let request = name_of(operation, "Request");
    let function = names::value_ident(&operation.id);
    let in_query = names_in(operation, ParameterLocation::Query);
    let in_path = path_parameters(&operation.path);
    let mut kept: Vec<TokenStream> = Vec::new();
    let mut steps: Vec<TokenStream> = Vec::new();
    for (parameter, ident) in operation.parameters.iter().zip(&idents) {
        let source = parameters::source(parameter, found);
        let shape = parameters::shape(shapes, parameter, found);
        let check = validation::as_function(scope, &parameter.schema, found);
        let name = &parameter.name;
        if let Some(notice) = scope
            .deprecations
            .notice(parameter.deprecation.as_ref(), &parameter.at)
        {
            steps.push(quote!(parameters.deprecated(#source, #name, #notice);));
        }
        if let Some(default) = default(shapes, parameter) {
            steps.push(quote! {
                let #ident = parameters.defaulted(#source, #name, #shape, #check, #default);
            });
            kept.push(quote!(#ident));
        } else if parameter.required {
            steps.push(quote!(let #ident = parameters.required(#source, #name, #shape, #check);));
            kept.push(quote!(#ident));
        } else {
            steps.push(quote!(let #ident = parameters.optional(#source, #name, #shape, #check);));
        }
    }
    let body_field = match body_kind(operation) {
        BodyKind::None => None,
        BodyKind::Raw => {
            steps.push(quote!(let body = arrived.body.clone();));
            Some(quote!(body,))
        }
        BodyKind::Json { schema, required } => {
            let check = validation::as_function(scope, schema, found);
            if required {
                steps.push(body(quote!(parameters.body(&arrived.body, #check))));
                kept.push(quote!(body));
            } else {
                steps.push(body(
                    quote!(parameters.optional_body(&arrived.body, #check)),
                ));
            }
            Some(quote!(body,))
        }
        BodyKind::Form { typed, required } => {
            let check = validation::as_function(scope, typed.schema, found);
            let form = forms::form(shapes.document, typed).unwrap_or_else(|refusal| {
                found.push(refusal);
                TokenStream::new()
            });
            if required {
                steps.push(quote!(let body = parameters.form(&arrived.body, &#form, #check);));
                kept.push(quote!(body));
            } else {
                steps.push(
                    quote!(let body = parameters.optional_form(&arrived.body, &#form, #check);),
                );
            }
            Some(quote!(body,))
        }
    };
    let reads = !operation.parameters.is_empty()
        || matches!(
            body_kind(operation),
            BodyKind::Json { .. } | BodyKind::Form { .. }
        );
    let mutable = reads.then(|| quote!(mut));
    let whole = (!kept.is_empty()).then(|| {
        quote! {
            let (#(Some(#kept),)*) = (#(#kept,)*) else {
                return Err(Parameters::lost());
            };
        }
    });
    quote! {
        pub(super) fn #function<C>(
            arrived: &mut Arrived<C>,
        ) -> Result<super::#module::#request, Problem<GateCode>> {
            let #mutable parameters = Parameters::new(&arrived.head, &arrived.path, &[#(#in_path),*], &[#(#in_query),*]);
            #(#steps)*
            let (used, sound) = parameters.finish();
            arrived.used(used);
            sound?;
            #whole
            Ok(super::#module::#request { #(#idents,)* #body_field })
        }
    }
}

/// The code that reads the body; a body that is not JSON ends the reading.
fn body(read: TokenStream) -> TokenStream {
    quote! {
        let body = match #read {
            Ok(body) => body,
            Err(problem) => {
                let used = parameters.used();
                arrived.used(used);
                return Err(problem);
            }
        };
    }
}

fn names_in(operation: &Operation, location: ParameterLocation) -> Vec<&str> {
    let there = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.location == location);
    there.map(|parameter| parameter.name.as_str()).collect()
}

/// The names between braces, in the order of the template.
pub fn path_parameters(path: &str) -> Vec<&str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}
