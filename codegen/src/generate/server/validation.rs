//! Validation as code: for each schema of requests, a function that reports all failures of a value. Bounds are in the
//! code, so nothing is interpreted at run time.

mod text;

use indexmap::IndexMap;
use proc_macro2::TokenStream;
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
            let statements = statements(scope, schema, found);
            let (value, at, report) = match statements.is_empty() {
                true => (quote!(_), quote!(_), quote!(_)),
                false => (quote!(value), quote!(at), quote!(report)),
            };
            let function = quote! {
                pub fn #ident(#value: &Value, #at: &At<'_>, #report: &mut Report) {
                    #statements
                }
            };
            (name.clone(), Part::new(function, references(schema)))
        })
        .collect()
}

/// The module `checks` with the functions that these operations use.
pub fn module<'d>(
    shapes: &'d Shapes<'_>,
    checks: &IndexMap<String, Part>,
    operations: impl Iterator<Item = &'d Operation>,
) -> TokenStream {
    let reached = shapes.reached(operations.flat_map(asked));
    let functions = checks
        .iter()
        .filter(|(name, _)| reached.contains(name.as_str()))
        .map(|(_, part)| &part.tokens);
    quote! {
        /// The checks of requests.
        #[allow(non_snake_case, unused_imports)]
        mod checks {
            use super::{checks, deprecations};
            use ::crm_runtime::server::{At, Pattern, Report, check};
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
    let statements = statements(scope, schema, found);
    if statements.is_empty() {
        return quote!(|_, _, _| {});
    }
    quote! {
        |value, at, report| {
            #[allow(unused_imports)]
            use ::crm_runtime::server::{Pattern, check};
            #statements
        }
    }
}

/// Statements over `value`, `at` and `report`. None: every value is valid.
fn statements(scope: &Scope<'_, '_>, schema: &Schema, found: &mut Diagnostics) -> TokenStream {
    let inner = not_null(scope, schema, found);
    if inner.is_empty() || !scope.shapes.nullable(schema) || matches!(schema.kind, Kind::Null) {
        return inner;
    }
    quote! {
        if !value.is_null() {
            #inner
        }
    }
}

fn not_null(scope: &Scope<'_, '_>, schema: &Schema, found: &mut Diagnostics) -> TokenStream {
    let enumeration = enumeration(schema);
    let inner = match &schema.kind {
        Kind::Any => TokenStream::new(),
        Kind::Never => quote!(check::never(at, report);),
        Kind::Null => quote!(check::null(value, at, report);),
        Kind::Boolean => quote!(check::boolean(value, at, report);),
        Kind::String(rules) => return text::text(scope, schema, rules, found),
        Kind::Integer(rules) => integer(rules),
        Kind::Number(rules) => number(rules),
        Kind::Array(rules) => array(scope, rules, found),
        Kind::Object(rules) => object(scope, rules, found),
        Kind::Ref(name) => {
            let ident = names::type_ident(name);
            quote!(checks::#ident(value, at, report);)
        }
        Kind::OneOf {
            variants,
            discriminator,
        } => union(scope, variants, discriminator.as_ref(), true, found),
        Kind::AnyOf {
            variants,
            discriminator,
        } => union(scope, variants, discriminator.as_ref(), false, found),
        // Merged before.
        Kind::AllOf(_) => TokenStream::new(),
    };
    quote!(#inner #enumeration)
}

/// `enum` and `const` of anything but text.
fn enumeration(schema: &Schema) -> Option<TokenStream> {
    let values = match (&schema.constant, &schema.enumeration) {
        (Some(constant), _) => vec![constant.to_string()],
        (None, Some(values)) => values.iter().map(ToString::to_string).collect(),
        (None, None) => return None,
    };
    Some(quote!(check::one_of_values(value, &[#(#values),*], at, report);))
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
    if least.is_none() && most.is_none() && multiple_of.is_none() {
        return quote!(check::integer(value, at, report););
    }
    let (least, most, multiple_of) = (option(least), option(most), option(multiple_of));
    quote! {
        if let Some(number) = check::integer(value, at, report) {
            let bounds = check::Integers { least: #least, most: #most, multiple_of: #multiple_of };
            check::integers(number, bounds, at, report);
        }
    }
}

fn number(rules: &NumberRules) -> TokenStream {
    let bounds = [
        &rules.minimum,
        &rules.maximum,
        &rules.exclusive_minimum,
        &rules.exclusive_maximum,
        &rules.multiple_of,
    ]
    .map(|bound| bound.as_ref().and_then(Number::as_f64));
    if bounds.iter().all(Option::is_none) {
        return quote!(check::number(value, at, report););
    }
    let [least, most, above, below, multiple_of] = bounds.map(option);
    quote! {
        if let Some(number) = check::number(value, at, report) {
            let bounds = check::Numbers {
                least: #least,
                most: #most,
                above: #above,
                below: #below,
                multiple_of: #multiple_of,
            };
            check::numbers(number, bounds, at, report);
        }
    }
}

fn array(scope: &Scope<'_, '_>, rules: &ArrayRules, found: &mut Diagnostics) -> TokenStream {
    let count = count(rules.min_items, rules.max_items)
        .map(|count| quote!(check::items(items, #count, at, report);));
    let unique = rules
        .unique_items
        .then(|| quote!(check::unique(items, at, report);));
    let item = statements(scope, &rules.items, found);
    let each = (!item.is_empty()).then(|| {
        quote! {
            for (index, value) in items.iter().enumerate() {
                let at = &at.index(index);
                #item
            }
        }
    });
    if count.is_none() && unique.is_none() && each.is_none() {
        return quote!(check::array(value, at, report););
    }
    quote! {
        if let Some(items) = check::array(value, at, report) {
            #count
            #unique
            #each
        }
    }
}

fn object(scope: &Scope<'_, '_>, rules: &ObjectRules, found: &mut Diagnostics) -> TokenStream {
    let mut arms = Vec::new();
    for (name, property) in &rules.properties {
        let inner = match property.schema.read_only {
            true => quote!(check::never(at, report);),
            false => statements(scope, &property.schema, found),
        };
        let deprecated = scope
            .deprecations
            .notice(property.schema.deprecation.as_ref(), &property.schema.at)
            .map(|notice| quote!(report.uses(#notice);));
        arms.push(quote!(#name => { #deprecated #inner }));
    }
    let rest = match &rules.additional {
        Additional::Allowed => TokenStream::new(),
        Additional::Unsaid if rules.properties.is_empty() => TokenStream::new(),
        Additional::Unsaid | Additional::Refused => quote!(check::unknown_property(at, report);),
        Additional::Schema(value) => {
            let value = statements(scope, value, found);
            quote!(check::key(name, at, report); #value)
        }
    };
    let each = match (arms.as_slice(), rest.is_empty()) {
        ([], true) => None,
        ([], false) => Some(rest),
        _ => Some(quote! {
            match name.as_str() {
                #(#arms)*
                _ => { #rest }
            }
        }),
    };
    let each = each.map(|each| {
        quote! {
            for (name, value) in object {
                let at = &at.name(name);
                #each
            }
        }
    });
    let required: Vec<&String> = rules
        .properties
        .iter()
        .filter(|(_, property)| property.required && !property.schema.read_only)
        .map(|(name, _)| name)
        .chain(&rules.required_elsewhere)
        .collect();
    let required = (!required.is_empty())
        .then(|| quote!(check::required(object, &[#(#required),*], at, report);));
    let count = count(rules.min_properties, rules.max_properties)
        .map(|count| quote!(check::properties(object, #count, at, report);));
    if each.is_none() && required.is_none() && count.is_none() {
        return quote!(check::object(value, at, report););
    }
    quote! {
        if let Some(object) = check::object(value, at, report) {
            #each
            #required
            #count
        }
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
        return quote!(check::alternatives(value, &[#(#checks),*], #exactly_one, at, report););
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
    let least = least.filter(|least| *least > 0);
    if least.is_none() && most.is_none() {
        return None;
    }
    let (least, most) = (option(least), option(most));
    Some(quote!(check::Count { least: #least, most: #most }))
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}
