//! The parts of the source that form a schema: all that must hold together, after references, `allOf` and unions of one
//! variant are resolved. Two schemas with equal parts are the same.

use std::hash::{Hash, Hasher};

use super::union::{Form, union_of};
use crate::diff::tree::{Id, Target, Tree};
use crate::source::Content;

/// Null is valid too.
pub(in crate::diff) const OR_NULL: u8 = 1;
const SKIP_ONE_OF: u8 = 2;
const SKIP_ANY_OF: u8 = 4;
/// The targets of this part are in the list already.
const TAKEN_APART: u8 = 8;

/// The most parts of a schema.
const MOST_PARTS: usize = 256;

/// The flag of a part whose union under this keyword is handled elsewhere.
pub(in crate::diff) fn skipping(keyword: &str) -> u8 {
    if keyword == "oneOf" {
        SKIP_ONE_OF
    } else {
        SKIP_ANY_OF
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::diff) struct Part {
    pub(in crate::diff) id: Id,
    pub(in crate::diff) flags: u8,
}

#[derive(Debug, Clone)]
pub(in crate::diff) struct Key {
    /// Empty: anything is valid.
    pub(in crate::diff) parts: Vec<Part>,
    /// The types that are compared.
    pub(in crate::diff) mask: u8,
    pub(in crate::diff) entangled: bool,
    /// The place for findings if there is no part.
    pub(in crate::diff) owner: Id,
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.parts == other.parts
            && self.mask == other.mask
            && (!self.parts.is_empty() || self.owner == other.owner)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
        self.mask.hash(state);
        if self.parts.is_empty() {
            self.owner.hash(state);
        }
    }
}

impl Key {
    /// The schema that these places form together; `owner` is their owner.
    pub(in crate::diff) fn of(tree: &Tree<'_>, ids: &[Id], owner: Id) -> Key {
        let parts: Vec<Part> = ids.iter().map(|id| Part { id: *id, flags: 0 }).collect();
        Key::of_parts(tree, &parts, super::types::ALL, owner)
    }

    pub(in crate::diff) fn of_parts(tree: &Tree<'_>, parts: &[Part], mask: u8, owner: Id) -> Key {
        let mut key = Key {
            parts: Vec::new(),
            mask,
            entangled: false,
            owner,
        };
        let mut open: Vec<Part> = parts.iter().rev().copied().collect();
        let mut passed: Vec<Part> = Vec::new();
        while let Some(part) = open.pop() {
            if passed.contains(&part) {
                continue;
            }
            if passed.len() >= MOST_PARTS {
                key.entangled = true;
                break;
            }
            passed.push(part);
            key.take(tree, part, &mut open);
        }
        key
    }

    fn take(&mut self, tree: &Tree<'_>, part: Part, open: &mut Vec<Part>) {
        if part.flags & TAKEN_APART != 0 {
            return self.keep(part);
        }
        match tree.content(part.id) {
            Content::Bool(true) => return,
            Content::Map(map) if map.is_empty() => return,
            Content::Map(_) => {}
            _ => return self.keep(part),
        }
        let mut more: Vec<Part> = Vec::new();
        let mut keep = tree
            .members(part.id)
            .any(|(key, _)| key != "allOf" && key != "$ref");
        match tree.reference(part.id) {
            Some(Target::There(id)) => {
                more.push(Part { id, ..part });
                if tree.v30 {
                    open.extend(more);
                    return;
                }
            }
            Some(Target::Elsewhere(_)) => keep = true,
            None => {}
        }
        let nullable = tree.v30 && tree.flag(part.id, "nullable") == Some(true);
        let flags = (part.flags & OR_NULL) | if nullable { OR_NULL } else { 0 };
        more.extend(tree.items_of(part.id, "allOf").map(|id| Part { id, flags }));
        for keyword in ["oneOf", "anyOf"] {
            if part.flags & skipping(keyword) == 0
                && let Form::One { id, null } = union_of(tree, part.id, keyword)
            {
                let flags = flags | if null { OR_NULL } else { 0 };
                more.push(Part { id, flags });
            }
        }
        if keep {
            self.keep(part);
        }
        open.extend(more.into_iter().rev());
    }

    fn keep(&mut self, mut part: Part) {
        part.flags |= TAKEN_APART;
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
    }

    pub(in crate::diff) fn site(&self) -> Id {
        self.parts.first().map_or(self.owner, |part| part.id)
    }

    /// The parts without a union, which is then handled variant by variant.
    pub(in crate::diff) fn without(&self, union: &super::Union<'_>) -> Vec<Part> {
        self.parts
            .iter()
            .map(|part| {
                if part.id == union.owner {
                    Part {
                        flags: part.flags | skipping(union.keyword),
                        ..*part
                    }
                } else {
                    *part
                }
            })
            .collect()
    }
}
