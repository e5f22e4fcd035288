//! What many operations have, written once: `x-every` of the root names groups of members, and `x-every: NAME` in a
//! family stands for the members of a group. Nothing of both is left in the contract.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Family;
use crate::diagnostic::{Diagnostics, Location};
use crate::source::weight::Weight;
use crate::source::{Content, MOST_BYTES, Member, Node, escape};

/// The key of the groups, and of the places where one of them is wanted.
pub(super) const EVERY: &str = "x-every";

/// The members of a group.
struct Group {
    members: IndexMap<String, Member>,
    weight: Weight,
    /// The lines of the root's text in which they stand, without their indentation.
    lines: Vec<String>,
}

/// The groups of the root.
pub(super) struct Groups<'f> {
    /// The name of the root's file.
    file: &'f Arc<str>,
    groups: IndexMap<String, Group>,
    /// What all copies of groups add to the contract.
    weight: Weight,
    bytes: usize,
}

/// The place of a group in the text of a family, by line, counted from 0: what stands there instead.
pub(super) type Copies = HashMap<usize, String>;

impl<'f> Groups<'f> {
    /// Reads the groups of the root, whose text has these lines.
    pub(super) fn of(
        root: &Node,
        lines: &[&str],
        file: &'f Arc<str>,
        found: &mut Diagnostics,
    ) -> Groups<'f> {
        let mut groups = IndexMap::new();
        if let Some(section) = root.get(EVERY) {
            let at = Location::of_node(file, &section.position, format!("/{EVERY}"));
            match section.as_map() {
                Some(map) => {
                    for (name, member) in map {
                        let group = group(&member.node, lines);
                        if group.is_none() {
                            found.report(
                                "every-group",
                                &Location::of_node(
                                    file,
                                    &member.key,
                                    format!("{}/{}", at.pointer, escape(name)),
                                ),
                                format!("`{name}` is not a map with a line for each member"),
                                "write its members in YAML, each on a line of its own",
                            );
                        }
                        groups.extend(group.map(|group| (name.clone(), group)));
                    }
                }
                None => found.report(
                    "every-group",
                    &at,
                    format!(
                        "a map of groups is expected here, this is {}",
                        section.kind()
                    ),
                    "write a name for each group, and its members below",
                ),
            }
        }
        for (key, member) in root.as_map().into_iter().flatten() {
            let pointer = format!("/{}", escape(key));
            match key == EVERY {
                true => {
                    for (name, group) in member.node.as_map().into_iter().flatten() {
                        let pointer = format!("{pointer}/{}", escape(name));
                        outside(&group.node, &pointer, file, found);
                    }
                }
                false => outside(&member.node, &pointer, file, found),
            }
        }
        Groups {
            file,
            groups,
            weight: Weight::default(),
            bytes: 0,
        }
    }

    /// Puts the members of groups into a family; the result is what stands in its text instead.
    pub(super) fn expand(&mut self, family: &mut Family, found: &mut Diagnostics) -> Copies {
        let mut copies = Copies::new();
        self.node(&mut family.root, "", &mut copies, found);
        copies
    }

    fn node(
        &mut self,
        node: &mut Node,
        pointer: &str,
        copies: &mut Copies,
        found: &mut Diagnostics,
    ) {
        match &mut node.content {
            Content::List(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    self.node(item, &format!("{pointer}/{index}"), copies, found);
                }
            }
            Content::Map(map) => {
                for (key, member) in map.iter_mut() {
                    let pointer = format!("{pointer}/{}", escape(key));
                    self.node(&mut member.node, &pointer, copies, found);
                }
                if let Some((place, _, member)) = map.get_full(EVERY) {
                    let at =
                        Location::of_node(self.file, &member.key, format!("{pointer}/{EVERY}"));
                    let file = self.file;
                    let column = (member.key.column as usize).saturating_sub(1);
                    let line = (member.key.line as usize).saturating_sub(1);
                    if let Some(group) = self.wanted(&member.node, &at, found) {
                        copies.insert(line, indented(&group.lines, column));
                        put(map, place, &group.members, file, &at, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// The group that is wanted at a place, if the contract does not grow too large by it.
    fn wanted(&mut self, name: &Node, at: &Location, found: &mut Diagnostics) -> Option<&Group> {
        let Some(group) = name.as_str().and_then(|name| self.groups.get(name)) else {
            let known: Vec<&str> = self.groups.keys().map(String::as_str).collect();
            let message = match name.as_str() {
                Some(name) => format!("the root's `{EVERY}` has no group `{name}`"),
                None => format!(
                    "the name of a group is expected here, this is {}",
                    name.kind()
                ),
            };
            let mend = match known.as_slice() {
                [] => format!("name groups under `{EVERY}` in the root"),
                known => format!("use one of: {}", known.join(", ")),
            };
            found.report("every-unknown", at, message, mend);
            return None;
        };
        self.weight.add(group.weight);
        self.bytes += group.lines.iter().map(String::len).sum::<usize>();
        if self.weight.is_too_much() || self.bytes > MOST_BYTES {
            let message = format!("the contract grows too large by the copies for `{EVERY}`");
            found.report("too-much", at, message, "make the groups smaller");
            return None;
        }
        Some(group)
    }
}

/// Replaces the member at `place` by those of a group.
fn put(
    map: &mut IndexMap<String, Member>,
    place: usize,
    members: &IndexMap<String, Member>,
    file: &Arc<str>,
    at: &Location,
    found: &mut Diagnostics,
) {
    map.shift_remove(EVERY);
    let mut place = place;
    for (key, member) in members {
        if let Some(known) = map.get(key) {
            let second = Location::of_node(file, &known.key, at.pointer.clone());
            let message = format!(
                "the key `{key}` is in the group already (wanted on line {})",
                at.line
            );
            found.report("duplicate-key", &second, message, "remove it here");
            continue;
        }
        map.shift_insert(place, key.clone(), member.clone());
        place += 1;
    }
}

/// A group, if each of its members begins a line.
fn group(node: &Node, lines: &[&str]) -> Option<Group> {
    let members = node.as_map()?;
    let first = &members.values().next()?.key;
    let indent = (first.column as usize).checked_sub(1)?;
    let start = (first.line as usize).checked_sub(1)?;
    let body = lines.get(start..)?.iter().take_while(|line| {
        let text = line.trim_start();
        text.is_empty() || line.len() - text.len() >= indent
    });
    let mut body: Vec<String> = body
        .map(|line| line.trim_end().get(indent..).unwrap_or_default().to_owned())
        .collect();
    while body.last().is_some_and(String::is_empty) {
        body.pop();
    }
    let begins = |member: &&Member| member.key.column == first.column;
    (members.values().filter(begins).count() == members.len()).then(|| Group {
        members: members.clone(),
        weight: Weight::of(node),
        lines: body,
    })
}

fn indented(lines: &[String], column: usize) -> String {
    let indent = " ".repeat(column);
    let each = lines.iter().map(|line| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("{indent}{line}\n"),
    });
    each.collect()
}

/// Reports a wanted group that stands in the root, where groups are not put.
fn outside(node: &Node, pointer: &str, file: &Arc<str>, found: &mut Diagnostics) {
    match &node.content {
        Content::List(list) => {
            for (index, item) in list.iter().enumerate() {
                outside(item, &format!("{pointer}/{index}"), file, found);
            }
        }
        Content::Map(map) => {
            for (key, member) in map {
                if key == EVERY {
                    let at = Location::of_node(file, &member.key, format!("{pointer}/{EVERY}"));
                    let message = format!("`{EVERY}` is filled in families, not in the root");
                    found.report("every-root", &at, message, "write the members here");
                }
                outside(
                    &member.node,
                    &format!("{pointer}/{}", escape(key)),
                    file,
                    found,
                );
            }
        }
        _ => {}
    }
}
