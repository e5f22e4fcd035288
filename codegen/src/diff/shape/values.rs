//! The values that a schema lists, and their equality.

use serde_json::Number;

use super::types;
use crate::diff::life::Life;
use crate::diff::tree::{Id, Tree};
use crate::source::{Content, Node};

/// A list of values, without null.
#[derive(Debug, Clone)]
pub(in crate::diff) struct Known {
    pub(in crate::diff) at: Id,
    pub(in crate::diff) values: Vec<KnownValue>,
    /// Null is one of them.
    pub(in crate::diff) null: bool,
}

#[derive(Debug, Clone)]
pub(in crate::diff) struct KnownValue {
    /// A text that is equal for equal values, also for messages.
    pub(in crate::diff) text: String,
    pub(in crate::diff) kind: u8,
    pub(in crate::diff) at: Id,
    /// The place of its deprecation: `x-deprecated-values` or a variant of constants.
    pub(in crate::diff) notice: Option<Id>,
}

impl Known {
    pub(super) fn list(tree: &Tree<'_>, owner: Id, at: Id) -> Known {
        Known::items(tree, owner, at, tree.items(at))
    }

    /// `x-extensible-enum`.
    pub(super) fn texts(tree: &Tree<'_>, owner: Id, at: Id) -> Known {
        Known::items(tree, owner, at, tree.items(at))
    }

    pub(super) fn one(tree: &Tree<'_>, at: Id) -> Known {
        Known::items(tree, at, at, std::iter::once(at))
    }

    fn items(tree: &Tree<'_>, owner: Id, at: Id, items: impl Iterator<Item = Id>) -> Known {
        let notices = tree.get(owner, "x-deprecated-values");
        let mut known = Known {
            at,
            values: Vec::new(),
            null: false,
        };
        for item in items {
            let Some(node) = tree.node(item) else {
                continue;
            };
            let notice = notices.and_then(|notices| {
                let text = match &node.content {
                    Content::Text(text) => text.clone(),
                    _ => canonical(node),
                };
                tree.get(notices, &text)
            });
            known.push(node, item, notice);
        }
        known
    }

    fn push(&mut self, node: &Node, at: Id, notice: Option<Id>) {
        let kind = type_of(node);
        if kind == types::NULL {
            self.null = true;
        } else {
            self.values.push(KnownValue {
                text: canonical(node),
                kind,
                at,
                notice,
            });
        }
    }

    /// The values of variants that consist of constants and descriptions only.
    pub(super) fn constants(tree: &Tree<'_>, at: Id, variants: &[Id], null: bool) -> Option<Known> {
        let mut known = Known {
            at,
            values: Vec::new(),
            null,
        };
        for &variant in variants {
            let mut value = None;
            for (keyword, id) in tree.members(variant) {
                match keyword {
                    "const" => value = tree.node(id).map(|node| (node, id)),
                    "title" | "description" | "deprecated" | "x-deprecated-at" | "x-sunset"
                    | "x-replacement" | "$comment" => {}
                    "type" if tree.get(variant, "const").is_some() => {}
                    _ => return None,
                }
            }
            let (node, id) = value?;
            let fits = tree.text(variant, "type").is_none_or(|name| {
                types::parse(name).is_some_and(|bits| bits & type_of(node) != 0)
            });
            if !fits
                || known
                    .values
                    .iter()
                    .any(|known| known.text == canonical(node))
            {
                return None;
            }
            let notice = Life::of(tree, variant).map(|_| variant);
            known.push(node, id, notice);
        }
        (!known.values.is_empty()).then_some(known)
    }

    /// The values in both lists.
    pub(super) fn both(mut self, other: Known) -> Known {
        self.values
            .retain(|value| other.values.iter().any(|known| known.text == value.text));
        self.null &= other.null;
        self
    }

    /// Drops values of other types.
    pub(super) fn keep(&mut self, bits: u8) {
        self.values.retain(|value| value.kind & bits != 0);
        self.null &= bits & types::NULL != 0;
    }

    pub(super) fn types(&self) -> u8 {
        let null = if self.null { types::NULL } else { 0 };
        self.values
            .iter()
            .fold(null, |bits, value| bits | value.kind)
    }

    pub(in crate::diff) fn has(&self, text: &str) -> bool {
        self.values.iter().any(|value| value.text == text)
    }
}

pub(in crate::diff) fn type_of(node: &Node) -> u8 {
    match &node.content {
        Content::Null => types::NULL,
        Content::Bool(_) => types::BOOLEAN,
        Content::Number(number) if whole(number).is_some() => types::WHOLE,
        Content::Number(_) => types::FRACTION,
        Content::Text(_) => types::TEXT,
        Content::List(_) => types::LIST,
        Content::Map(_) => types::MAP,
    }
}

/// A number without a fraction, however it is written.
fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
        })
}

/// A whole number from 0.
pub(super) fn count(node: &Node) -> Option<u64> {
    whole(node.as_number()?).and_then(|count| u64::try_from(count).ok())
}

/// A value as JSON, equal for equal values: members sorted, 1.0 is 1.
pub(in crate::diff) fn canonical(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    match &node.content {
        Content::Number(number) => match whole(number) {
            Some(whole) => out.push_str(&whole.to_string()),
            None => out.push_str(&number.to_string()),
        },
        Content::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Content::Map(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push(':');
                if let Some(member) = map.get(key) {
                    write(&member.node, out);
                }
            }
            out.push('}');
        }
        _ => out.push_str(&node.to_string()),
    }
}
