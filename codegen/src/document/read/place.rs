//! The reader's current place: a node and its pointer, with accessors. A value of the wrong kind is reported once, at
//! its place, and read as if it were absent.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::Reader;
use crate::diagnostic::Location;
use crate::source::{Content, Member, Node, escape};

#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) node: &'a Node,
    pub(super) pointer: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Place {
            node,
            pointer: String::new(),
        }
    }

    pub(super) fn child(&self, key: &str) -> Option<Place<'a>> {
        Some(Place {
            node: self.node.get(key)?,
            pointer: format!("{}/{}", self.pointer, escape(key)),
        })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn at(&self, place: &Place<'a>) -> Location {
        Location::of_node(&self.file, &place.node.position, place.pointer.as_str())
    }

    pub(super) fn report_at(
        &mut self,
        rule: &'static str,
        place: &Place<'a>,
        message: impl Into<String>,
        mend: &str,
    ) {
        let at = self.at(place);
        self.diagnostics.report(rule, &at, message, mend);
    }

    fn wrong_kind(&mut self, place: &Place<'a>, expected: &str) {
        let message = format!("{expected} is expected here, this is {}", place.node.kind());
        self.report_at("kind", place, message, &format!("write {expected}"));
    }

    /// Counts the parts that are copied from the source. False if there are too many, which is reported once.
    pub(super) fn charge(&mut self, parts: usize) -> bool {
        let before = self.parts <= super::MOST_PARTS;
        self.parts = self.parts.saturating_add(parts);
        if self.parts <= super::MOST_PARTS {
            return true;
        }
        if before {
            self.report_at(
                "too-much",
                &Place::root(self.root),
                format!(
                    "the document unfolds to more than {} parts once its references are followed",
                    super::MOST_PARTS
                ),
                "shorten large shared parameters, headers and responses, or split the contract",
            );
        }
        false
    }

    pub(super) fn map(&mut self, place: &Place<'a>) -> Option<&'a IndexMap<String, Member>> {
        let map = place.node.as_map();
        if map.is_none() {
            self.wrong_kind(place, "a map");
        }
        map
    }

    /// The members of a map, in order, without its extensions.
    pub(super) fn members(&mut self, place: &Place<'a>) -> Vec<(String, Place<'a>)> {
        let Some(map) = self.map(place) else {
            return Vec::new();
        };
        map.iter()
            .filter(|(key, _)| !key.starts_with("x-"))
            .map(|(key, member)| {
                let pointer = format!("{}/{}", place.pointer, escape(key));
                (
                    key.clone(),
                    Place {
                        node: &member.node,
                        pointer,
                    },
                )
            })
            .collect()
    }

    /// The members of a map in which every key counts, such as `properties`: a property may be named `x-y`.
    pub(super) fn all_members(&mut self, place: &Place<'a>) -> Vec<(String, Place<'a>)> {
        let Some(map) = self.map(place) else {
            return Vec::new();
        };
        map.iter()
            .map(|(key, member)| {
                (
                    key.clone(),
                    Place {
                        node: &member.node,
                        pointer: format!("{}/{}", place.pointer, escape(key)),
                    },
                )
            })
            .collect()
    }

    pub(super) fn required(&mut self, place: &Place<'a>, key: &str) -> Option<Place<'a>> {
        let child = place.child(key);
        if child.is_none() && place.node.as_map().is_some() {
            self.report_at(
                "missing",
                place,
                format!("`{key}` is missing here"),
                &format!("add `{key}`"),
            );
        }
        child
    }

    pub(super) fn text(&mut self, place: &Place<'a>, key: &str) -> Option<String> {
        let child = place.child(key)?;
        self.text_of(&child)
    }

    pub(super) fn required_text(&mut self, place: &Place<'a>, key: &str) -> Option<String> {
        let child = self.required(place, key)?;
        self.text_of(&child)
    }

    pub(super) fn text_of(&mut self, place: &Place<'a>) -> Option<String> {
        let text = place.node.as_str();
        if text.is_none() {
            let quote = matches!(place.node.content, Content::Number(_) | Content::Bool(_));
            self.wrong_kind(
                place,
                if quote {
                    "a text (in quotes)"
                } else {
                    "a text"
                },
            );
        }
        text.map(str::to_owned)
    }

    pub(super) fn boolean(&mut self, place: &Place<'a>, key: &str) -> Option<bool> {
        let child = place.child(key)?;
        let value = child.node.as_bool();
        if value.is_none() {
            self.wrong_kind(&child, "true or false");
        }
        value
    }

    /// A count: an integer from 0.
    pub(super) fn count(&mut self, place: &Place<'a>, key: &str) -> Option<u64> {
        let child = place.child(key)?;
        let number = child.node.as_number();
        let whole = number.and_then(|n| {
            n.as_u64().or_else(|| {
                n.as_f64()
                    .filter(|f| f.fract() == 0.0 && (0.0..1e15).contains(f))
                    .map(|f| f as u64)
            })
        });
        if whole.is_none() {
            self.wrong_kind(&child, "a whole number from 0");
        }
        whole
    }

    pub(super) fn number(&mut self, place: &Place<'a>, key: &str) -> Option<serde_json::Number> {
        let child = place.child(key)?;
        let number = child.node.as_number().cloned();
        if number.is_none() {
            self.wrong_kind(&child, "a number");
        }
        number
    }

    pub(super) fn list(&mut self, place: &Place<'a>, key: &str) -> Vec<Place<'a>> {
        place
            .child(key)
            .map(|child| self.list_of(&child))
            .unwrap_or_default()
    }

    pub(super) fn list_of(&mut self, place: &Place<'a>) -> Vec<Place<'a>> {
        match place.node.as_list() {
            Some(list) => list
                .iter()
                .enumerate()
                .map(|(index, node)| Place {
                    node,
                    pointer: format!("{}/{index}", place.pointer),
                })
                .collect(),
            None => {
                self.wrong_kind(place, "a list");
                Vec::new()
            }
        }
    }

    pub(super) fn texts(&mut self, place: &Place<'a>, key: &str) -> Vec<String> {
        place
            .child(key)
            .map(|child| self.texts_of(&child))
            .unwrap_or_default()
    }

    /// A list of different texts.
    pub(super) fn texts_of(&mut self, place: &Place<'a>) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for item in self.list_of(place) {
            let Some(text) = self.text_of(&item) else {
                continue;
            };
            if texts.contains(&text) {
                self.report_at(
                    "duplicate-item",
                    &item,
                    format!("`{text}` is in this list twice"),
                    "remove one of the two",
                );
            } else {
                texts.push(text);
            }
        }
        texts
    }

    /// A value as plain JSON.
    pub(super) fn json(&mut self, place: &Place<'a>) -> Value {
        if self.charge(weight(place.node)) {
            place.node.to_json()
        } else {
            Value::Null
        }
    }

    /// The `x-` members of a map.
    pub(super) fn extensions(&mut self, place: &Place<'a>) -> Map<String, Value> {
        let Some(map) = place.node.as_map() else {
            return Map::new();
        };
        map.iter()
            .filter(|(key, _)| key.starts_with("x-"))
            .map(|(key, member)| {
                let value = Place {
                    node: &member.node,
                    pointer: String::new(),
                };
                (key.clone(), self.json(&value))
            })
            .collect()
    }

    /// Reports members that OpenAPI does not have here, and records those that it has and this reader does not use.
    pub(super) fn known(&mut self, place: &Place<'a>, known: &[&str], unread: &[&str]) {
        for (key, child) in place
            .node
            .as_map()
            .map(|_| self.members(place))
            .unwrap_or_default()
        {
            if unread.contains(&key.as_str()) {
                let at = self.at(&child);
                self.unsupported.push((key, at));
            } else if !known.contains(&key.as_str()) {
                self.report_at(
                    "unknown-field",
                    &child,
                    format!("OpenAPI knows no `{key}` here; it would be ignored"),
                    &format!(
                        "possible here: {}; extensions begin with x-",
                        known.join(", ")
                    ),
                );
            }
        }
    }
}

/// The number of values in a tree.
fn weight(node: &Node) -> usize {
    match &node.content {
        Content::List(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Content::Map(map) => {
            1 + map
                .values()
                .map(|member| weight(&member.node))
                .sum::<usize>()
        }
        _ => 1,
    }
}
