//! Schemas, from either dialect of OpenAPI to the one model.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::parameters::schema_examples;
use super::place::Place;
use super::{Dialect, Reader};
use crate::document::{
    Additional, ArrayRules, Discriminator, Kind, NumberRules, ObjectRules, Property, Schema,
    StringRules,
};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Text,
    Integer,
    Number,
    List,
    Map,
}

impl Type {
    fn parse(name: &str) -> Option<Type> {
        Some(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "string" => Type::Text,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "array" => Type::List,
            "object" => Type::Map,
            _ => return None,
        })
    }

    fn of(value: &Value) -> Type {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Boolean,
            Value::Number(number) if number.is_f64() => Type::Number,
            Value::Number(_) => Type::Integer,
            Value::String(_) => Type::Text,
            Value::Array(_) => Type::List,
            Value::Object(_) => Type::Map,
        }
    }
}

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

    /// OpenAPI 3.0 ignores what stands beside a reference.
    fn bare(&self, schema: Schema) -> Schema {
        Schema::of(schema.kind, schema.at)
    }

    /// Constraints beside a reference hold as well: all must match.
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

    /// What stands beside the constraints.
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

    /// The constraints, as parts that must all match; usually one.
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

    /// `type`, without null, and whether null is among them.
    fn types(&mut self, place: &Place<'a>) -> (Vec<Type>, bool) {
        let Some(written) = place.child("type") else {
            return (Vec::new(), false);
        };
        let names = match (written.node.as_str(), self.dialect) {
            (Some(name), _) => vec![name.to_owned()],
            (None, Dialect::V31) => self.texts_of(&written),
            (None, Dialect::V30) => {
                self.report_at(
                    "type",
                    &written,
                    "OpenAPI 3.0 knows only one type per schema",
                    "write one, and `nullable: true` for null",
                );
                Vec::new()
            }
        };
        let mut types = Vec::new();
        for name in names {
            match Type::parse(&name) {
                Some(Type::Null) if self.dialect == Dialect::V30 => {
                    self.report_at(
                        "type",
                        &written,
                        "OpenAPI 3.0 has no type null",
                        "write `nullable: true` beside the other type",
                    );
                }
                Some(kind) => types.push(kind),
                None => self.report_at(
                    "type",
                    &written,
                    format!("no type is called `{name}`"),
                    "one of: string, integer, number, boolean, array, object, null",
                ),
            }
        }
        let null = types.contains(&Type::Null);
        types.retain(|kind| *kind != Type::Null);
        (types, null)
    }

    fn nullable_30(&mut self, place: &Place<'a>) -> bool {
        let nullable = self.boolean(place, "nullable").unwrap_or(false);
        if let Some(written) = place.child("nullable")
            && self.dialect == Dialect::V31
        {
            self.report_at(
                "nullable",
                &written,
                "OpenAPI 3.1 has no `nullable`; it would be ignored",
                "write `type: [..., \"null\"]`",
            );
            return false;
        }
        nullable
    }

    fn values(&mut self, place: &Place<'a>, schema: &mut Schema) {
        schema.constant = place.child("const").map(|value| self.json(&value));
        let Some(written) = place.child("enum") else {
            return;
        };
        let mut values: Vec<Value> = Vec::new();
        for item in self.list_of(&written) {
            let value = self.json(&item);
            if values.contains(&value) {
                self.report_at(
                    "duplicate-item",
                    &item,
                    format!("{value} stands twice in this enumeration"),
                    "remove one of the two",
                );
            } else {
                values.push(value);
            }
        }
        if values.is_empty() {
            self.report_at(
                "enum",
                &written,
                "an enumeration without values allows nothing",
                "list its values",
            );
        }
        values.retain(|value| !value.is_null());
        schema.enumeration = (!values.is_empty()).then_some(values);
    }

    /// The kind by `type` or, where that is left out, by the other keywords. Nothing where composition
    /// alone says what the value is.
    fn base(
        &mut self,
        place: &Place<'a>,
        schema: &Schema,
        declared: &[Type],
        composed: bool,
    ) -> Option<Kind> {
        let has = |keys: &[&str]| keys.iter().any(|key| place.has(key));
        let kinds: Vec<Type> = if declared.is_empty() {
            self.inferred(place, schema)
        } else {
            declared.to_vec()
        };
        for (group, fits, name) in [
            (TEXT, kinds.contains(&Type::Text), "string"),
            (
                NUMBER,
                kinds.contains(&Type::Integer) || kinds.contains(&Type::Number),
                "integer or number",
            ),
            (LIST, kinds.contains(&Type::List), "array"),
            (MAP, kinds.contains(&Type::Map), "object"),
        ] {
            for key in group
                .iter()
                .filter(|key| !fits && !declared.is_empty() && place.has(key))
            {
                if let Some(written) = place.child(key) {
                    let message =
                        format!("`{key}` says nothing about a value that is not of type {name}");
                    self.report_at(
                        "keyword-without-effect",
                        &written,
                        message,
                        "remove it, or correct `type`",
                    );
                }
            }
        }
        if composed && (kinds.is_empty() || (kinds == [Type::Map] && !has(MAP))) {
            return None;
        }
        let mut read: Vec<Kind> = kinds.iter().map(|kind| self.kind(place, *kind)).collect();
        match read.len() {
            0 if place.has("type") => None,
            0 | 1 => Some(read.pop().unwrap_or(Kind::Any)),
            _ => {
                let variants = read
                    .into_iter()
                    .map(|kind| Schema::of(kind, schema.at.clone()))
                    .collect();
                Some(Kind::AnyOf {
                    variants,
                    discriminator: None,
                })
            }
        }
    }

    fn inferred(&self, place: &Place<'a>, schema: &Schema) -> Vec<Type> {
        let has = |keys: &[&str]| keys.iter().any(|key| place.has(key));
        let by_keyword = [
            (MAP, Type::Map),
            (LIST, Type::List),
            (TEXT, Type::Text),
            (NUMBER, Type::Number),
        ];
        if let Some((_, kind)) = by_keyword.iter().find(|(keys, _)| has(keys)) {
            return vec![*kind];
        }
        if schema.extensible.is_some() {
            return vec![Type::Text];
        }
        let values = schema
            .constant
            .iter()
            .chain(schema.enumeration.iter().flatten());
        let mut kinds: Vec<Type> = Vec::new();
        for kind in values.map(Type::of).filter(|kind| *kind != Type::Null) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        // A constant list or object is told by its value alone.
        if kinds
            .iter()
            .any(|kind| matches!(kind, Type::List | Type::Map))
        {
            Vec::new()
        } else {
            kinds
        }
    }

    fn kind(&mut self, place: &Place<'a>, kind: Type) -> Kind {
        match kind {
            Type::Null => Kind::Null,
            Type::Boolean => Kind::Boolean,
            Type::Text => Kind::String(self.text_rules(place)),
            Type::Integer => Kind::Integer(self.number_rules(place)),
            Type::Number => Kind::Number(self.number_rules(place)),
            Type::List => Kind::Array(Box::new(self.list_rules(place))),
            Type::Map => Kind::Object(Box::new(self.map_rules(place))),
        }
    }

    fn text_rules(&mut self, place: &Place<'a>) -> StringRules {
        StringRules {
            min_length: self.count(place, "minLength"),
            max_length: self.count(place, "maxLength"),
            pattern: self.text(place, "pattern"),
            format: self.text(place, "format"),
            content_media_type: self.text(place, "contentMediaType"),
            content_schema: place
                .child("contentSchema")
                .map(|schema| Box::new(self.schema(&schema))),
        }
    }

    fn number_rules(&mut self, place: &Place<'a>) -> NumberRules {
        let (minimum, exclusive_minimum) = self.bound(place, "minimum", "exclusiveMinimum");
        let (maximum, exclusive_maximum) = self.bound(place, "maximum", "exclusiveMaximum");
        NumberRules {
            minimum,
            maximum,
            exclusive_minimum,
            exclusive_maximum,
            multiple_of: self.number(place, "multipleOf"),
            format: self.text(place, "format"),
        }
    }

    /// A bound and its exclusive form, which is a flag in 3.0 and a number in 3.1.
    fn bound(
        &mut self,
        place: &Place<'a>,
        key: &str,
        exclusive: &str,
    ) -> (Option<Number>, Option<Number>) {
        let bound = self.number(place, key);
        if self.dialect == Dialect::V31 {
            return (bound, self.number(place, exclusive));
        }
        match self.boolean(place, exclusive) {
            Some(true) => (None, bound),
            _ => (bound, None),
        }
    }

    fn list_rules(&mut self, place: &Place<'a>) -> ArrayRules {
        let items = match place.child("items") {
            Some(items) => self.schema(&items),
            None => Schema::of(Kind::Any, self.at(place)),
        };
        ArrayRules {
            items,
            min_items: self.count(place, "minItems"),
            max_items: self.count(place, "maxItems"),
            unique_items: self.boolean(place, "uniqueItems").unwrap_or(false),
        }
    }

    fn map_rules(&mut self, place: &Place<'a>) -> ObjectRules {
        let required = self.texts(place, "required");
        let mut properties = IndexMap::new();
        for (name, property) in place
            .child("properties")
            .map(|p| self.all_members(&p))
            .unwrap_or_default()
        {
            let schema = self.schema(&property);
            let required = required.contains(&name);
            properties.insert(name, Property { schema, required });
        }
        let required_elsewhere = required
            .into_iter()
            .filter(|name| !properties.contains_key(name))
            .collect();
        let additional = match place.child("additionalProperties") {
            None => Additional::Unsaid,
            Some(written) => match written.node.as_bool() {
                Some(true) => Additional::Allowed,
                Some(false) => Additional::Refused,
                None => Additional::Schema(Box::new(self.schema(&written))),
            },
        };
        ObjectRules {
            properties,
            additional,
            min_properties: self.count(place, "minProperties"),
            max_properties: self.count(place, "maxProperties"),
            required_elsewhere,
        }
    }

    /// The parts that `allOf`, `oneOf` or `anyOf` adds to what must match.
    fn composition(&mut self, place: &Place<'a>, key: &str) -> Vec<Schema> {
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

    fn discriminator(&mut self, place: &Place<'a>, variants: &[Schema]) -> Option<Discriminator> {
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
                let message =
                    format!("`{text}` is none of the variants, so `{value}` can never be chosen");
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

/// Whether null is valid, as far as that shows without following references.
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

fn enum_holds_null(place: &Place<'_>) -> bool {
    place
        .child("enum")
        .and_then(|list| {
            list.node
                .as_list()
                .map(|list| list.iter().any(|node| node.kind() == "null"))
        })
        .unwrap_or(false)
}

/// Puts the parts under what was said about the whole. A single part is the schema itself: its own
/// annotations stay where the whole says nothing.
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
