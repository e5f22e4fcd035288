//! Facts of all schemas together, which types, server and validation need: which are generic, where a box is needed,
//! which have a default, and merged `allOf`s.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::merge::merge;
use crate::diagnostic::Diagnostics;
use crate::document::{Additional, Document, Kind, Property, Schema};

/// A hoisted document with merged `allOf`s, and the facts derived from it.
#[derive(Debug)]
pub struct Shapes<'d> {
    pub document: &'d Document,
    /// The schemas by name of the component; `allOf` is merged.
    pub schemas: IndexMap<String, Schema>,
    generic: HashSet<String>,
    with_default: HashSet<String>,
    /// Aliases that refer to themselves, which Rust needs as separate types.
    wrapped: HashSet<String>,
}

/// The keyword that names the property whose type becomes a type parameter.
const TYPE_PARAMETER: &str = "x-type-parameter";

impl<'d> Shapes<'d> {
    pub fn new(document: &'d Document, found: &mut Diagnostics) -> Self {
        let mut schemas = IndexMap::new();
        for (name, schema) in &document.schemas {
            schemas.insert(name.clone(), merge(document, schema, found));
        }
        let mut shapes = Shapes {
            document,
            schemas,
            generic: HashSet::new(),
            with_default: HashSet::new(),
            wrapped: HashSet::new(),
        };
        shapes.generic = shapes.fixpoint(|shapes, done, schema| {
            shapes.parameter(schema).is_some()
                || references(schema).iter().any(|name| done.contains(*name))
        });
        shapes.with_default = shapes.fixpoint(|shapes, done, schema| shapes.defaults(done, schema));
        shapes.wrapped = shapes.cyclic_aliases();
        shapes
    }

    /// Follows references to a schema.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        let mut schema = schema;
        for _ in 0..=self.schemas.len() {
            match schema.as_ref_name().and_then(|name| self.schemas.get(name)) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Whether null is valid for the schema or the target of its references.
    pub fn nullable(&self, schema: &Schema) -> bool {
        let mut schema = schema;
        for _ in 0..=self.schemas.len() {
            if schema.nullable {
                return true;
            }
            match schema.as_ref_name().and_then(|name| self.schemas.get(name)) {
                Some(next) => schema = next,
                None => break,
            }
        }
        false
    }

    /// The property of a schema whose type is a parameter.
    pub fn parameter<'a>(&self, schema: &'a Schema) -> Option<&'a str> {
        schema.extension_text(TYPE_PARAMETER)
    }

    /// Whether the type of a named schema has a type parameter.
    pub fn is_generic(&self, name: &str) -> bool {
        self.generic.contains(name)
    }

    /// Whether the type of a named schema implements `Default`.
    pub fn has_default(&self, name: &str) -> bool {
        self.with_default.contains(name)
    }

    /// Whether an alias needs its own type.
    pub fn is_wrapped(&self, name: &str) -> bool {
        self.wrapped.contains(name)
    }

    /// Whether a property of `holder` needs a box: its type contains the holder by value, without a list or map
    /// between.
    pub fn needs_box(&self, holder: &str, schema: &Schema) -> bool {
        self.leads_back(holder, schema, |schema| by_value_inside(schema))
    }

    /// Whether an alternative of a union needs a box. If the cycle goes through a struct, the struct has the box.
    pub fn alternative_needs_box(&self, holder: &str, schema: &Schema) -> bool {
        self.leads_back(holder, schema, |schema| match &schema.kind {
            Kind::Object(_) => Vec::new(),
            _ => by_value_inside(schema),
        })
    }

    fn leads_back<'a>(
        &'a self,
        holder: &str,
        schema: &'a Schema,
        inside: impl Fn(&'a Schema) -> Vec<&'a str>,
    ) -> bool {
        let mut seen = HashSet::new();
        let mut waiting: Vec<&str> = by_value(schema);
        while let Some(name) = waiting.pop() {
            if name == holder {
                return true;
            }
            if seen.insert(name)
                && let Some(schema) = self.schemas.get(name)
            {
                waiting.extend(inside(schema));
            }
        }
        false
    }

    /// The names that the schemas refer to at any depth, including their own if they are references.
    pub fn reached<'a>(&'a self, from: impl IntoIterator<Item = &'a Schema>) -> HashSet<&'a str> {
        let mut seen = HashSet::new();
        let mut waiting: Vec<&str> = from.into_iter().flat_map(references).collect();
        while let Some(name) = waiting.pop() {
            if seen.insert(name)
                && let Some(schema) = self.schemas.get(name)
            {
                waiting.extend(references(schema));
            }
        }
        seen
    }

    /// The names for which a rule holds, if the rule for one may depend on others.
    pub fn fixpoint(
        &self,
        rule: impl Fn(&Self, &HashSet<String>, &Schema) -> bool,
    ) -> HashSet<String> {
        let mut done = HashSet::new();
        for _ in 0..=self.schemas.len() {
            let more: Vec<String> = self
                .schemas
                .iter()
                .filter(|(name, schema)| !done.contains(*name) && rule(self, &done, schema))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            done.extend(more);
        }
        done
    }

    fn defaults(&self, done: &HashSet<String>, schema: &Schema) -> bool {
        if self.nullable(schema) && schema.as_ref_name().is_some() {
            return true;
        }
        match &schema.kind {
            Kind::OneOf { .. } | Kind::AnyOf { .. } | Kind::AllOf(_) => false,
            Kind::String(_) if schema.extensible.is_some() => false,
            Kind::String(_) => schema.string_enum().is_none_or(|values| values.len() == 1),
            Kind::Ref(name) => done.contains(name),
            Kind::Object(rules) => {
                let holds = |property: &Property| {
                    !property.required || self.defaults(done, &property.schema)
                };
                rules.properties.values().all(holds)
            }
            _ => true,
        }
    }

    fn cyclic_aliases(&self) -> HashSet<String> {
        let leads_back = |start: &str| {
            let mut seen = HashSet::new();
            let mut waiting = self.schemas.get(start).map(references).unwrap_or_default();
            while let Some(name) = waiting.pop() {
                if name == start {
                    return true;
                }
                if seen.insert(name)
                    && let Some(schema) = self.schemas.get(name)
                    && is_alias(schema)
                {
                    waiting.extend(references(schema));
                }
            }
            false
        };
        let aliases = self.schemas.iter().filter(|(_, schema)| is_alias(schema));
        aliases
            .filter(|(name, _)| leads_back(name))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// Whether a named schema is an alias and not its own type.
pub fn is_alias(schema: &Schema) -> bool {
    match &schema.kind {
        Kind::OneOf { .. } | Kind::AnyOf { .. } | Kind::AllOf(_) => false,
        Kind::String(_) => schema.extensible.is_none() && schema.string_enum().is_none(),
        Kind::Object(rules) => {
            rules.properties.is_empty() && !matches!(rules.additional, Additional::Refused)
        }
        _ => true,
    }
}

/// The schemas to which a schema refers, at any depth inside it.
pub fn references(schema: &Schema) -> Vec<&str> {
    let mut names = Vec::new();
    let mut waiting = vec![schema];
    while let Some(schema) = waiting.pop() {
        names.extend(schema.as_ref_name());
        waiting.extend(schema.children());
    }
    names
}

fn by_value(schema: &Schema) -> Vec<&str> {
    schema.as_ref_name().into_iter().collect()
}

fn by_value_inside(schema: &Schema) -> Vec<&str> {
    match &schema.kind {
        Kind::Object(rules) => rules
            .properties
            .values()
            .flat_map(|property| by_value(&property.schema))
            .collect(),
        Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
            variants.iter().flat_map(by_value).collect()
        }
        Kind::Ref(name) => vec![name.as_str()],
        _ => Vec::new(),
    }
}

/// The only text that a schema allows, by `const` or by an enumeration of one value.
pub fn only_text(schema: &Schema) -> Option<&str> {
    match (&schema.constant, &schema.enumeration) {
        (Some(Value::String(text)), _) => Some(text),
        (None, Some(values)) => match values.as_slice() {
            [Value::String(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
