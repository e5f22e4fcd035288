//! The parameters of requests as data, one static for all operations that share a parameter: where it stands in the request,
//! how its text becomes a value, how it is checked.

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Scope, validation};
use crate::diagnostic::Diagnostics;
use crate::document::{Kind, Operation, Parameter, ParameterLocation, Schema, Style};
use crate::generate::shapes::{Shapes, references};
use crate::generate::unique::unique_constants;
use crate::generate::versions::Part;

/// Where the parameters stand that a document shares by name.
const COMPONENTS: &str = "/components/parameters/";

/// The parameters of a version.
pub struct Parameters {
    /// By operation: the static of each of its parameters, in their order.
    of_operations: IndexMap<String, Vec<Ident>>,
    /// By name of the static.
    pub statics: IndexMap<String, Part>,
}

impl Parameters {
    pub fn of(scope: &Scope<'_, '_>, found: &mut Diagnostics) -> Self {
        // By the expression of the parameter: two operations that say the same of one share it.
        let mut all: IndexMap<String, (&Parameter, TokenStream)> = IndexMap::new();
        let mut of_operations = IndexMap::new();
        for operation in &scope.shapes.document.operations {
            let places: Vec<usize> = operation
                .parameters
                .iter()
                .map(|parameter| {
                    let written = expression(scope, parameter, found);
                    let entry = all.entry(written.to_string());
                    let place = entry.index();
                    entry.or_insert((parameter, written));
                    place
                })
                .collect();
            of_operations.insert(&operation.id, places);
        }
        let idents = unique_constants(all.values().map(|(parameter, _)| label(parameter)));
        let statics = idents
            .iter()
            .zip(all.values())
            .map(|(ident, (parameter, written))| {
                let item = quote!(pub static #ident: Parameter = #written;);
                let part = Part::new(item, references(&parameter.schema));
                (ident.to_string(), part)
            });
        Self {
            statics: statics.collect(),
            of_operations: of_operations
                .into_iter()
                .map(|(id, places)| {
                    let named = places.into_iter().map(|place| idents[place].clone());
                    (id.clone(), named.collect())
                })
                .collect(),
        }
    }

    /// The static of each of an operation's parameters, in their order.
    pub fn of_operation(&self, operation: &Operation) -> &[Ident] {
        self.of_operations
            .get(&operation.id)
            .map_or(&[], Vec::as_slice)
    }

    /// The items that these statics are.
    pub fn items<'s>(&'s self, idents: &'s [Ident]) -> impl Iterator<Item = &'s TokenStream> {
        idents
            .iter()
            .filter_map(|ident| Some(&self.statics.get(&ident.to_string())?.tokens))
    }

    /// The module `parameters` with what these operations have. `elsewhere` says where a static is, if not here.
    pub fn module<'d>(
        &self,
        operations: impl Iterator<Item = &'d Operation>,
        elsewhere: impl Fn(&Part) -> Option<TokenStream>,
    ) -> TokenStream {
        let mut wanted: Vec<&Ident> = operations
            .flat_map(|operation| self.of_operation(operation))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let each = wanted.into_iter().filter_map(|ident| {
            let part = self.statics.get(&ident.to_string())?;
            Some(match elsewhere(part) {
                Some(server) => quote!(pub use #server::parameters::#ident;),
                None => part.tokens.clone(),
            })
        });
        quote! {
            /// The parameters of requests.
            #[allow(unused_imports, unused_variables)]
            pub(crate) mod parameters {
                use super::{checks, deprecations};
                use ::crm_runtime::pattern;
                use ::crm_runtime::server::{
                    Parameter, Scalar, Shape, Source, check, check::{Bound, Count, Rule},
                };

                #(#each)*
            }
        }
    }
}

/// What the static of a parameter is called after: the component that it is, or its own name.
fn label(parameter: &Parameter) -> &str {
    parameter
        .at
        .pointer
        .strip_prefix(COMPONENTS)
        .unwrap_or(&parameter.name)
}

fn expression(
    scope: &Scope<'_, '_>,
    parameter: &Parameter,
    found: &mut Diagnostics,
) -> TokenStream {
    let source = source(parameter, found);
    let shape = shape(scope.shapes, parameter, found);
    let check = validation::as_function(scope, &parameter.schema, found);
    let name = &parameter.name;
    let required = match default(scope.shapes, parameter) {
        Some(default) => Some(quote!(.or(#default))),
        None => parameter.required.then(|| quote!(.required())),
    };
    let deprecated = scope
        .deprecations
        .notice(parameter.deprecation.as_ref(), &parameter.at)
        .map(|notice| quote!(.deprecated(#notice)));
    quote!(Parameter::new(#source, #name, #shape, #check) #required #deprecated)
}

/// The value of a parameter that is left out, as JSON.
pub fn default(shapes: &Shapes<'_>, parameter: &Parameter) -> Option<String> {
    let own = parameter.schema.default.as_ref();
    let default = own.or(shapes.resolve(&parameter.schema).default.as_ref())?;
    Some(default.to_string())
}

/// The part of the request from which the runtime reads a parameter.
fn source(parameter: &Parameter, found: &mut Diagnostics) -> TokenStream {
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
fn shape(shapes: &Shapes<'_>, parameter: &Parameter, found: &mut Diagnostics) -> TokenStream {
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
