//! Runs progenitor. Every schema name of the lowered document is mapped to an existing type, so that it generates calls
//! and no types. Anything that it cannot do becomes a finding.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use quote::quote;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generate::rust_type::{Place, rust_type};
use crate::generate::shapes::Shapes;
use crate::lower::{Lowered, Part, Shape};
use crate::names;
use crate::progenitor_name;

/// Generates the client with progenitor.
pub fn generate(
    lowered: &Lowered,
    shapes: &Shapes<'_>,
    found: &mut Diagnostics,
) -> Option<syn::File> {
    match run(lowered, shapes) {
        Ok(file) => Some(file),
        Err(why) => {
            found.push(Diagnostic::new(
                "generator",
                &lowered.hoisted.at,
                format!("progenitor cannot write a client of this document: {why}"),
                "report this as a bug: the lowering should have refused it",
            ));
            None
        }
    }
}

fn run(lowered: &Lowered, shapes: &Shapes<'_>) -> Result<syn::File, String> {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(::crm_runtime::client::State));
    for (name, path) in types(lowered, shapes) {
        // Printed tokens have spaces, which would show in messages.
        settings.with_replacement(name, path.replace(" ", ""), std::iter::empty());
    }
    let document =
        serde_json::from_value(only_names(lowered)).map_err(|error| error.to_string())?;
    // Progenitor panics on unexpected input. The lowering refuses everything that is known to cause that.
    let tokens = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&document)
    }))
    .map_err(|panic| message(&*panic))?
    .map_err(|error| error.to_string())?;
    syn::parse2(tokens).map_err(|error| error.to_string())
}

/// The Rust type of every schema of the lowered document.
fn types(lowered: &Lowered, shapes: &Shapes<'_>) -> BTreeMap<String, String> {
    let components = shapes.schemas.keys().map(|name| {
        (
            progenitor_name::of_type(name),
            Place::Request.named(shapes, name).to_string(),
        )
    });
    let parts = lowered
        .parts
        .iter()
        .map(|(name, part)| (progenitor_name::of_type(name), part_type(shapes, part)));
    components.chain(parts).collect()
}

fn part_type(shapes: &Shapes<'_>, part: &Part) -> String {
    if let (Shape::Failure, Some(name)) = (part.shape, part.schema.as_ref_name()) {
        return format!("super::failures::{}", names::type_ident(name));
    }
    let plain = rust_type(shapes, &part.schema, Place::Request);
    match part.shape {
        Shape::Plain if plain.to_string() == "()" => quote!(::crm_runtime::client::Nothing),
        Shape::Plain | Shape::Failure => plain,
        Shape::CommaSeparated => {
            let list = shapes.resolve(&part.schema);
            let item = match &list.kind {
                crate::document::Kind::Array(rules) => {
                    rust_type(shapes, &rules.items, Place::Request)
                }
                _ => plain,
            };
            quote!(::crm_runtime::client::CommaSeparated<#item>)
        }
        Shape::JsonText => quote!(::crm_runtime::client::JsonText<#plain>),
        Shape::Optional => quote!(::std::option::Option<#plain>),
    }
    .to_string()
}

/// The document with names of schemas only, since their content is in the types already.
fn only_names(lowered: &Lowered) -> Value {
    let mut document = lowered.json.clone();
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        for schema in schemas.values_mut() {
            *schema = json!({ "type": "object" });
        }
    }
    document
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}
