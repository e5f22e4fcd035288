//! Record types: the link from a struct of fields to its record type, and the schemas themselves as
//! data, from which a server builds its field definitions.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::document::Schema;
use crate::generate::shapes::Shapes;
use crate::generate::unique::unique_types;
use crate::names;
use crate::source::{Content, Node};

/// The deepest nesting of references.
const DEEPEST: usize = 16;

/// The implementations that make a struct the fields of a record type, by the name of its schema.
pub fn implementations<'d>(shapes: &Shapes<'d>) -> HashMap<&'d str, TokenStream> {
    let records = shapes.document.record_types();
    records
        .map(|(record, name, _)| {
            let ident = names::type_ident(name);
            let names = names_ident(shapes, name);
            let enumeration = field_names(shapes, name, &names);
            let tokens = quote! {
                #enumeration

                impl ::crm_runtime::RecordFields for #ident {
                    const TYPE: &'static str = #record;
                    type Name = #names;
                }
            };
            (name, tokens)
        })
        .collect()
}

/// The record types of a version as data.
pub fn data(shapes: &Shapes<'_>) -> TokenStream {
    let document = shapes.document;
    let records: Vec<(&str, &str)> = document
        .record_types()
        .map(|(record, name, _)| (record, name))
        .collect();
    if records.is_empty() {
        return TokenStream::new();
    }
    let entries = records.iter().filter_map(|(record, name)| {
        let schema = document
            .source
            .get("components")?
            .get("schemas")?
            .get(name)?;
        let schema = serde_json::to_string(&inlined(schema, &document.source, 0)).ok()?;
        Some(quote!((#record, #schema)))
    });
    quote! {
        /// The record types of the contract: the type's name, and the schema of its fields as JSON,
        /// extensions included, references inlined.
        pub const RECORD_TYPES: &[(&str, &str)] = &[#(#entries),*];
    }
}

/// The name of the enumeration of a record type's fields: `JobFieldsName`.
fn names_ident(shapes: &Shapes<'_>, name: &str) -> Ident {
    let mut text = names::nested(name, "Name");
    while shapes.schemas.contains_key(&text) {
        text.push('_');
    }
    names::ident(&text)
}

/// The names of the fields that a caller may write.
fn field_names(shapes: &Shapes<'_>, name: &str, ident: &Ident) -> TokenStream {
    let rules = shapes.schemas.get(name).and_then(Schema::as_object);
    let (written, deprecated): (Vec<&str>, Vec<_>) = rules
        .into_iter()
        .flat_map(|rules| &rules.properties)
        .filter(|(_, property)| !property.schema.read_only)
        .map(|(name, property)| (name.as_str(), super::deprecated(&property.schema)))
        .unzip();
    let idents = unique_types(written.iter().copied(), &[]);
    let docs = format!(" The fields of `{name}` that a caller may write.");
    quote! {
        ::crm_runtime::closed_enum! {
            #[doc = #docs]
            pub enum #ident { #(#deprecated #idents = #written),* }
        }
    }
}

/// A node with its references replaced by their targets; keywords beside a reference take precedence. A recursive
/// reference becomes a schema for any value.
fn inlined(node: &Node, root: &Node, depth: usize) -> Node {
    let content = match &node.content {
        Content::List(items) => Content::List(
            items
                .iter()
                .map(|item| inlined(item, root, depth))
                .collect(),
        ),
        Content::Map(members) => {
            let target = node
                .get("$ref")
                .and_then(Node::as_str)
                .and_then(|text| text.strip_prefix('#'));
            let mut out = match target.and_then(|pointer| root.at(pointer)) {
                Some(target) if depth < DEEPEST => match inlined(target, root, depth + 1).content {
                    Content::Map(members) => members,
                    _ => Default::default(),
                },
                _ => Default::default(),
            };
            for (key, member) in members.iter().filter(|(key, _)| *key != "$ref") {
                let mut member = member.clone();
                member.node = inlined(&member.node, root, depth);
                out.insert(key.clone(), member);
            }
            Content::Map(out)
        }
        other => other.clone(),
    };
    Node {
        content,
        ..node.clone()
    }
}
