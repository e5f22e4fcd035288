//! The constraints of a schema for lists.

use super::values;
use crate::diff::tree::{Id, Tree};
use crate::source::Content;

#[derive(Debug, Default)]
pub(in crate::diff) struct Lists {
    /// For each part with schemas of items: those of the first items, and that of the others.
    parts: Vec<(Vec<Id>, Option<Id>)>,
    pub(in crate::diff) unique: Option<Id>,
    pub(in crate::diff) contains: Vec<Contains>,
    pub(in crate::diff) unevaluated: Option<Id>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::diff) struct Contains {
    pub(in crate::diff) schema: Id,
    pub(in crate::diff) least: u64,
    pub(in crate::diff) most: Option<u64>,
}

impl Lists {
    pub(super) fn add(&mut self, tree: &Tree<'_>, id: Id) {
        let items = tree.get(id, "items");
        let is_list = |at: &Id| matches!(tree.content(*at), Content::List(_));
        // Earlier drafts write the first items as a list under `items`.
        let (first, rest): (Vec<Id>, Option<Id>) = match items.filter(is_list) {
            Some(list) => (tree.items(list).collect(), tree.get(id, "additionalItems")),
            None => (tree.items_of(id, "prefixItems").collect(), items),
        };
        if !first.is_empty() || rest.is_some() {
            self.parts.push((first, rest));
        }
        if tree.flag(id, "uniqueItems") == Some(true) {
            self.unique = self.unique.or(tree.get(id, "uniqueItems"));
        }
        if let Some(schema) = tree.get(id, "contains") {
            let count = |key: &str| {
                tree.get(id, key)
                    .and_then(|at| tree.node(at))
                    .and_then(values::count)
            };
            self.contains.push(Contains {
                schema,
                least: count("minContains").unwrap_or(1),
                most: count("maxContains"),
            });
        }
        self.unevaluated = self.unevaluated.or(tree.get(id, "unevaluatedItems"));
    }

    /// The number of items with their own schema.
    pub(in crate::diff) fn first(&self) -> usize {
        let lengths = self.parts.iter().map(|(first, _)| first.len());
        lengths.max().unwrap_or(0)
    }

    /// The schemas of the item at this index, all of which must hold.
    pub(in crate::diff) fn item(&self, index: usize) -> Vec<Id> {
        let schemas = self.parts.iter();
        schemas
            .filter_map(|(first, rest)| first.get(index).copied().or(*rest))
            .collect()
    }

    /// The schemas of the items after the first ones.
    pub(in crate::diff) fn rest(&self) -> Vec<Id> {
        self.parts.iter().filter_map(|(_, rest)| *rest).collect()
    }
}
