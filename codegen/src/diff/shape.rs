//! The normal form of a schema: references, `allOf` and unions of one variant are resolved, the constraints of several
//! parts are merged, and those without an effect are left out. Schemas that are equal but written differently have the
//! same normal form.

mod key;
mod list;
mod map;
mod number;
mod union;
mod values;

use std::collections::BTreeMap;

use super::life::Life;
use super::tree::{Id, Tree};
use crate::source::Content;

pub(super) use key::{Key, OR_NULL, Part, skipping};
pub(super) use list::Lists;
pub(super) use map::{Maps, Rest, Slot};
pub(super) use number::{Bound, Numbers, is_multiple};
pub(super) use union::{Form, Union, union_of};
pub(super) use values::{Known, KnownValue, canonical};

/// The types, as bits; an integer is a number without a fraction.
pub(super) mod types {
    pub(in crate::diff) const NULL: u8 = 1;
    pub(in crate::diff) const BOOLEAN: u8 = 2;
    pub(in crate::diff) const TEXT: u8 = 4;
    pub(in crate::diff) const WHOLE: u8 = 8;
    pub(in crate::diff) const FRACTION: u8 = 16;
    pub(in crate::diff) const LIST: u8 = 32;
    pub(in crate::diff) const MAP: u8 = 64;
    pub(in crate::diff) const NUMBER: u8 = WHOLE | FRACTION;
    pub(in crate::diff) const ALL: u8 = 127;

    /// The type with this name in JSON Schema; None for an unknown name.
    pub(in crate::diff) fn parse(name: &str) -> Option<u8> {
        Some(match name {
            "null" => NULL,
            "boolean" => BOOLEAN,
            "string" => TEXT,
            "integer" => WHOLE,
            "number" => NUMBER,
            "array" => LIST,
            "object" => MAP,
            _ => return None,
        })
    }

    /// The names of a set of types, for messages.
    pub(in crate::diff) fn names(bits: u8) -> String {
        if bits == ALL {
            return "any type".to_owned();
        }
        let number = if bits & FRACTION == 0 {
            (WHOLE, "integer")
        } else {
            (NUMBER, "number")
        };
        let all = [
            (BOOLEAN, "boolean"),
            (TEXT, "string"),
            number,
            (LIST, "array"),
            (MAP, "object"),
            (NULL, "null"),
        ];
        let named: Vec<&str> = all
            .iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, name)| *name)
            .collect();
        if named.is_empty() {
            "nothing".to_owned()
        } else {
            named.join(" or ")
        }
    }
}

/// The keywords of counts, such as `minLength`.
pub(super) const COUNTS: [(&str, u8); 6] = [
    ("minLength", types::TEXT),
    ("maxLength", types::TEXT),
    ("minItems", types::LIST),
    ("maxItems", types::LIST),
    ("minProperties", types::MAP),
    ("maxProperties", types::MAP),
];

/// Texts of constraints that must all hold.
pub(super) type Texts<'a> = BTreeMap<&'a str, Id>;

#[derive(Debug)]
pub(super) struct Shape<'a> {
    pub(super) site: Id,
    /// The types that `type` allows.
    pub(super) declared: u8,
    /// Those of them that the listed values allow.
    pub(super) types: u8,
    /// The place of `type`.
    pub(super) types_at: Option<Id>,
    pub(super) values: Option<Known>,
    pub(super) extensible: Option<Known>,
    pub(super) closed: Option<Id>,
    pub(super) counts: [Option<(u64, Id)>; 6],
    pub(super) numbers: Numbers<'a>,
    pub(super) patterns: Texts<'a>,
    pub(super) formats: Texts<'a>,
    /// `contentMediaType` and `contentEncoding`, by keyword.
    pub(super) contents: Texts<'a>,
    pub(super) content_schemas: Vec<Id>,
    pub(super) lists: Lists,
    pub(super) maps: Maps<'a>,
    pub(super) unions: Vec<Union<'a>>,
    pub(super) nots: Vec<Id>,
    /// `if`, `then`, `else`.
    pub(super) conditions: Vec<[Option<Id>; 3]>,
    pub(super) default: Option<Id>,
    pub(super) read_only: Option<Id>,
    pub(super) write_only: Option<Id>,
    pub(super) life: Option<Life<'a>>,
    pub(super) xml: Option<Id>,
    /// Descriptions by keyword; the first one counts.
    pub(super) words: Texts<'a>,
    pub(super) extensions: Texts<'a>,
    pub(super) unknown: Texts<'a>,
    /// References that point out of the document.
    pub(super) elsewhere: Texts<'a>,
    pub(super) entangled: bool,
}

impl<'a> Shape<'a> {
    pub(super) fn build(tree: &Tree<'a>, key: &Key) -> Shape<'a> {
        let mut shape = Shape {
            site: key.site(),
            declared: key.mask,
            types: key.mask,
            types_at: None,
            values: None,
            extensible: None,
            closed: None,
            counts: [None; 6],
            numbers: Numbers::default(),
            patterns: Texts::new(),
            formats: Texts::new(),
            contents: Texts::new(),
            content_schemas: Vec::new(),
            lists: Lists::default(),
            maps: Maps::default(),
            unions: Vec::new(),
            nots: Vec::new(),
            conditions: Vec::new(),
            default: None,
            read_only: None,
            write_only: None,
            life: None,
            xml: None,
            words: Texts::new(),
            extensions: Texts::new(),
            unknown: Texts::new(),
            elsewhere: Texts::new(),
            entangled: key.entangled,
        };
        let mut typed = false;
        let mut groups = 0;
        for part in &key.parts {
            match tree.content(part.id) {
                Content::Map(_) => groups |= shape.add(tree, *part, &mut typed),
                // `false`: nothing is valid.
                _ => {
                    shape.declared = 0;
                    shape.types_at = Some(part.id);
                }
            }
        }
        shape.settle(typed, groups);
        shape
    }

    /// Adds one part. Returns the types to which its keywords apply.
    fn add(&mut self, tree: &Tree<'a>, part: Part, typed: &mut bool) -> u8 {
        let id = part.id;
        let mut groups = 0;
        for (keyword, at) in tree.members(id) {
            groups |= group(keyword);
            match keyword {
                "$ref" => {
                    if let Some(super::tree::Target::Elsewhere(text)) = tree.reference(id) {
                        self.elsewhere.insert(text, at);
                    }
                }
                "$dynamicRef" | "$recursiveRef" => {
                    if let Some(text) = tree.text(id, keyword) {
                        self.elsewhere.insert(text, at);
                    }
                }
                // Resolved when parts are collected; schemas in `$defs` count where they are referred to.
                "allOf" | "$defs" | "definitions" => {}
                "type" | "nullable" => {}
                "enum" | "const" => {}
                "x-extensible-enum" => self.extensible = Some(Known::texts(tree, id, at)),
                "x-deprecated-values" => {}
                "x-closed" => self.closed = self.closed.or(Some(at)),
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {}
                "pattern" => drop(tree.text(id, keyword).map(|t| self.patterns.insert(t, at))),
                "format" => drop(tree.text(id, keyword).map(|t| self.formats.insert(t, at))),
                "contentMediaType" | "contentEncoding" => {
                    self.contents.entry(keyword).or_insert(at);
                }
                "contentSchema" | "x-content-schema" => self.content_schemas.push(at),
                "items" | "prefixItems" | "additionalItems" | "uniqueItems" | "contains"
                | "minContains" | "maxContains" | "unevaluatedItems" => {}
                "properties"
                | "required"
                | "additionalProperties"
                | "patternProperties"
                | "propertyNames"
                | "dependentRequired"
                | "dependentSchemas"
                | "dependencies"
                | "unevaluatedProperties" => {}
                "anyOf" | "oneOf" | "discriminator" => {}
                "not" => self.nots.push(at),
                "if" => {
                    self.conditions
                        .push([Some(at), tree.get(id, "then"), tree.get(id, "else")])
                }
                "then" | "else" => {}
                "default" => self.default = self.default.or(Some(at)),
                "readOnly" => {
                    self.read_only = self
                        .read_only
                        .or(tree.flag(id, keyword).and_then(|on| on.then_some(at)))
                }
                "writeOnly" => {
                    self.write_only = self
                        .write_only
                        .or(tree.flag(id, keyword).and_then(|on| on.then_some(at)))
                }
                "deprecated" | "x-deprecated-at" | "x-sunset" | "x-replacement" => {}
                "xml" => self.xml = self.xml.or(Some(at)),
                "title" | "description" | "example" | "examples" | "externalDocs" | "$comment" => {
                    self.words.entry(keyword).or_insert(at);
                }
                _ if COUNTS.iter().any(|(name, _)| *name == keyword) => {}
                _ if keyword.starts_with("x-") => {
                    self.extensions.entry(keyword).or_insert(at);
                }
                _ => {
                    self.unknown.entry(keyword).or_insert(at);
                }
            }
        }
        self.add_types(tree, part, typed);
        self.add_values(tree, part);
        self.add_counts(tree, id);
        self.numbers.add(tree, id);
        self.lists.add(tree, id);
        self.maps.add(tree, id);
        if let (None, Some(life)) = (&self.life, Life::of(tree, id)) {
            self.life = Some(life);
        }
        for keyword in ["oneOf", "anyOf"] {
            if part.flags & skipping(keyword) == 0
                && let Form::Union(mut union) = union_of(tree, id, keyword)
            {
                union.null |= part.flags & OR_NULL != 0
                    || tree.v30 && tree.flag(id, "nullable") == Some(true);
                self.unions.push(union);
            }
        }
        groups
    }

    fn add_types(&mut self, tree: &Tree<'a>, part: Part, typed: &mut bool) {
        let Some(at) = tree.get(part.id, "type") else {
            return;
        };
        *typed = true;
        let mut bits = match tree.node(at).and_then(|node| node.as_str()) {
            Some(name) => types::parse(name).unwrap_or(0),
            None => tree
                .texts_of(part.id, "type")
                .filter_map(|(name, _)| types::parse(name))
                .fold(0, |bits, bit| bits | bit),
        };
        if part.flags & OR_NULL != 0 || tree.v30 && tree.flag(part.id, "nullable") == Some(true) {
            bits |= types::NULL;
        }
        self.declared &= bits;
        self.types_at = self.types_at.or(Some(at));
    }

    fn add_values(&mut self, tree: &Tree<'a>, part: Part) {
        let or_null =
            part.flags & OR_NULL != 0 || tree.v30 && tree.flag(part.id, "nullable") == Some(true);
        let mut sets = Vec::new();
        if let Some(at) = tree.get(part.id, "enum") {
            sets.push(Known::list(tree, part.id, at));
        }
        if let Some(at) = tree.get(part.id, "const") {
            sets.push(Known::one(tree, at));
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Form::Values(known) = union_of(tree, part.id, keyword) {
                sets.push(known);
            }
        }
        for mut set in sets {
            set.null |= or_null;
            self.values = Some(match self.values.take() {
                Some(known) => known.both(set),
                None => set,
            });
        }
    }

    fn add_counts(&mut self, tree: &Tree<'a>, id: Id) {
        for (slot, (keyword, _)) in self.counts.iter_mut().zip(COUNTS) {
            let Some(at) = tree.get(id, keyword) else {
                continue;
            };
            let Some(count) = tree.node(at).and_then(values::count) else {
                continue;
            };
            let least = keyword.starts_with("min");
            let tighter = |before: u64| {
                if least {
                    count > before
                } else {
                    count < before
                }
            };
            if slot.is_none_or(|(before, _)| tighter(before)) {
                *slot = Some((count, at));
            }
        }
        // No bound at all.
        for (slot, (keyword, _)) in self.counts.iter_mut().zip(COUNTS) {
            if keyword.starts_with("min") && slot.is_some_and(|(count, _)| count == 0) {
                *slot = None;
            }
        }
    }

    /// Infers a missing type, and drops constraints that do not apply to the remaining types.
    fn settle(&mut self, typed: bool, groups: u8) {
        if !typed && self.values.is_none() && self.unions.is_empty() && groups.count_ones() == 1 {
            let inferred = if groups & types::NUMBER == 0 {
                groups
            } else {
                types::NUMBER
            };
            self.declared &= inferred;
        }
        if !typed && self.extensible.is_some() {
            self.declared &= types::TEXT;
        }
        self.types = self.declared;
        if let Some(values) = &mut self.values {
            values.keep(self.declared);
            self.types &= values.types();
        }
        let has = |bits: u8| self.types & bits != 0;
        for (slot, (_, bits)) in self.counts.iter_mut().zip(COUNTS) {
            if self.types & bits == 0 {
                *slot = None;
            }
        }
        if !has(types::TEXT) {
            self.patterns.clear();
            self.contents.clear();
            self.content_schemas.clear();
        }
        if !has(types::TEXT | types::NUMBER) {
            self.formats.clear();
        }
        if !has(types::NUMBER) {
            self.numbers = Numbers::default();
        } else if !has(types::FRACTION) {
            self.numbers.without_fractions();
        }
        if !has(types::LIST) {
            self.lists = Lists::default();
        }
        if !has(types::MAP) {
            self.maps = Maps::default();
        }
    }

    /// Whether every value of these types is valid.
    pub(super) fn allows(&self, bits: u8) -> bool {
        self.types & bits != 0
    }
}

/// The types to which a keyword applies.
fn group(keyword: &str) -> u8 {
    match keyword {
        "minLength" | "maxLength" | "pattern" | "contentMediaType" | "contentEncoding"
        | "contentSchema" => types::TEXT,
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            types::WHOLE
        }
        "items" | "prefixItems" | "minItems" | "maxItems" | "uniqueItems" | "contains"
        | "unevaluatedItems" => types::LIST,
        "properties"
        | "required"
        | "additionalProperties"
        | "patternProperties"
        | "propertyNames"
        | "minProperties"
        | "maxProperties"
        | "dependentRequired"
        | "dependentSchemas"
        | "unevaluatedProperties" => types::MAP,
        _ => 0,
    }
}
