//! `oneOf` and `anyOf`: a union of variants, a list of constants, or a single schema.

use std::collections::BTreeMap;

use super::values::Known;
use crate::diff::tree::{Id, Target, Tree};
use crate::source::{Content, Node};

#[derive(Debug)]
pub(in crate::diff) struct Union<'a> {
    /// The schema that contains it.
    pub(in crate::diff) owner: Id,
    /// `oneOf` or `anyOf`.
    pub(in crate::diff) keyword: &'static str,
    /// The list of variants.
    pub(in crate::diff) at: Id,
    pub(in crate::diff) variants: Vec<Id>,
    /// Null is a variant, which is not in the list.
    pub(in crate::diff) null: bool,
    pub(in crate::diff) discriminator: Option<Discriminator<'a>>,
}

#[derive(Debug)]
pub(in crate::diff) struct Discriminator<'a> {
    pub(in crate::diff) at: Id,
    pub(in crate::diff) property: &'a str,
    /// Value to schema: its name, or its reference.
    mapping: BTreeMap<&'a str, &'a str>,
}

impl<'a> Union<'a> {
    /// The values of the discriminator that choose a variant.
    pub(in crate::diff) fn chosen_by(&self, tree: &Tree<'a>, variant: Id) -> Vec<&'a str> {
        let Some(discriminator) = &self.discriminator else {
            return Vec::new();
        };
        let Some(reference) = tree.text(variant, "$ref") else {
            return Vec::new();
        };
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let mut values: Vec<&str> = discriminator
            .mapping
            .iter()
            .filter(|(_, target)| **target == reference || **target == name)
            .map(|(value, _)| *value)
            .collect();
        if values.is_empty() {
            values.push(name);
        }
        values
    }
}

/// The content of `oneOf` or `anyOf`.
pub(in crate::diff) enum Form<'a> {
    Absent,
    Union(Union<'a>),
    /// A single variant, or one and null.
    One {
        id: Id,
        null: bool,
    },
    /// Each variant is a constant.
    Values(Known),
}

pub(in crate::diff) fn union_of<'a>(tree: &Tree<'a>, owner: Id, keyword: &str) -> Form<'a> {
    let Some(at) = tree.get(owner, keyword) else {
        return Form::Absent;
    };
    let keyword = if keyword == "oneOf" { "oneOf" } else { "anyOf" };
    let all: Vec<Id> = tree.items(at).collect();
    let mut variants: Vec<Id> = all
        .iter()
        .copied()
        .filter(|id| !is_null(tree, *id))
        .collect();
    // If exactly one may match, null is separated only if no other variant allows null.
    let apart = keyword == "anyOf"
        || variants.len() + 1 == all.len() && variants.iter().all(|id| refuses_null(tree, *id, 0));
    if !apart {
        variants.clone_from(&all);
    }
    let null = variants.len() < all.len();
    let discriminator = discriminator(tree, owner);
    if let (&[id], None) = (variants.as_slice(), &discriminator) {
        return Form::One { id, null };
    }
    if discriminator.is_none()
        && let Some(known) = Known::constants(tree, at, &variants, null)
    {
        return Form::Values(known);
    }
    Form::Union(Union {
        owner,
        keyword,
        at,
        variants,
        null,
        discriminator,
    })
}

fn discriminator<'a>(tree: &Tree<'a>, owner: Id) -> Option<Discriminator<'a>> {
    let at = tree.get(owner, "discriminator")?;
    let property = tree.text(at, "propertyName")?;
    let mapping = tree
        .members_of(at, "mapping")
        .filter_map(|(value, id)| Some((value, tree.node(id)?.as_str()?)))
        .collect();
    Some(Discriminator {
        at,
        property,
        mapping,
    })
}

/// Whether a schema is null and nothing else.
fn is_null(tree: &Tree<'_>, id: Id) -> bool {
    let id = match tree.reference(id) {
        Some(Target::There(_)) => tree.follow(id),
        _ => id,
    };
    let by_type = tree.text(id, "type") == Some("null");
    let is = |node: Option<&Node>| node.is_some_and(|node| matches!(node.content, Content::Null));
    let by_constant = tree.get(id, "const").is_some_and(|at| is(tree.node(at)));
    let by_list = tree.get(id, "enum").is_some_and(|at| {
        tree.items(at).count() == 1 && tree.items(at).all(|item| is(tree.node(item)))
    });
    by_type || by_constant || by_list
}

/// Whether null is obviously not valid.
fn refuses_null(tree: &Tree<'_>, id: Id, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    let id = tree.follow(id);
    if tree.v30 && tree.flag(id, "nullable") == Some(true) {
        return false;
    }
    let is_null = |at: Id| matches!(tree.content(at), Content::Null);
    let by_type = match tree.text(id, "type") {
        Some(name) => name != "null",
        None => {
            tree.get(id, "type").is_some() && !tree.texts_of(id, "type").any(|(t, _)| t == "null")
        }
    };
    let by_list = tree.get(id, "enum").is_some() && !tree.items_of(id, "enum").any(is_null);
    let by_constant = tree.get(id, "const").is_some_and(|at| !is_null(at));
    let all = |keyword: &str| {
        tree.get(id, keyword).is_some()
            && tree
                .items_of(id, keyword)
                .all(|id| refuses_null(tree, id, depth + 1))
    };
    let any = tree
        .items_of(id, "allOf")
        .any(|id| refuses_null(tree, id, depth + 1));
    by_type || by_list || by_constant || any || all("anyOf") || all("oneOf")
}
