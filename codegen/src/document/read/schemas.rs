//! Reads schemas from both dialects of OpenAPI into one model, and joins the parts of a schema. The files in the folder
//! read types, constraints and unions.

mod rules;
mod types;
mod unions;

use indexmap::IndexMap;

use super::parameters::schema_examples;
use super::place::Place;
use super::{Dialect, Reader};
use crate::document::{Kind, Schema};
use types::enum_holds_null;

const ANNOTATIONS: &[&str] = &[
    "title",
    "description",
    "default",
    "example",
    "examples",
    "readOnly",
    "writeOnly",
    "deprecated",
    "externalDocs",
    "xml",
    "$comment",
    "$ref",
    "type",
    "enum",
    "const",
    "nullable",
    "format",
    "oneOf",
    "anyOf",
    "allOf",
    "discriminator",
];
const TEXT: &[&str] = &[
    "minLength",
    "maxLength",
    "pattern",
    "contentMediaType",
    "contentSchema",
];
const NUMBER: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];
const LIST: &[&str] = &["items", "minItems", "maxItems", "uniqueItems"];
const MAP: &[&str] = &[
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
];

impl<'a> Reader<'a> {
    pub(super) fn component_schemas(
        &mut self,
        section: Option<Place<'a>>,
    ) -> IndexMap<String, Schema> {
        self.section(section, |reader, place| Some(reader.schema(place)))
    }

    pub(super) fn schema(&mut self, place: &Place<'a>) -> Schema {
        let at = self.at(place);
        if !self.charge(1) {
            return Schema::of(Kind::Any, at);
        }
        match place.node.as_bool() {
            Some(true) => return Schema::of(Kind::Any, at),
            Some(false) => return Schema::of(Kind::Never, at),
            None => {}
        }
        if self.map(place).is_none() {
            return Schema::of(Kind::Any, at);
        }
        let mut schema = Schema::of(Kind::Any, at);
        self.annotate(place, &mut schema);
        if place.has("$ref") {
            let name = self.reference(place, "schemas");
            schema.kind = name.map_or(Kind::Any, Kind::Ref);
            return if self.dialect == Dialect::V30 {
                self.bare(schema)
            } else {
                self.with_siblings(place, schema)
            };
        }
        let parts = self.parts(place, &mut schema);
        assemble(schema, parts)
    }

    /// OpenAPI 3.0 ignores keywords beside a reference.
    fn bare(&self, schema: Schema) -> Schema {
        Schema::of(schema.kind, schema.at)
    }

    /// Constraints beside a reference apply too: all must match.
    fn with_siblings(&mut self, place: &Place<'a>, mut schema: Schema) -> Schema {
        let constrains = |key: &&str| place.has(key);
        let any = [TEXT, NUMBER, LIST, MAP].concat().iter().any(constrains)
            || ["type", "enum", "const", "format", "oneOf", "anyOf", "allOf"]
                .iter()
                .any(constrains);
        if !any {
            return schema;
        }
        let reference = Schema::of(
            std::mem::replace(&mut schema.kind, Kind::Any),
            schema.at.clone(),
        );
        let mut parts = self.parts(place, &mut schema);
        parts.insert(0, reference);
        assemble(schema, parts)
    }

    /// Reads the annotations beside the constraints.
    fn annotate(&mut self, place: &Place<'a>, schema: &mut Schema) {
        schema.title = self.text(place, "title");
        schema.description = self.text(place, "description");
        schema.default = place.child("default").map(|value| self.json(&value));
        schema.examples = schema_examples(self, place);
        schema.read_only = self.boolean(place, "readOnly").unwrap_or(false);
        schema.write_only = self.boolean(place, "writeOnly").unwrap_or(false);
        schema.deprecation = self.deprecation(place);
        schema.extensions = self.extensions(place);
        if place.has("x-extensible-enum") {
            schema.extensible = Some(self.texts(place, "x-extensible-enum"));
        }
        for (key, child) in self.members(place) {
            let known = [ANNOTATIONS, TEXT, NUMBER, LIST, MAP]
                .iter()
                .any(|group| group.contains(&key.as_str()));
            if !known {
                let at = self.at(&child);
                schema.unsupported.push((key, at));
            }
        }
    }

    /// The constraints as parts that must all match; usually one part.
    fn parts(&mut self, place: &Place<'a>, schema: &mut Schema) -> Vec<Schema> {
        let (declared, null_declared) = self.types(place);
        self.values(place, schema);
        let composed: Vec<Schema> = ["allOf", "oneOf", "anyOf"]
            .into_iter()
            .filter(|key| place.has(key))
            .flat_map(|key| self.composition(place, key))
            .collect();
        if place.has("discriminator") && !place.has("oneOf") && !place.has("anyOf") {
            let at = place
                .child("discriminator")
                .map_or_else(|| schema.at.clone(), |place| self.at(&place));
            schema
                .unsupported
                .push(("discriminator without oneOf".to_owned(), at));
        }
        let base = self.base(place, schema, &declared, !composed.is_empty());
        let nullable_31 = null_declared && (schema.enumeration.is_none() || enum_holds_null(place));
        let only_null_in_enum = enum_holds_null(place) && declared.is_empty() && !null_declared;
        schema.nullable = nullable_31 || only_null_in_enum || self.nullable_30(place);
        if declared.is_empty() && null_declared && composed.is_empty() && base.is_none() {
            schema.nullable = false;
            return vec![Schema::of(Kind::Null, schema.at.clone())];
        }
        let at = schema.at.clone();
        base.map(|kind| Schema::of(kind, at))
            .into_iter()
            .chain(composed)
            .collect()
    }
}

/// Joins the parts under the annotations of the whole. A single part becomes the schema itself: its annotations stay if
/// the whole has none.
fn assemble(mut schema: Schema, mut parts: Vec<Schema>) -> Schema {
    if parts.len() > 1 {
        schema.kind = Kind::AllOf(parts);
        return schema;
    }
    let Some(part) = parts.pop() else {
        return schema;
    };
    schema.kind = part.kind;
    schema.nullable |= part.nullable;
    schema.title = schema.title.or(part.title);
    schema.description = schema.description.or(part.description);
    schema.enumeration = schema.enumeration.or(part.enumeration);
    schema.extensible = schema.extensible.or(part.extensible);
    schema.constant = schema.constant.or(part.constant);
    schema.default = schema.default.or(part.default);
    schema.read_only |= part.read_only;
    schema.write_only |= part.write_only;
    schema.deprecation = schema.deprecation.or(part.deprecation);
    if schema.examples.is_empty() {
        schema.examples = part.examples;
    }
    for (key, value) in part.extensions {
        schema.extensions.entry(key).or_insert(value);
    }
    schema.unsupported.extend(part.unsupported);
    schema
}
