//! Walks through both contracts in parallel: matches operations and compares their parts. Changes found here know their
//! operation; schemas go to the graph of pairs.

mod codes;
mod content;
mod operations;
mod parameters;
mod responses;
mod root;
mod security;

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, PairId, Raw};
use super::rules::*;
use super::schema::said;
use super::shape::canonical;
use super::tree::{Id, Tree};

/// Keywords whose values are for people.
const WORDS: &[&str] = &[
    "title",
    "summary",
    "description",
    "termsOfService",
    "contact",
    "license",
    "version",
    "tags",
    "externalDocs",
    "example",
    "examples",
    "bearerFormat",
    "mend",
];

/// The keywords of the life cycle, which are judged together.
const LIFE: &[&str] = &["deprecated", "x-deprecated-at", "x-sunset", "x-replacement"];

/// An operation of either document, or of both.
#[derive(Debug, Clone)]
pub(super) struct Op {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: Option<String>,
    pub(super) consumers: Vec<String>,
}

/// A change, and its operation.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) raw: Raw,
    pub(super) op: Option<u32>,
    /// The consumer that the change affects alone; None if it affects all consumers of the operation.
    pub(super) consumer: Option<String>,
}

/// The direction of data: to the server with a request, or from it with a webhook.
#[derive(Debug, Clone, Copy)]
struct Ways {
    sent: u8,
    got: u8,
}

/// The current operation and direction of the walk.
#[derive(Debug, Clone, Copy)]
struct Here {
    op: Option<u32>,
    mask: u8,
}

pub(super) struct Walk<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    pub(super) ops: Vec<Op>,
    pub(super) hits: Vec<Hit>,
    /// Schemas with the operation and direction that use them.
    pub(super) roots: Vec<(PairId, u32, u8)>,
    /// The visited components other than schemas.
    reached: (BTreeSet<Id>, BTreeSet<Id>),
    /// The changes of each entry of the registry of error codes.
    codes: BTreeMap<&'a str, Vec<Raw>>,
    /// The same security scheme under another name.
    schemes: BTreeMap<&'a str, &'a str>,
    scheme_changes: BTreeMap<&'a str, Vec<Raw>>,
}

impl<'g, 'a> Walk<'g, 'a> {
    pub(super) fn new(graph: &'g mut Graph<'a>) -> Walk<'g, 'a> {
        Walk {
            graph,
            ops: Vec::new(),
            hits: Vec::new(),
            roots: Vec::new(),
            reached: (BTreeSet::new(), BTreeSet::new()),
            codes: BTreeMap::new(),
            schemes: BTreeMap::new(),
            scheme_changes: BTreeMap::new(),
        }
    }

    fn old(&self) -> &Tree<'a> {
        &self.graph.old.tree
    }

    fn new_tree(&self) -> &Tree<'a> {
        &self.graph.new.tree
    }

    fn say(
        &mut self,
        here: Here,
        rule: &'static Rule,
        old: Id,
        new: Id,
        message: impl Into<String>,
    ) {
        let raw = Raw {
            rule,
            old,
            new,
            message: message.into(),
            mask: here.mask,
        };
        self.hits.push(Hit {
            raw,
            op: here.op,
            consumer: None,
        });
    }

    /// Reports a change that affects one consumer alone.
    fn say_to(
        &mut self,
        consumer: &str,
        here: Here,
        rule: &'static Rule,
        old: Id,
        new: Id,
        message: impl Into<String>,
    ) {
        self.say(here, rule, old, new, message);
        if let Some(hit) = self.hits.last_mut() {
            hit.consumer = Some(consumer.to_owned());
        }
    }

    fn say_all(&mut self, here: Here, raws: impl IntoIterator<Item = Raw>) {
        let op = here.op;
        self.hits.extend(raws.into_iter().map(|raw| Hit {
            raw,
            op,
            consumer: None,
        }));
    }

    /// Follows references to their targets.
    fn follow(&mut self, old: Id, new: Id) -> (Id, Id) {
        (self.follow_old(old), self.follow_new(new))
    }

    fn follow_old(&mut self, id: Id) -> Id {
        let there = self.graph.old.tree.follow(id);
        self.reached.0.insert(there);
        there
    }

    fn follow_new(&mut self, id: Id) -> Id {
        let there = self.graph.new.tree.follow(id);
        self.reached.1.insert(there);
        there
    }

    /// Compares two places with optional schemas.
    fn schemas(&mut self, here: Here, old: Option<Id>, new: Option<Id>, owners: (Id, Id)) {
        match (old, new) {
            (None, None) => {}
            (Some(at), None) => self.say(here, &SCHEMA_REMOVED, at, owners.1, "the schema is gone"),
            (None, Some(at)) => self.say(here, &SCHEMA_ADDED, owners.0, at, "the schema is new"),
            (Some(a), Some(b)) => {
                let pair = self.graph.pair_of(&[a], &[b], (a, b));
                if let Some(op) = here.op {
                    self.roots.push((pair, op, here.mask));
                }
            }
        }
    }

    /// Compares a keyword that is only either equal or different.
    fn change(&mut self, here: Here, rule: &'static Rule, keyword: &str, owners: (Id, Id)) {
        let old = self.old().get(owners.0, keyword);
        let new = self.new_tree().get(owners.1, keyword);
        if old.is_none() && new.is_none() {
            return;
        }
        self.graph.work += 1;
        let text = |tree: &Tree<'_>, id: Option<Id>| id.and_then(|id| tree.node(id)).map(canonical);
        let before = text(self.old(), old);
        let after = text(self.new_tree(), new);
        if before != after {
            let message = said(keyword, before.as_deref(), after.as_deref());
            self.say(
                here,
                rule,
                old.unwrap_or(owners.0),
                new.unwrap_or(owners.1),
                message,
            );
        }
    }

    /// Compares the remaining keywords of an object: descriptions, extensions, and unknown ones.
    fn others(&mut self, here: Here, owners: (Id, Id), judged: &[&[&str]]) {
        let mut keywords: Vec<&str> = self.old().members(owners.0).map(|(key, _)| key).collect();
        for (key, _) in self.new_tree().members(owners.1) {
            if self.old().get(owners.0, key).is_none() {
                keywords.push(key);
            }
        }
        for keyword in keywords {
            if keyword == "$ref" || judged.iter().any(|group| group.contains(&keyword)) {
                continue;
            }
            let rule = if WORDS.contains(&keyword) {
                &DOCUMENTATION_CHANGED
            } else if keyword.starts_with("x-") {
                &EXTENSION_CHANGED
            } else {
                &UNKNOWN_KEYWORD_CHANGED
            };
            self.change(here, rule, keyword, owners);
        }
    }

    /// A keyword that is true, false or left out.
    fn flags(&self, owners: (Id, Id), keyword: &str) -> (bool, bool) {
        (
            self.old().flag(owners.0, keyword) == Some(true),
            self.new_tree().flag(owners.1, keyword) == Some(true),
        )
    }
}
