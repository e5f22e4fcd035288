//! Schemas, which describe the valid values. The many notations of JSON Schema are reduced to few forms here:
//! `nullable`, type arrays with `null` and `oneOf: [X, null]` all become the flag `nullable`, boolean bounds of OpenAPI
//! 3.0 become numbers, and a missing type is inferred from the keywords.

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
    /// `x-extensible-enum`: the values known today; other values are valid too.
    pub extensible: Option<Vec<String>>,
    /// `const`. The kind is that of the value.
    pub constant: Option<Value>,
    pub default: Option<Value>,
    /// `examples`, and `example` of OpenAPI 3.0.
    pub examples: Vec<Value>,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecation: Option<Deprecation>,
    /// All `x-` keywords as written, including those with their own field here.
    pub extensions: serde_json::Map<String, Value>,
    /// Keywords outside this model, with their places; the lint refuses them.
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
    /// All must match. Keywords beside `allOf` are a separate part, the first one.
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
    /// `contentSchema`: the schema of that document.
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
    /// [`Kind::Any`] if the document has no schema.
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

/// The rule of a schema for unnamed properties.
#[derive(Debug, Clone, Default)]
pub enum Additional {
    /// No rule: they are refused in requests and ignored in answers.
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
    /// Value of the property to the name of a component schema, in the order of the variants. If the document has no
    /// mapping, these are the schemas' own names.
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

    /// The known values of a closed or open enumeration of texts.
    pub fn known_texts(&self) -> Vec<&str> {
        match &self.extensible {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => self.string_enum().unwrap_or_default(),
        }
    }

    /// `x-deprecated-values`: the deprecated ones of the known texts.
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
