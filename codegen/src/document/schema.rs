//! Schemas: what a value may be. The many spellings of JSON Schema are brought to few shapes here:
//! `nullable`, type arrays with `null` and `oneOf: [X, null]` all become the flag `nullable`, boolean
//! bounds of OpenAPI 3.0 become numbers, and a type that is left out is inferred from its keywords.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::{Date, Deprecation};
use crate::diagnostic::Location;

#[derive(Debug, Clone)]
pub struct Schema {
    pub kind: Kind,
    /// Null is a valid value too.
    pub nullable: bool,
    pub title: Option<String>,
    pub description: Option<String>,
    /// `enum`, without null (see `nullable`).
    pub enumeration: Option<Vec<Value>>,
    /// `x-extensible-enum`: the values known today; others are valid and may come.
    pub extensible: Option<Vec<String>>,
    /// `const`. The kind is that of the value.
    pub constant: Option<Value>,
    pub default: Option<Value>,
    /// `examples`, and `example` of OpenAPI 3.0.
    pub examples: Vec<Value>,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecation: Option<Deprecation>,
    /// All `x-` keywords as written, those with a field of their own included.
    pub extensions: serde_json::Map<String, Value>,
    /// Keywords that this model has no place for, with their places; the lint refuses them.
    pub unsupported: Vec<(String, Location)>,
    pub at: Location,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// Anything at all.
    Any,
    /// Nothing at all (`false`).
    Never,
    Null,
    Boolean,
    String(StringRules),
    Integer(NumberRules),
    Number(NumberRules),
    Array(Box<ArrayRules>),
    Object(Box<ObjectRules>),
    /// The name of a component schema.
    Ref(String),
    /// Exactly one must match.
    OneOf {
        variants: Vec<Schema>,
        discriminator: Option<Discriminator>,
    },
    /// At least one must match.
    AnyOf {
        variants: Vec<Schema>,
        discriminator: Option<Discriminator>,
    },
    /// All must match. Keywords beside `allOf` are a part of their own, the first.
    AllOf(Vec<Schema>),
}

#[derive(Debug, Clone, Default)]
pub struct StringRules {
    /// In characters (Unicode scalar values).
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    /// A regular expression that matches anywhere in the text.
    pub pattern: Option<String>,
    pub format: Option<String>,
    /// `contentMediaType`: the text is itself a document of this type.
    pub content_media_type: Option<String>,
    /// `contentSchema`: what that document holds.
    pub content_schema: Option<Box<Schema>>,
}

#[derive(Debug, Clone, Default)]
pub struct NumberRules {
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    /// The bound itself is not a valid value.
    pub exclusive_minimum: Option<Number>,
    pub exclusive_maximum: Option<Number>,
    pub multiple_of: Option<Number>,
    pub format: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ArrayRules {
    /// [`Kind::Any`] where the document says nothing.
    pub items: Schema,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique_items: bool,
}

#[derive(Debug, Clone, Default)]
pub struct ObjectRules {
    /// In the order of the document.
    pub properties: IndexMap<String, Property>,
    pub additional: Additional,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
    /// Names in `required` that `properties` does not hold.
    pub required_elsewhere: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Property {
    pub schema: Schema,
    pub required: bool,
}

/// What a document says about properties that it does not name.
#[derive(Debug, Clone, Default)]
pub enum Additional {
    /// Nothing: refused in requests, ignored in answers.
    #[default]
    Unsaid,
    /// `true`.
    Allowed,
    /// `false`.
    Refused,
    /// Each must match the schema.
    Schema(Box<Schema>),
}

#[derive(Debug, Clone)]
pub struct Discriminator {
    pub property: String,
    /// Value of the property to the name of a component schema, in the order of the variants. Filled in
    /// with the schemas' own names where the document leaves the mapping out.
    pub mapping: IndexMap<String, String>,
    pub at: Location,
}

impl Schema {
    /// A schema of this kind and nothing else.
    pub fn of(kind: Kind, at: Location) -> Schema {
        Schema {
            kind,
            nullable: false,
            title: None,
            description: None,
            enumeration: None,
            extensible: None,
            constant: None,
            default: None,
            examples: Vec::new(),
            read_only: false,
            write_only: false,
            deprecation: None,
            extensions: serde_json::Map::new(),
            unsupported: Vec::new(),
            at,
        }
    }

    pub fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.get(name)
    }

    pub fn extension_text(&self, name: &str) -> Option<&str> {
        self.extension(name)?.as_str()
    }

    pub fn as_ref_name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ref(name) => Some(name),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&ObjectRules> {
        match &self.kind {
            Kind::Object(rules) => Some(rules),
            _ => None,
        }
    }

    /// The values of a closed enumeration of texts.
    pub fn string_enum(&self) -> Option<Vec<&str>> {
        match (&self.kind, &self.enumeration) {
            (Kind::String(_), Some(values)) => values.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// The values of an enumeration of texts that are known today, be it closed or open.
    pub fn known_texts(&self) -> Vec<&str> {
        match &self.extensible {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => self.string_enum().unwrap_or_default(),
        }
    }

    /// `x-deprecated-values`: those of the known texts that go.
    pub fn deprecated_values(&self) -> Vec<(&str, Deprecation)> {
        let Some(entries) = self.extension("x-deprecated-values") else {
            return Vec::new();
        };
        let notice = |value: &str| {
            let entry = entries.get(value)?;
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            Some(Deprecation {
                deprecated_at: text("x-deprecated-at").and_then(Date::parse),
                sunset: text("x-sunset").and_then(Date::parse),
                replacement: text("x-replacement").map(str::to_owned),
            })
        };
        self.known_texts()
            .into_iter()
            .filter_map(|value| Some((value, notice(value)?)))
            .collect()
    }

    /// The schemas directly inside this one, references unfollowed.
    pub fn children(&self) -> Vec<&Schema> {
        match &self.kind {
            Kind::String(rules) => rules
                .content_schema
                .iter()
                .map(|schema| &**schema)
                .collect(),
            Kind::Array(rules) => vec![&rules.items],
            Kind::Object(rules) => {
                let mut children: Vec<&Schema> = rules
                    .properties
                    .values()
                    .map(|property| &property.schema)
                    .collect();
                if let Additional::Schema(schema) = &rules.additional {
                    children.push(schema);
                }
                children
            }
            Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
                variants.iter().collect()
            }
            Kind::AllOf(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }
}
