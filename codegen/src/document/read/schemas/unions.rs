//! `oneOf`, `anyOf`, `allOf`, and the discriminator that chooses between variants.

use indexmap::IndexMap;
use serde_json::Value;

use super::Place;
use crate::document::read::Reader;
use crate::document::{Discriminator, Kind, Schema};

impl<'a> Reader<'a> {
    /// The parts that `allOf`, `oneOf` or `anyOf` adds to the constraints.
    pub(super) fn composition(&mut self, place: &Place<'a>, key: &str) -> Vec<Schema> {
        let Some(written) = place.child(key) else {
            return Vec::new();
        };
        let at = self.at(&written);
        let places = self.list_of(&written);
        if places.is_empty() && written.node.as_list().is_some() {
            self.report_at(
                "composition",
                &written,
                format!("`{key}` without members allows nothing"),
                "list its members, or remove it",
            );
        }
        let mut variants: Vec<Schema> = places.iter().map(|place| self.schema(place)).collect();
        if key == "allOf" {
            return variants;
        }
        let before = variants.len();
        variants.retain(|variant| !matches!(variant.kind, Kind::Null));
        let null = variants.len() < before;
        if key == "oneOf"
            && (variants.len() + 1 < before || null && variants.iter().any(admits_null))
        {
            self.report_at(
                "composition",
                &written,
                "null matches more than one variant here, so it is never valid",
                "let one of the variants allow null",
            );
        }
        let discriminator = self.discriminator(place, &variants);
        let mut schema = match (variants.pop(), variants.is_empty()) {
            (None, _) if null => Schema::of(Kind::Null, at),
            (None, _) => Schema::of(Kind::Any, at),
            (Some(only), true) if discriminator.is_none() => only,
            (Some(last), _) => {
                variants.push(last);
                let kind = if key == "oneOf" {
                    Kind::OneOf {
                        variants,
                        discriminator,
                    }
                } else {
                    Kind::AnyOf {
                        variants,
                        discriminator,
                    }
                };
                Schema::of(kind, at)
            }
        };
        schema.nullable |= null && !matches!(schema.kind, Kind::Null);
        vec![schema]
    }

    pub(super) fn discriminator(
        &mut self,
        place: &Place<'a>,
        variants: &[Schema],
    ) -> Option<Discriminator> {
        let place = place.child("discriminator")?;
        self.map(&place)?;
        self.known(&place, &["propertyName", "mapping"], &[]);
        let property = self.required_text(&place, "propertyName")?;
        let mut written: Vec<(String, String)> = Vec::new();
        for (value, target) in place
            .child("mapping")
            .map(|m| self.all_members(&m))
            .unwrap_or_default()
        {
            let Some(text) = self.text_of(&target) else {
                continue;
            };
            let name = text
                .strip_prefix("#/components/schemas/")
                .unwrap_or(&text)
                .to_owned();
            if variants
                .iter()
                .any(|variant| variant.as_ref_name() == Some(&name))
            {
                written.push((value, name));
            } else {
                let message = format!(
                    "`{text}` is not one of the variants, so `{value}` can never be chosen"
                );
                self.report_at(
                    "discriminator-mapping",
                    &target,
                    message,
                    "name one of the schemas under oneOf",
                );
            }
        }
        let mut mapping = IndexMap::new();
        for variant in variants {
            let Some(name) = variant.as_ref_name() else {
                let at = variant.at.clone();
                self.diagnostics.report(
                    "discriminator-variant",
                    &at,
                    "a discriminator chooses between named schemas; this variant has no name",
                    "move it to components.schemas and refer to it",
                );
                continue;
            };
            let values: Vec<&String> = written
                .iter()
                .filter(|(_, target)| target == name)
                .map(|(value, _)| value)
                .collect();
            if values.is_empty() {
                mapping.insert(name.to_owned(), name.to_owned());
            }
            for value in values {
                mapping.insert(value.clone(), name.to_owned());
            }
        }
        Some(Discriminator {
            property,
            mapping,
            at: self.at(&place),
        })
    }
}

/// Whether null is valid, as far as this is visible without following references.
fn admits_null(schema: &Schema) -> bool {
    schema.nullable
        || match &schema.kind {
            Kind::Null => true,
            Kind::Any => {
                schema.enumeration.is_none() && schema.constant.as_ref().is_none_or(Value::is_null)
            }
            Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
                variants.iter().any(admits_null)
            }
            Kind::AllOf(parts) => parts.iter().all(admits_null),
            _ => false,
        }
}
