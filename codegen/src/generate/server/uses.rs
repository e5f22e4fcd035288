//! Deprecated parts of answers: for each schema with a deprecated property or value at any depth, a function that
//! records those in a value.

use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashSet;

use super::deprecations::{Deprecations, properties};
use crate::document::{Additional, Kind, ObjectRules, Schema};
use crate::generate::rust_type::{Place, holds_null};
use crate::generate::shapes::{Shapes, is_alias, references};
use crate::generate::types::{alternatives, other_ident, variants};
use crate::generate::unique::unique_values;
use crate::names;

/// The schemas with a deprecated property at any depth, and the code to walk their values.
pub struct Uses<'a, 'd> {
    shapes: &'a Shapes<'d>,
    deprecations: &'a Deprecations,
    leading: HashSet<String>,
}

impl<'a, 'd> Uses<'a, 'd> {
    pub fn of(shapes: &'a Shapes<'d>, deprecations: &'a Deprecations) -> Self {
        let leading = shapes.fixpoint(|_, done, schema| {
            properties(schema).any(|(_, property)| property.deprecation.is_some())
                || !schema.deprecated_values().is_empty()
                || references(schema).iter().any(|name| done.contains(*name))
        });
        Self {
            shapes,
            deprecations,
            leading,
        }
    }

    /// The module `uses`: a function for each operation whose answer may hold deprecated parts, and for each schema on
    /// the way.
    pub fn module(&self, of_operations: &[TokenStream]) -> TokenStream {
        let answered = self
            .shapes
            .document
            .operations
            .iter()
            .flat_map(|operation| operation.successes())
            .flat_map(|(_, response)| response.content.values())
            .filter_map(|media| media.schema.as_ref());
        let reached = self.shapes.reached(answered);
        let functions = self
            .shapes
            .schemas
            .iter()
            .filter(|(name, _)| reached.contains(name.as_str()) && self.leading.contains(*name))
            .map(|(name, schema)| {
                let ident = names::type_ident(name);
                let held = Place::Answer.named(self.shapes, name);
                let statements = self.named(name, schema);
                quote! {
                    pub fn #ident(value: &#held, used: &mut UsedDeprecations) {
                        #statements
                    }
                }
            });
        let functions: Vec<TokenStream> = functions.collect();
        quote! {
            /// The deprecated parts of answers.
            #[allow(non_snake_case, unused_imports)]
            mod uses {
                use super::{deprecations, types, uses};
                use ::crm_runtime::server::UsedDeprecations;

                #(#functions)*
                #(#of_operations)*
            }
        }
    }

    /// Statements over `value`, a reference to a value of the schema's type, and `used`. None if nothing in it is
    /// deprecated.
    pub fn of_value(&self, schema: &Schema) -> Option<TokenStream> {
        let inner = match &schema.kind {
            Kind::Ref(name) if self.leading.contains(name) => {
                let ident = names::type_ident(name);
                quote!(uses::#ident(value, used);)
            }
            Kind::Array(rules) => {
                let each = self.of_value(&rules.items)?;
                quote!(for value in value { #each })
            }
            Kind::Object(rules) => self.rest(&rules.additional)?,
            _ => return None,
        };
        Some(match holds_null(self.shapes, schema) {
            true => quote!(if let Some(value) = value { #inner }),
            false => inner,
        })
    }

    /// The values of a map.
    fn rest(&self, additional: &Additional) -> Option<TokenStream> {
        let Additional::Schema(schema) = additional else {
            return None;
        };
        let each = self.of_value(schema)?;
        Some(quote!(for value in value.values() { #each }))
    }

    fn named(&self, name: &str, schema: &Schema) -> TokenStream {
        match &schema.kind {
            Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
                self.union(name, variants)
            }
            Kind::Object(rules) if !is_alias(schema) => self.structure(schema, rules),
            Kind::String(_) if !is_alias(schema) => self.enumeration(name, schema),
            _ => {
                // The function of a named schema does not handle null; its references do.
                let mut plain = schema.clone();
                plain.nullable = false;
                let inner = self.of_value(&plain);
                match self.shapes.is_wrapped(name) {
                    true => quote!(let value = &value.0; #inner),
                    false => quote!(#inner),
                }
            }
        }
    }

    fn union(&self, name: &str, variants: &[Schema]) -> TokenStream {
        let ident = names::type_ident(name);
        let idents = alternatives(name, variants);
        let arms = variants.iter().zip(idents).filter_map(|(variant, arm)| {
            let inner = self.of_value(variant)?;
            Some(quote!(types::#ident::#arm(value) => { #inner }))
        });
        quote! {
            #[allow(unreachable_patterns)]
            match value { #(#arms)* _ => {} }
        }
    }

    fn enumeration(&self, name: &str, schema: &Schema) -> TokenStream {
        let ident = names::type_ident(name);
        let going = self.deprecations.values(schema);
        let known = schema.known_texts().into_iter().zip(variants(schema));
        let arms = known.filter_map(|(value, variant)| {
            let (_, notice) = going.iter().find(|(known, _)| *known == value)?;
            Some(quote!(types::#ident::#variant => used.add(#notice),))
        });
        quote! {
            #[allow(unreachable_patterns)]
            match value { #(#arms)* _ => {} }
        }
    }

    fn structure(&self, schema: &Schema, rules: &ObjectRules) -> TokenStream {
        let idents = unique_values(rules.properties.keys().map(String::as_str), &[]);
        let parameter = self.shapes.parameter(schema);
        let each = rules
            .properties
            .iter()
            .zip(&idents)
            .filter_map(|((key, property), ident)| {
                let schema = &property.schema;
                let note = self
                    .deprecations
                    .notice(schema.deprecation.as_ref(), &schema.at)
                    .map(|notice| quote!(used.add(#notice);));
                // The type of a type parameter is not walked.
                let inner = self.of_value(schema).filter(|_| parameter != Some(key));
                if note.is_none() && inner.is_none() {
                    return None;
                }
                let bound = inner.as_ref().map_or(quote!(_), |_| quote!(value));
                Some(match property.required {
                    true => quote!({ #note let #bound = &value.#ident; #inner }),
                    false => quote!(if let Some(#bound) = &value.#ident { #note #inner }),
                })
            });
        let each: Vec<TokenStream> = each.collect();
        let rest = other_ident(rules, &idents).zip(self.rest(&rules.additional));
        let rest = rest.map(|(ident, rest)| quote!({ let value = &value.#ident; #rest }));
        quote!(#(#each)* #rest)
    }
}
