//! Validation as code: for each schema of requests, a function that reports all failures of a value. Bounds are in the
//! code, so nothing is interpreted at run time.

mod text;

use indexmap::IndexMap;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Number;

use super::Scope;
use crate::diagnostic::Diagnostics;
use crate::document::{
    Additional, ArrayRules, Discriminator, Kind, NumberRules, ObjectRules, Operation, Schema,
};
use crate::generate::shapes::{Shapes, references};
use crate::generate::versions::Part;
use crate::names;

/// A function for each named schema of requests, by the name of the schema.
pub fn checks(scope: &Scope<'_, '_>, found: &mut Diagnostics) -> IndexMap<String, Part> {
    let operations = &scope.shapes.document.operations;
    let reached = scope.shapes.reached(operations.iter().flat_map(asked));
    scope
        .shapes
        .schemas
        .iter()
        .filter(|(name, _)| reached.contains(name.as_str()))
        .map(|(name, schema)| {
            let ident = names::type_ident(name);
            let judged = judged(scope, schema, found);
            let function = quote! {
                pub fn #ident(value: &Value, at: &At<'_>, report: &mut Report) {
                    #judged
                }
            };
            (name.clone(), Part::new(function, references(schema)))
        })
        .collect()
}

/// The module `checks` with what these operations reach. `elsewhere` says where the check of a schema is, if not here.
pub fn module<'d>(
    shapes: &'d Shapes<'_>,
    checks: &IndexMap<String, Part>,
    operations: impl Iterator<Item = &'d Operation>,
    elsewhere: impl Fn(&str) -> Option<TokenStream>,
) -> TokenStream {
    let reached = shapes.reached(operations.flat_map(asked));
    let functions = checks
        .iter()
        .filter(|(name, _)| reached.contains(name.as_str()))
        .map(|(name, part)| match elsewhere(name) {
            Some(server) => {
                let ident = names::type_ident(name);
                quote!(pub use #server::checks::#ident;)
            }
            None => part.tokens.clone(),
        });
    quote! {
        /// The checks of requests.
        #[allow(non_snake_case, unused_imports, unused_variables)]
        pub(crate) mod checks {
            use super::{checks, deprecations};
            use ::crm_runtime::pattern;
            use ::crm_runtime::server::{At, Report, check, check::{Bound, Count, Rule}};
            use ::serde_json::Value;

            #(#functions)*
        }
    }
}

/// The schemas of an operation's request.
pub fn asked(operation: &Operation) -> impl Iterator<Item = &Schema> {
    let parameters = operation
        .parameters
        .iter()
        .map(|parameter| &parameter.schema);
    let body = operation
        .body
        .iter()
        .flat_map(|body| body.content.values())
        .filter_map(|media| media.schema.as_ref());
    parameters.chain(body)
}

/// A check as a value: the function of a named schema, or a closure.
pub fn as_function(scope: &Scope<'_, '_>, schema: &Schema, found: &mut Diagnostics) -> TokenStream {
    if let (Some(name), false) = (schema.as_ref_name(), scope.shapes.nullable(schema)) {
        let ident = names::type_ident(name);
        return quote!(checks::#ident);
    }
    match judged(scope, schema, found) {
        Some(judged) => quote!(|value, at, report| #judged),
        None => quote!(check::any),
    }
}

/// An expression over `value`, `at` and `report`. None: every value is valid.
fn judged(scope: &Scope<'_, '_>, schema: &Schema, found: &mut Diagnostics) -> Option<TokenStream> {
    let inner = not_null(scope, schema, found)?;
    if !scope.shapes.nullable(schema) || matches!(schema.kind, Kind::Null) {
        return Some(inner);
    }
    Some(quote! {
        if !value.is_null() {
            #inner
        }
    })
}

/// Several expressions as one.
fn all(each: impl IntoIterator<Item = TokenStream>) -> Option<TokenStream> {
    let each: Vec<TokenStream> = each.into_iter().collect();
    match each.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(quote!({ #(#several;)* })),
    }
}

fn not_null(
    scope: &Scope<'_, '_>,
    schema: &Schema,
    found: &mut Diagnostics,
) -> Option<TokenStream> {
    let inner = match &schema.kind {
        Kind::Any => None,
        Kind::Never => Some(quote!(check::never(at, report))),
        Kind::Null => Some(quote!(check::null(value, at, report))),
        Kind::Boolean => Some(quote!(check::boolean(value, at, report))),
        Kind::String(rules) => return Some(text::text(scope, schema, rules, found)),
        Kind::Integer(rules) => Some(integer(rules)),
        Kind::Number(rules) => Some(number(rules)),
        Kind::Array(rules) => Some(array(scope, rules, found)),
        Kind::Object(rules) => Some(object(scope, rules, found)),
        Kind::Ref(name) => {
            let ident = names::type_ident(name);
            Some(quote!(checks::#ident(value, at, report)))
        }
        Kind::OneOf {
            variants,
            discriminator,
        } => Some(union(scope, variants, discriminator.as_ref(), true, found)),
        Kind::AnyOf {
            variants,
            discriminator,
        } => Some(union(scope, variants, discriminator.as_ref(), false, found)),
        // Merged before.
        Kind::AllOf(_) => None,
    };
    all(inner.into_iter().chain(enumeration(schema)))
}

/// `enum` and `const` of anything but text.
fn enumeration(schema: &Schema) -> Option<TokenStream> {
    let values = match (&schema.constant, &schema.enumeration) {
        (Some(constant), _) => vec![constant.to_string()],
        (None, Some(values)) => values.iter().map(ToString::to_string).collect(),
        (None, None) => return None,
    };
    Some(quote!(check::one_of_values(value, &[#(#values),*], at, report)))
}

fn integer(rules: &NumberRules) -> TokenStream {
    let up = |number: &Number| {
        number
            .as_i64()
            .or_else(|| number.as_f64().map(|number| number.ceil() as i64))
    };
    let down = |number: &Number| {
        number
            .as_i64()
            .or_else(|| number.as_f64().map(|number| number.floor() as i64))
    };
    let above = rules
        .exclusive_minimum
        .as_ref()
        .and_then(down)
        .map(|bound| bound.saturating_add(1));
    let below = rules
        .exclusive_maximum
        .as_ref()
        .and_then(up)
        .map(|bound| bound.saturating_sub(1));
    let narrow = rules.format.as_deref() == Some("int32");
    let of_format = |bound: i32| narrow.then_some(i64::from(bound));
    let least = rules
        .minimum
        .as_ref()
        .and_then(up)
        .max(above)
        .max(of_format(i32::MIN));
    let most = [
        rules.maximum.as_ref().and_then(down),
        below,
        of_format(i32::MAX),
    ]
    .into_iter()
    .flatten()
    .min();
    let multiple_of = rules.multiple_of.as_ref().and_then(Number::as_i64);
    let bounds = bounds(
        [least, most, None, None, multiple_of],
        Literal::i64_unsuffixed,
    );
    quote!(check::integer(value, &[#(#bounds),*], at, report))
}

/// The bounds that there are of least, most, above, below and multiple of.
fn bounds<N: Copy>(
    [least, most, above, below, multiple_of]: [Option<N>; 5],
    literal: fn(N) -> Literal,
) -> Vec<TokenStream> {
    let mut found = Vec::new();
    let one = |variant: &str, number: N| {
        let (variant, number) = (names::ident(variant), literal(number));
        quote!(Bound::#variant(#number))
    };
    match (least, most) {
        (Some(least), Some(most)) => {
            let (least, most) = (literal(least), literal(most));
            found.push(quote!(Bound::Within(#least, #most)));
        }
        (least, most) => {
            found.extend(least.map(|least| one("Least", least)));
            found.extend(most.map(|most| one("Most", most)));
        }
    }
    found.extend(above.map(|above| one("Above", above)));
    found.extend(below.map(|below| one("Below", below)));
    found.extend(multiple_of.map(|factor| one("MultipleOf", factor)));
    found
}

fn number(rules: &NumberRules) -> TokenStream {
    let each = [
        &rules.minimum,
        &rules.maximum,
        &rules.exclusive_minimum,
        &rules.exclusive_maximum,
        &rules.multiple_of,
    ]
    .map(|bound| bound.as_ref().and_then(Number::as_f64));
    let bounds = bounds(each, Literal::f64_unsuffixed);
    quote!(check::number(value, &[#(#bounds),*], at, report))
}

fn array(scope: &Scope<'_, '_>, rules: &ArrayRules, found: &mut Diagnostics) -> TokenStream {
    let count = count(rules.min_items, rules.max_items).unwrap_or(quote!(Count::Any));
    let each = as_function(scope, &rules.items, found);
    match rules.unique_items {
        true => quote!(check::set(value, #count, #each, at, report)),
        false => quote!(check::list(value, #count, #each, at, report)),
    }
}

fn object(scope: &Scope<'_, '_>, rules: &ObjectRules, found: &mut Diagnostics) -> TokenStream {
    let mut arms = Vec::new();
    for (name, property) in &rules.properties {
        let inner = match property.schema.read_only {
            true => Some(quote!(check::never(at, report))),
            false => judged(scope, &property.schema, found),
        };
        let deprecated = scope
            .deprecations
            .notice(property.schema.deprecation.as_ref(), &property.schema.at)
            .map(|notice| quote!(report.uses(#notice)));
        let arm = all(deprecated.into_iter().chain(inner)).unwrap_or(quote!({}));
        arms.push(quote!(#name => #arm,));
    }
    let rest = match &rules.additional {
        Additional::Allowed => None,
        Additional::Unsaid if rules.properties.is_empty() => None,
        Additional::Unsaid | Additional::Refused => {
            Some(quote!(check::unknown_property(at, report)))
        }
        Additional::Schema(value) => {
            let key = quote!(check::key(name, at, report));
            all([key].into_iter().chain(judged(scope, value, found)))
        }
    };
    let each = match (arms.as_slice(), rest) {
        ([], None) => None,
        ([], Some(rest)) => Some(rest),
        (arms, rest) => {
            let rest = rest.unwrap_or(quote!({}));
            Some(quote! {
                match name {
                    #(#arms)*
                    _ => #rest,
                }
            })
        }
    };
    let required: Vec<&String> = rules
        .properties
        .iter()
        .filter(|(_, property)| property.required && !property.schema.read_only)
        .map(|(name, _)| name)
        .chain(&rules.required_elsewhere)
        .collect();
    let judged = match each {
        None if required.is_empty() => quote!(check::any_object(value, at, report)),
        each => {
            let each = each.unwrap_or(quote!({}));
            quote! {
                check::object(value, &[#(#required),*], |name, value, at, report| #each, at, report)
            }
        }
    };
    match count(rules.min_properties, rules.max_properties) {
        Some(count) => quote!({ #judged; check::properties(value, #count, at, report); }),
        None => judged,
    }
}

fn union(
    scope: &Scope<'_, '_>,
    variants: &[Schema],
    discriminator: Option<&Discriminator>,
    exactly_one: bool,
    found: &mut Diagnostics,
) -> TokenStream {
    let Some(discriminator) = discriminator else {
        let checks = variants
            .iter()
            .map(|variant| as_function(scope, variant, found));
        let checks: Vec<TokenStream> = checks.collect();
        return quote!(check::alternatives(value, &[#(#checks),*], #exactly_one, at, report));
    };
    let property = &discriminator.property;
    let known: Vec<&String> = discriminator.mapping.keys().collect();
    let arms = discriminator.mapping.iter().map(|(value, target)| {
        let ident = names::type_ident(target);
        quote!(Some(#value) => checks::#ident(value, at, report),)
    });
    quote! {
        match check::discriminator(value, #property, at, report) {
            #(#arms)*
            Some(_) => check::no_alternative(#property, &[#(#known),*], at, report),
            None => {}
        }
    }
}

/// The bounds of a count, if there are any.
fn count(least: Option<u64>, most: Option<u64>) -> Option<TokenStream> {
    let least = least
        .filter(|least| *least > 0)
        .map(Literal::u64_unsuffixed);
    match (least, most.map(Literal::u64_unsuffixed)) {
        (None, None) => None,
        (Some(least), None) => Some(quote!(Count::Least(#least))),
        (None, Some(most)) => Some(quote!(Count::Most(#most))),
        (Some(least), Some(most)) => Some(quote!(Count::Between(#least, #most))),
    }
}
