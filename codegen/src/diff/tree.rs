//! A source tree with numbered nodes, their places and references. It accepts both forms of OpenAPI and documents with
//! faults, which the reader reports.

use std::sync::Arc;

use crate::diagnostic::Location;
use crate::source::{Content, Node, Position, escape, unescape};
use crate::text::percent_decoded;

/// A node of one tree.
pub(super) type Id = u32;

/// The longest chain of references that is followed.
const MOST_HOPS: usize = 32;

#[derive(Debug)]
struct Entry<'a> {
    node: &'a Node,
    parent: Id,
    /// The first child; children follow one another in the order of the source.
    first: Id,
}

#[derive(Debug)]
pub(super) struct Tree<'a> {
    file: Arc<str>,
    entries: Vec<Entry<'a>>,
    /// OpenAPI 3.0: keywords beside a reference are ignored, `nullable` counts.
    pub(super) v30: bool,
}

/// The target of a `$ref`.
pub(super) enum Target<'a> {
    There(Id),
    /// A target outside of the document, or a missing one: only its text is known.
    Elsewhere(&'a str),
}

impl<'a> Tree<'a> {
    pub(super) const ROOT: Id = 0;

    pub(super) fn new(file: &str, root: &'a Node) -> Tree<'a> {
        let mut entries = vec![Entry {
            node: root,
            parent: 0,
            first: 0,
        }];
        let mut next = 0;
        while let Some(node) = entries.get(next).map(|entry| entry.node) {
            let first = entries.len() as Id;
            let parent = next as Id;
            let child = |node| Entry {
                node,
                parent,
                first: 0,
            };
            match &node.content {
                Content::Map(map) => {
                    entries.extend(map.values().map(|member| child(&member.node)));
                }
                Content::List(list) => entries.extend(list.iter().map(child)),
                _ => {}
            }
            if let Some(entry) = entries.get_mut(next) {
                entry.first = first;
            }
            next += 1;
        }
        let v30 = root
            .get("openapi")
            .and_then(Node::as_str)
            .is_some_and(|version| version.starts_with("3.0"));
        Tree {
            file: Arc::from(file),
            entries,
            v30,
        }
    }

    /// Whether the document is a preview.
    pub(super) fn is_preview(&self) -> bool {
        self.find("/info/x-preview")
            .and_then(|at| self.node(at)?.as_bool())
            == Some(true)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn entry(&self, id: Id) -> Option<&Entry<'a>> {
        self.entries.get(id as usize)
    }

    pub(super) fn content(&self, id: Id) -> &'a Content {
        const NULL: &Content = &Content::Null;
        self.entry(id).map_or(NULL, |entry| &entry.node.content)
    }

    pub(super) fn node(&self, id: Id) -> Option<&'a Node> {
        self.entry(id).map(|entry| entry.node)
    }

    pub(super) fn get(&self, id: Id, key: &str) -> Option<Id> {
        let entry = self.entry(id)?;
        let (index, _, _) = entry.node.as_map()?.get_full(key)?;
        Some(entry.first + index as Id)
    }

    pub(super) fn text(&self, id: Id, key: &str) -> Option<&'a str> {
        self.node(self.get(id, key)?)?.as_str()
    }

    pub(super) fn flag(&self, id: Id, key: &str) -> Option<bool> {
        self.node(self.get(id, key)?)?.as_bool()
    }

    /// The members of a map; empty if it is not a map.
    pub(super) fn members(&self, id: Id) -> impl Iterator<Item = (&'a str, Id)> + use<'a> {
        let entry = self.entry(id);
        let first = entry.map_or(0, |entry| entry.first);
        entry
            .and_then(|entry| entry.node.as_map())
            .into_iter()
            .flat_map(|map| map.keys())
            .enumerate()
            .map(move |(index, key)| (key.as_str(), first + index as Id))
    }

    /// The members of the map under a key.
    pub(super) fn members_of(
        &self,
        id: Id,
        key: &str,
    ) -> impl Iterator<Item = (&'a str, Id)> + use<'a> {
        let map = self.get(id, key);
        map.map(|map| self.members(map)).into_iter().flatten()
    }

    /// The items of a list; empty if it is not a list.
    pub(super) fn items(&self, id: Id) -> impl Iterator<Item = Id> + use<'a> {
        let entry = self.entry(id);
        let first = entry.map_or(0, |entry| entry.first);
        let length = entry
            .and_then(|entry| entry.node.as_list())
            .map_or(0, <[Node]>::len);
        (0..length).map(move |index| first + index as Id)
    }

    pub(super) fn items_of(&self, id: Id, key: &str) -> impl Iterator<Item = Id> + use<'a> {
        let list = self.get(id, key);
        list.map(|list| self.items(list)).into_iter().flatten()
    }

    /// The texts of the list under a key.
    pub(super) fn texts_of(
        &self,
        id: Id,
        key: &str,
    ) -> impl Iterator<Item = (&'a str, Id)> + use<'_, 'a> {
        self.items_of(id, key)
            .filter_map(|item| Some((self.node(item)?.as_str()?, item)))
    }

    /// The target of this place's `$ref`; None if it has none.
    pub(super) fn reference(&self, id: Id) -> Option<Target<'a>> {
        let text = self.text(id, "$ref")?;
        Some(match text.strip_prefix('#').and_then(|p| self.find(p)) {
            Some(there) => Target::There(there),
            None => Target::Elsewhere(text),
        })
    }

    /// Follows `$ref`s to their last target.
    pub(super) fn follow(&self, mut id: Id) -> Id {
        for _ in 0..MOST_HOPS {
            match self.reference(id) {
                Some(Target::There(there)) => id = there,
                _ => break,
            }
        }
        id
    }

    /// The place that a JSON pointer names, which may be percent-encoded as a part of a URI.
    pub(super) fn find(&self, pointer: &str) -> Option<Id> {
        if pointer.is_empty() {
            return Some(Self::ROOT);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(Self::ROOT, |id, token| {
                let token = unescape(token);
                match self.content(id) {
                    Content::Map(_) => self
                        .get(id, &token)
                        .or_else(|| self.get(id, &percent_decoded(&token))),
                    Content::List(_) => {
                        let index: usize = token.parse().ok()?;
                        self.items(id).nth(index)
                    }
                    _ => None,
                }
            })
    }

    /// For each node, the number of nodes before it in the document, which may consist of several files; 0 for a node
    /// without a place.
    pub(super) fn order(&self) -> Vec<u32> {
        let mut order = vec![0; self.entries.len()];
        let mut open = vec![Self::ROOT];
        let mut before = 0;
        while let Some(id) = open.pop() {
            let Some(entry) = self.entry(id) else {
                continue;
            };
            before += 1;
            if let Some(rank) = order.get_mut(id as usize)
                && entry.node.position.line > 0
            {
                *rank = before;
            }
            let children = match &entry.node.content {
                Content::Map(map) => map.len(),
                Content::List(list) => list.len(),
                _ => 0,
            };
            open.extend((entry.first..entry.first + children as Id).rev());
        }
        order
    }

    fn parent_of(&self, id: Id) -> Id {
        self.entry(id).map_or(Self::ROOT, |entry| entry.parent)
    }

    /// The key of this node if it is a member of a map.
    pub(super) fn key(&self, id: Id) -> Option<&'a str> {
        let entry = self.entry(id)?;
        let parent = self.entry(entry.parent)?;
        let index = id.checked_sub(parent.first)? as usize;
        parent
            .node
            .as_map()?
            .get_index(index)
            .map(|(key, _)| key.as_str())
    }

    /// File, line, column and JSON pointer.
    pub(super) fn at(&self, id: Id) -> Location {
        let mut tokens = Vec::new();
        let mut here = id;
        while here != Self::ROOT {
            let parent = self.parent_of(here);
            let token = match self.key(here) {
                Some(key) => escape(key),
                None => {
                    let first = self.entry(parent).map_or(0, |entry| entry.first);
                    here.saturating_sub(first).to_string()
                }
            };
            tokens.push(token);
            here = parent;
        }
        let pointer: String = tokens
            .iter()
            .rev()
            .map(|token| format!("/{token}"))
            .collect();
        match self.entry(id) {
            Some(entry) => Location::of_node(&self.file, &entry.node.position, pointer),
            None => Location::of_node(&self.file, &Position::default(), pointer),
        }
    }
}
