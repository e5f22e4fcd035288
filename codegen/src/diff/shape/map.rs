//! The constraints of a schema for objects. Each part of an `allOf` closes or opens its own set of properties, so the
//! parts stay separate and properties are looked up by name.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Regex;

use crate::diff::tree::{Id, Tree};
use crate::source::Content;

#[derive(Debug, Default)]
pub(in crate::diff) struct Maps<'a> {
    parts: Vec<Members<'a>>,
    pub(in crate::diff) required: BTreeMap<&'a str, Id>,
    /// Pattern to schemas.
    pub(in crate::diff) patterns: BTreeMap<&'a str, Vec<Id>>,
    pub(in crate::diff) names: Vec<Id>,
    /// Property to the names that it requires.
    pub(in crate::diff) requires: BTreeMap<&'a str, BTreeMap<&'a str, Id>>,
    /// Property to the schemas that the whole object must match.
    pub(in crate::diff) implies: BTreeMap<&'a str, Vec<Id>>,
    pub(in crate::diff) unevaluated: Option<Id>,
}

#[derive(Debug)]
struct Members<'a> {
    properties: IndexMap<&'a str, Id>,
    patterns: Vec<(Option<Regex>, Id)>,
    additional: Additional,
}

#[derive(Debug, Clone, Copy)]
enum Additional {
    Unsaid,
    Allowed(Id),
    Refused(Id),
    Schema(Id),
}

/// The rule of a schema for unnamed properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum Rest {
    Refused,
    Unsaid,
    Allowed,
    Schema,
}

/// The rules of a schema for one property.
#[derive(Debug, Default)]
pub(in crate::diff) struct Slot {
    /// All of these must hold.
    pub(in crate::diff) schemas: Vec<Id>,
    /// The place that names it.
    pub(in crate::diff) named: Option<Id>,
    /// It must be absent.
    pub(in crate::diff) refused: bool,
}

impl<'a> Maps<'a> {
    pub(super) fn add(&mut self, tree: &Tree<'a>, id: Id) {
        for (name, at) in tree.texts_of(id, "required") {
            self.required.entry(name).or_insert(at);
        }
        let properties: IndexMap<&str, Id> = tree.members_of(id, "properties").collect();
        let mut patterns = Vec::new();
        for (pattern, at) in tree.members_of(id, "patternProperties") {
            self.patterns.entry(pattern).or_default().push(at);
            patterns.push((crate::conforms::compile(pattern).ok(), at));
        }
        let additional = match tree.get(id, "additionalProperties") {
            None => Additional::Unsaid,
            Some(at) => match tree.content(at) {
                Content::Bool(false) => Additional::Refused(at),
                Content::Bool(true) => Additional::Allowed(at),
                Content::Map(map) if map.is_empty() => Additional::Allowed(at),
                _ => Additional::Schema(at),
            },
        };
        if !properties.is_empty()
            || !patterns.is_empty()
            || !matches!(additional, Additional::Unsaid)
        {
            self.parts.push(Members {
                properties,
                patterns,
                additional,
            });
        }
        self.names.extend(tree.get(id, "propertyNames"));
        for (name, at) in tree.members_of(id, "dependentRequired") {
            self.require(tree, name, at);
        }
        for (name, at) in tree.members_of(id, "dependentSchemas") {
            self.implies.entry(name).or_default().push(at);
        }
        for (name, at) in tree.members_of(id, "dependencies") {
            if matches!(tree.content(at), Content::List(_)) {
                self.require(tree, name, at);
            } else {
                self.implies.entry(name).or_default().push(at);
            }
        }
        self.unevaluated = self.unevaluated.or(tree.get(id, "unevaluatedProperties"));
    }

    fn require(&mut self, tree: &Tree<'a>, name: &'a str, list: Id) {
        let required = self.requires.entry(name).or_default();
        for item in tree.items(list) {
            if let Some(other) = tree.node(item).and_then(|node| node.as_str()) {
                required.entry(other).or_insert(item);
            }
        }
    }

    /// The names of the properties, in the order of the source.
    pub(in crate::diff) fn named(&self) -> impl Iterator<Item = &'a str> {
        self.parts
            .iter()
            .flat_map(|part| part.properties.keys().copied())
    }

    pub(in crate::diff) fn is_named(&self, name: &str) -> bool {
        self.parts
            .iter()
            .any(|part| part.properties.contains_key(name))
    }

    pub(in crate::diff) fn slot(&self, name: &str) -> Slot {
        let mut slot = Slot::default();
        for part in &self.parts {
            let named = part.properties.get(name).copied();
            let matching = part.patterns.iter().filter(|(pattern, _)| {
                pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.is_match(name))
            });
            let before = slot.schemas.len();
            slot.schemas.extend(named);
            slot.schemas.extend(matching.map(|(_, schema)| *schema));
            slot.named = slot.named.or(named);
            if slot.schemas.len() == before {
                match part.additional {
                    Additional::Schema(schema) => slot.schemas.push(schema),
                    Additional::Refused(_) => slot.refused = true,
                    Additional::Unsaid | Additional::Allowed(_) => {}
                }
            }
        }
        slot
    }

    /// The rule for unnamed properties, and its place.
    pub(in crate::diff) fn rest(&self) -> (Rest, Vec<Id>, Option<Id>) {
        let mut rest = (Rest::Unsaid, Vec::new(), None);
        for part in &self.parts {
            match part.additional {
                Additional::Refused(at) => return (Rest::Refused, Vec::new(), Some(at)),
                Additional::Schema(at) => {
                    rest.0 = Rest::Schema;
                    rest.1.push(at);
                    rest.2 = Some(at);
                }
                Additional::Allowed(at) if rest.0 == Rest::Unsaid => {
                    rest.0 = Rest::Allowed;
                    rest.2 = Some(at);
                }
                Additional::Allowed(_) | Additional::Unsaid => {}
            }
        }
        rest
    }
}
