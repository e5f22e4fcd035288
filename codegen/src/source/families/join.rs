//! Joins several trees: the members of a family go to the end of the root's sections of the same name.

use std::sync::Arc;

use indexmap::map::Entry;

use super::{EVERY, Family, KEY};
use crate::diagnostic::{Diagnostics, Location};
use crate::source::{Content, Node, Position, escape};

/// A map or list that families add to.
struct Section<'n> {
    /// Its path from the root: `paths`, or `components` and `schemas`.
    keys: Vec<&'n str>,
    key: &'n Position,
    node: &'n Node,
}

/// Adds the members of a family. `file` is the root's file.
pub(super) fn join(root: &mut Node, family: &Family, file: &Arc<str>, found: &mut Diagnostics) {
    for section in sections(family, found) {
        let pointer: String = section.pointer();
        let at = Location::of_node(file, section.key, pointer.as_str());
        let target =
            section
                .keys
                .iter()
                .try_fold(&mut *root, |node, key| match &mut node.content {
                    Content::Map(map) => map.get_mut(*key).map(|member| &mut member.node),
                    _ => None,
                });
        let Some(target) = target else {
            found.report(
                "family-section",
                &at,
                format!(
                    "the root has no `{}` to which this could be added",
                    section.keys.join(".")
                ),
                "write an empty one into the root, where it shall stand in the document",
            );
            continue;
        };
        add(target, section.node, &at, file, found);
    }
}

/// The sections of a family. Anything else is a finding, since it belongs in the root.
fn sections<'n>(family: &'n Family, found: &mut Diagnostics) -> Vec<Section<'n>> {
    let Some(map) = family.root.as_map() else {
        let at = Location::of_node(&family.file, &family.root.position, "");
        let message = format!("a map is expected here, this is {}", family.root.kind());
        found.report("kind", &at, message, "write `paths:`, `components:`");
        return Vec::new();
    };
    let mut sections = Vec::new();
    for (key, member) in map {
        let at = Location::of_node(&family.file, &member.key, format!("/{}", escape(key)));
        match (key.as_str(), member.node.as_map()) {
            ("components", Some(components)) => {
                sections.extend(components.iter().map(|(name, inner)| Section {
                    keys: vec![key, name],
                    key: &inner.key,
                    node: &inner.node,
                }));
            }
            ("components", None) => {
                let message = format!("a map is expected here, this is {}", member.node.kind());
                found.report("kind", &at, message, "write `schemas:`, `parameters:` ...");
            }
            ("paths" | "webhooks" | "tags", _) => sections.push(Section {
                keys: vec![key],
                key: &member.key,
                node: &member.node,
            }),
            (name, _) if name.starts_with("x-") && name != KEY && name != EVERY => sections.push(Section {
                keys: vec![key],
                key: &member.key,
                node: &member.node,
            }),
            (name, _) => found.report(
                "family-key",
                &at,
                format!("a family has no `{name}`"),
                "correct the name, or move it to the root; a family holds paths, webhooks, tags, components and extensions",
            ),
        }
    }
    sections
}

fn add(target: &mut Node, more: &Node, at: &Location, file: &Arc<str>, found: &mut Diagnostics) {
    if target.content == Content::Null {
        target.content = match &more.content {
            Content::Map(_) => Content::Map(Default::default()),
            Content::List(_) => Content::List(Vec::new()),
            _ => Content::Null,
        };
    }
    let kind = target.kind();
    match (&mut target.content, &more.content) {
        (Content::List(list), Content::List(more)) => list.extend(more.iter().cloned()),
        (Content::Map(map), Content::Map(more)) => {
            for (key, member) in more {
                match map.entry(key.clone()) {
                    Entry::Vacant(entry) => {
                        entry.insert(member.clone());
                    }
                    Entry::Occupied(entry) => {
                        let first = Location::of_node(file, &entry.get().key, "");
                        let pointer = format!("{}/{}", at.pointer, escape(key));
                        let at = Location::of_node(file, &member.key, pointer);
                        let message = format!(
                            "the key `{key}` stands here a second time (first in {}, line {}); one of the two would be lost",
                            first.file, first.line
                        );
                        let mend = "remove one of the two, or rename it";
                        found.report("duplicate-key", &at, message, mend);
                    }
                }
            }
        }
        (_, Content::Null) => {}
        (_, _) => {
            let message = format!("this is {}, and the root has {kind} there", more.kind());
            found.report("kind", at, message, "write both as maps, or both as lists");
        }
    }
}

impl Section<'_> {
    fn pointer(&self) -> String {
        self.keys
            .iter()
            .map(|key| format!("/{}", escape(key)))
            .collect()
    }
}
