//! The encoding of a parameter: its part of the request, and the form of its text.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostic::Diagnostics;
use crate::document::{Kind, Parameter, ParameterLocation, Schema, Style};
use crate::generate::shapes::Shapes;

/// The part of the request from which the runtime reads a parameter.
pub fn source(parameter: &Parameter, found: &mut Diagnostics) -> TokenStream {
    match parameter.location {
        ParameterLocation::Path => quote!(Source::Path),
        ParameterLocation::Query => quote!(Source::Query),
        ParameterLocation::Header => quote!(Source::Header),
        ParameterLocation::Cookie => {
            let message = format!(
                "`{}` is a cookie, which no client here sends",
                parameter.name
            );
            found.report(
                "parameter-cookie",
                &parameter.at,
                message,
                "use a header or the query",
            );
            quote!(Source::Header)
        }
    }
}

/// The form of a parameter's text.
pub fn shape(shapes: &Shapes<'_>, parameter: &Parameter, found: &mut Diagnostics) -> TokenStream {
    if let Some(content) = &parameter.content {
        if !super::responses::is_json(content) {
            let message = format!("`{}` holds {content}, which is not read", parameter.name);
            found.report(
                "parameter-content",
                &parameter.at,
                message,
                "use `application/json` or a plain schema",
            );
        }
        return quote!(Shape::Json);
    }
    let schema = shapes.resolve(&parameter.schema);
    let known_style = matches!(parameter.style, Style::Form | Style::Simple);
    match (&schema.kind, scalar(schema)) {
        (_, Some(scalar)) if known_style => quote!(Shape::One(#scalar)),
        (Kind::Array(rules), _) if known_style => match scalar(shapes.resolve(&rules.items)) {
            Some(scalar) if parameter.style == Style::Form && parameter.explode => {
                quote!(Shape::Repeated(#scalar))
            }
            Some(scalar) => quote!(Shape::Joined(#scalar)),
            None => refused(parameter, found),
        },
        _ => refused(parameter, found),
    }
}

fn refused(parameter: &Parameter, found: &mut Diagnostics) -> TokenStream {
    let message = format!(
        "`{}` has a shape or style that a parameter cannot carry unambiguously",
        parameter.name
    );
    let mend = "use one value, a list of values with style `form` or `simple`, or `content: application/json`";
    found.report("parameter-shape", &parameter.at, message, mend);
    quote!(Shape::Json)
}

fn scalar(schema: &Schema) -> Option<TokenStream> {
    Some(match &schema.kind {
        Kind::String(_) | Kind::Any => quote!(Scalar::Text),
        Kind::Integer(_) => quote!(Scalar::Integer),
        Kind::Number(_) => quote!(Scalar::Number),
        Kind::Boolean => quote!(Scalar::Boolean),
        _ => return None,
    })
}
