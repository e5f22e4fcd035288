//! Checks values against schemas: examples and defaults when the contract is read. Generated code checks requests. The
//! steps are bounded, since composed recursive schemas could otherwise be followed for ever.

mod formats;
mod scalars;

use std::collections::{HashMap, HashSet};

use regex::Regex;
use serde_json::{Map, Value};

use crate::document::{Additional, Document, Kind, ObjectRules, Schema, StringRules};
use crate::source::escape;
use scalars::{canonical, count, is_integer, numbers, same};

/// The most steps that one value may take.
const MOST_STEPS: usize = 50_000;
/// The most steps that all values of a document may take together.
const MOST_STEPS_IN_ALL: usize = 5_000_000;
/// The deepest that schemas are followed into each other.
const DEEPEST: usize = 200;
/// The most faults that are reported for one value.
const MOST_FAULTS: usize = 10;

/// The most different patterns that are compiled, since compiling one takes milliseconds.
const MOST_PATTERNS: usize = 500;

/// Compiles a pattern as for requests, within its own bounds.
pub(crate) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 18)
        .nest_limit(50)
        .build()
}

/// One fault of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place in the value, as a JSON pointer.
    pub pointer: String,
    /// The fault, as the end of a sentence that begins with the place.
    pub why: String,
}

/// Checks values against the schemas of one document.
pub struct Judge<'d> {
    document: &'d Document,
    patterns: HashMap<&'d str, Option<Regex>>,
    steps: usize,
    total: usize,
    /// The number of enclosing parts of an `allOf`, each of which names only some of the properties.
    parts: usize,
}

impl<'d> Judge<'d> {
    pub fn new(document: &'d Document) -> Self {
        Judge {
            document,
            patterns: HashMap::new(),
            steps: 0,
            total: 0,
            parts: 0,
        }
    }

    /// All faults of a value; empty if it conforms, or if the schemas are too complex to decide within the bounds.
    pub fn faults(&mut self, schema: &'d Schema, value: &Value) -> Vec<Fault> {
        self.total += self.steps;
        self.steps = 0;
        let mut faults = Faults::default();
        self.judge(schema, value, &mut Vec::new(), 0, &mut faults);
        if self.is_exhausted() {
            Vec::new()
        } else {
            faults.found
        }
    }

    fn is_exhausted(&self) -> bool {
        self.steps > MOST_STEPS || self.total + self.steps > MOST_STEPS_IN_ALL
    }

    fn judge<'v>(
        &mut self,
        schema: &'d Schema,
        value: &'v Value,
        path: &mut Vec<Step<'v>>,
        depth: usize,
        faults: &mut Faults,
    ) {
        self.steps += 1;
        if self.is_exhausted() || depth > DEEPEST || faults.found.len() >= MOST_FAULTS {
            return;
        }
        if value.is_null() && schema.nullable {
            return;
        }
        if let Some(values) = &schema.enumeration
            && !values.iter().any(|allowed| same(allowed, value))
        {
            let allowed: Vec<String> = values.iter().take(12).map(Value::to_string).collect();
            faults.add(
                path,
                format!("is {} and not one of {}", brief(value), allowed.join(", ")),
            );
            return;
        }
        if let Some(constant) = &schema.constant
            && !same(constant, value)
        {
            faults.add(path, format!("is {} and not {constant}", brief(value)));
            return;
        }
        match (&schema.kind, value) {
            (Kind::Any, _) | (Kind::Null, Value::Null) | (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Never, _) => faults.add(path, "may not be there".to_owned()),
            (Kind::Ref(name), _) => {
                if let Some(target) = self.document.schemas.get(name) {
                    self.judge(target, value, path, depth + 1, faults);
                }
            }
            (Kind::String(rules), Value::String(text)) => {
                self.text(rules, text, path, depth, faults)
            }
            (Kind::Integer(rules), Value::Number(number)) if is_integer(number) => {
                numbers(rules, number, path, faults)
            }
            (Kind::Number(rules), Value::Number(number)) => numbers(rules, number, path, faults),
            (Kind::Array(rules), Value::Array(items)) => {
                count(
                    "items",
                    items.len(),
                    rules.min_items,
                    rules.max_items,
                    path,
                    faults,
                );
                if rules.unique_items {
                    let mut seen = HashSet::new();
                    if !items
                        .iter()
                        .all(|item| seen.insert(canonical(item).to_string()))
                    {
                        faults.add(path, "holds an item twice".to_owned());
                    }
                }
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    self.judge(&rules.items, item, path, depth + 1, faults);
                    path.pop();
                }
            }
            (Kind::Object(rules), Value::Object(members)) => {
                self.members(rules, members, path, depth, faults)
            }
            (
                Kind::OneOf {
                    variants,
                    discriminator,
                },
                _,
            ) => {
                let chosen = discriminator.as_ref().and_then(|discriminator| {
                    let name = discriminator
                        .mapping
                        .get(value.get(&discriminator.property)?.as_str()?)?;
                    variants
                        .iter()
                        .find(|variant| variant.as_ref_name() == Some(name))
                });
                match chosen {
                    Some(variant) => self.judge(variant, value, path, depth + 1, faults),
                    None => {
                        let fits = variants
                            .iter()
                            .filter(|variant| self.conforms(variant, value, depth))
                            .count();
                        if fits != 1 {
                            faults.add(
                                path,
                                format!(
                                    "matches {fits} of the {} variants and not one",
                                    variants.len()
                                ),
                            );
                        }
                    }
                }
            }
            (Kind::AnyOf { variants, .. }, _) => {
                if !variants
                    .iter()
                    .any(|variant| self.conforms(variant, value, depth))
                {
                    faults.add(
                        path,
                        format!("matches none of the {} variants", variants.len()),
                    );
                }
            }
            (Kind::AllOf(parts), _) => {
                self.parts += 1;
                for part in parts {
                    self.judge(part, value, path, depth + 1, faults);
                }
                self.parts -= 1;
            }
            (kind, _) => faults.add(
                path,
                format!("is {} and not {}", brief(value), expected(kind)),
            ),
        }
    }

    fn conforms(&mut self, schema: &'d Schema, value: &Value, depth: usize) -> bool {
        let mut faults = Faults::default();
        self.judge(schema, value, &mut Vec::new(), depth + 1, &mut faults);
        faults.found.is_empty()
    }

    fn text(
        &mut self,
        rules: &'d StringRules,
        text: &str,
        path: &mut Vec<Step<'_>>,
        depth: usize,
        faults: &mut Faults,
    ) {
        count(
            "characters",
            text.chars().count(),
            rules.min_length,
            rules.max_length,
            path,
            faults,
        );
        if let Some(pattern) = &rules.pattern {
            let room = self.patterns.len() < MOST_PATTERNS;
            let pattern = self
                .patterns
                .entry(pattern)
                .or_insert_with(|| if room { compile(pattern).ok() } else { None });
            if let Some(pattern) = pattern
                && !pattern.is_match(text)
            {
                faults.add(
                    path,
                    format!("does not match the pattern {}", pattern.as_str()),
                );
            }
        }
        if let Some(format) = &rules.format
            && !formats::holds(format, text)
        {
            faults.add(path, format!("is no {format}"));
        }
        if rules.content_media_type.as_deref() == Some("application/json") {
            match (serde_json::from_str::<Value>(text), &rules.content_schema) {
                (Err(_), _) => faults.add(path, "holds no JSON".to_owned()),
                (Ok(value), Some(schema)) => {
                    if !self.conforms(schema, &value, depth) {
                        faults.add(
                            path,
                            "holds JSON that does not match contentSchema".to_owned(),
                        );
                    }
                }
                (Ok(_), None) => {}
            }
        }
    }

    fn members<'v>(
        &mut self,
        rules: &'d ObjectRules,
        members: &'v Map<String, Value>,
        path: &mut Vec<Step<'v>>,
        depth: usize,
        faults: &mut Faults,
    ) {
        count(
            "properties",
            members.len(),
            rules.min_properties,
            rules.max_properties,
            path,
            faults,
        );
        let required = rules
            .properties
            .iter()
            .filter(|(_, property)| property.required)
            .map(|(name, _)| name);
        for name in required
            .chain(&rules.required_elsewhere)
            .filter(|name| !members.contains_key(*name))
        {
            faults.add(path, format!("lacks the property `{name}`"));
        }
        // The value of a property is outside of the `allOf`.
        let parts = std::mem::take(&mut self.parts);
        for (name, value) in members {
            path.push(Step::Name(name));
            match (rules.properties.get(name), &rules.additional) {
                (Some(property), _) => self.judge(&property.schema, value, path, depth + 1, faults),
                (None, Additional::Schema(schema)) => {
                    self.judge(schema, value, path, depth + 1, faults)
                }
                (None, Additional::Refused) => faults.add(path, UNKNOWN.to_owned()),
                // Requests are closed by default, and answers hold documented properties only.
                (None, Additional::Unsaid) if !rules.properties.is_empty() && parts == 0 => {
                    faults.add(path, UNKNOWN.to_owned());
                }
                (None, Additional::Allowed | Additional::Unsaid) => {}
            }
            path.pop();
        }
        self.parts = parts;
    }
}

const UNKNOWN: &str = "is a property that the schema does not name";

enum Step<'v> {
    Name(&'v str),
    Index(usize),
}

#[derive(Default)]
struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, path: &[Step<'_>], why: String) {
        let pointer = path
            .iter()
            .map(|step| match step {
                Step::Name(name) => format!("/{}", escape(name)),
                Step::Index(index) => format!("/{index}"),
            })
            .collect();
        self.found.push(Fault { pointer, why });
    }
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::String(_) => "a text",
        Kind::Integer(_) => "an integer",
        Kind::Number(_) => "a number",
        Kind::Array(_) => "a list",
        Kind::Object(_) => "an object",
        _ => "what the schema says",
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a text".to_owned(),
        other => other.to_string(),
    }
}
