//! Schemas in their 3.0 forms: `nullable`, bounds that are exclusive by a flag, one value instead of
//! `const`, references with something beside them inside of `allOf`.

use serde_json::{Map, Number, Value, json};

use super::{Lowering, Part, Shape, reference};
use crate::document::{
    Additional, ArrayRules, Discriminator, Kind, NumberRules, ObjectRules, Schema, StringRules,
};

impl Lowering<'_> {
    pub(super) fn part(&mut self, part: &Part) -> Value {
        // Only the body's type has the information that it is optional, so it is kept.
        if part.shape == Shape::Optional
            && let Some(name) = part.schema.as_ref_name()
        {
            return json!({ "allOf": [reference(name)] });
        }
        if part.shape == Shape::Failure {
            return json!({});
        }
        self.schema(&part.schema)
    }

    pub(super) fn schema(&mut self, schema: &Schema) -> Value {
        for (keyword, at) in &schema.unsupported {
            self.refuse(
                "lower-keyword",
                at,
                format!("OpenAPI 3.0 has no `{keyword}`, and no client could be generated from it"),
                "say it with properties, enumerations and oneOf, or in the description",
            );
        }
        let mut out = Map::new();
        match &schema.kind {
            Kind::Any => {}
            Kind::Never => drop(out.insert("not".to_owned(), json!({}))),
            Kind::Null => {
                out.insert("nullable".to_owned(), json!(true));
                out.insert("enum".to_owned(), json!([null]));
            }
            Kind::Boolean => drop(out.insert("type".to_owned(), json!("boolean"))),
            Kind::String(rules) => self.text(&mut out, rules),
            Kind::Integer(rules) => number(&mut out, "integer", rules),
            Kind::Number(rules) => number(&mut out, "number", rules),
            Kind::Array(rules) => self.list(&mut out, rules),
            Kind::Object(rules) => self.object(&mut out, rules),
            Kind::Ref(name) => drop(out.insert("$ref".to_owned(), reference(name)["$ref"].clone())),
            Kind::OneOf {
                variants,
                discriminator,
            } => self.union(&mut out, "oneOf", variants, discriminator.as_ref()),
            Kind::AnyOf {
                variants,
                discriminator,
            } => self.union(&mut out, "anyOf", variants, discriminator.as_ref()),
            Kind::AllOf(parts) => self.union(&mut out, "allOf", parts, None),
        }
        annotate(&mut out, schema);
        // OpenAPI 3.0 ignores keywords beside a reference.
        if out.len() > 1
            && let Some(target) = out.remove("$ref")
        {
            out.insert("allOf".to_owned(), json!([{ "$ref": target }]));
        }
        Value::Object(out)
    }

    fn text(&mut self, out: &mut Map<String, Value>, rules: &StringRules) {
        out.insert("type".to_owned(), json!("string"));
        put(out, "minLength", rules.min_length);
        put(out, "maxLength", rules.max_length);
        put(out, "pattern", rules.pattern.as_ref());
        put(out, "format", rules.format.as_ref());
        put(
            out,
            "x-content-media-type",
            rules.content_media_type.as_ref(),
        );
        if let Some(content) = &rules.content_schema {
            let lowered = self.schema(content);
            out.insert("x-content-schema".to_owned(), lowered);
        }
    }

    fn list(&mut self, out: &mut Map<String, Value>, rules: &ArrayRules) {
        out.insert("type".to_owned(), json!("array"));
        let items = self.schema(&rules.items);
        out.insert("items".to_owned(), items);
        put(out, "minItems", rules.min_items);
        put(out, "maxItems", rules.max_items);
        if rules.unique_items {
            out.insert("uniqueItems".to_owned(), json!(true));
        }
    }

    fn object(&mut self, out: &mut Map<String, Value>, rules: &ObjectRules) {
        out.insert("type".to_owned(), json!("object"));
        let mut required: Vec<&str> = Vec::new();
        let mut properties = Map::new();
        for (name, property) in &rules.properties {
            if property.required {
                required.push(name);
            }
            let lowered = self.schema(&property.schema);
            properties.insert(name.clone(), lowered);
        }
        required.extend(rules.required_elsewhere.iter().map(String::as_str));
        if !required.is_empty() {
            out.insert("required".to_owned(), json!(required));
        }
        if !properties.is_empty() {
            out.insert("properties".to_owned(), Value::Object(properties));
        }
        let additional = match &rules.additional {
            Additional::Unsaid => None,
            Additional::Allowed => Some(json!(true)),
            Additional::Refused => Some(json!(false)),
            Additional::Schema(schema) => Some(self.schema(schema)),
        };
        put(out, "additionalProperties", additional);
        put(out, "minProperties", rules.min_properties);
        put(out, "maxProperties", rules.max_properties);
    }

    fn union(
        &mut self,
        out: &mut Map<String, Value>,
        keyword: &str,
        variants: &[Schema],
        discriminator: Option<&Discriminator>,
    ) {
        let lowered: Vec<Value> = variants
            .iter()
            .map(|variant| self.schema(variant))
            .collect();
        out.insert(keyword.to_owned(), Value::Array(lowered));
        if let Some(discriminator) = discriminator {
            let mapping: Map<String, Value> = discriminator
                .mapping
                .iter()
                .map(|(value, name)| (value.clone(), reference(name)["$ref"].clone()))
                .collect();
            let lowered = json!({ "propertyName": discriminator.property, "mapping": mapping });
            out.insert("discriminator".to_owned(), lowered);
        }
    }
}

/// Adds the annotations of any schema.
fn annotate(out: &mut Map<String, Value>, schema: &Schema) {
    let mut values = match (&schema.constant, &schema.enumeration) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, values) => values.clone(),
    };
    if schema.nullable && !matches!(schema.kind, Kind::Null) {
        out.insert("nullable".to_owned(), json!(true));
        // In 3.0, null has to be among the values as well.
        if let Some(values) = &mut values {
            values.push(Value::Null);
        }
    }
    put(out, "enum", values);
    put(out, "title", schema.title.as_ref());
    put(out, "description", schema.description.as_ref());
    put(out, "default", schema.default.as_ref());
    put(out, "example", schema.examples.first());
    for (keyword, set) in [
        ("readOnly", schema.read_only),
        ("writeOnly", schema.write_only),
        ("deprecated", schema.deprecation.is_some()),
    ] {
        if set {
            out.insert(keyword.to_owned(), json!(true));
        }
    }
    for (name, value) in &schema.extensions {
        out.insert(name.clone(), value.clone());
    }
}

fn number(out: &mut Map<String, Value>, kind: &str, rules: &NumberRules) {
    out.insert("type".to_owned(), json!(kind));
    bound(
        out,
        "minimum",
        "exclusiveMinimum",
        rules.minimum.as_ref(),
        rules.exclusive_minimum.as_ref(),
        |a, b| a >= b,
    );
    bound(
        out,
        "maximum",
        "exclusiveMaximum",
        rules.maximum.as_ref(),
        rules.exclusive_maximum.as_ref(),
        |a, b| a <= b,
    );
    put(out, "multipleOf", rules.multiple_of.as_ref());
    put(out, "format", rules.format.as_ref());
}

/// 3.0 has one bound and a flag; of two bounds the narrower one is kept.
fn bound(
    out: &mut Map<String, Value>,
    keyword: &str,
    flag: &str,
    inclusive: Option<&Number>,
    exclusive: Option<&Number>,
    narrower: impl Fn(f64, f64) -> bool,
) {
    let is_exclusive = match (inclusive, exclusive) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(inclusive), Some(exclusive)) => exclusive
            .as_f64()
            .zip(inclusive.as_f64())
            .is_some_and(|(exclusive, inclusive)| narrower(exclusive, inclusive)),
    };
    if is_exclusive {
        put(out, keyword, exclusive);
        out.insert(flag.to_owned(), json!(true));
    } else {
        put(out, keyword, inclusive);
    }
}

pub(super) fn put(
    out: &mut Map<String, Value>,
    keyword: &str,
    value: Option<impl serde::Serialize>,
) {
    if let Some(value) = value {
        out.insert(keyword.to_owned(), json!(value));
    }
}
