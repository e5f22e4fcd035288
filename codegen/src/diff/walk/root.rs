//! The parts outside of operations: info, servers, registries, unused components.

use std::collections::BTreeSet;

use super::{Here, Walk, Ways};
use crate::diff::graph::{BOTH, REQUEST, RESPONSE};
use crate::diff::rules::*;
use crate::diff::shape::canonical;
use crate::diff::tree::{Id, Tree};

impl<'a> Walk<'_, 'a> {
    pub(in crate::diff) fn run(&mut self) {
        let root = (Tree::ROOT, Tree::ROOT);
        let here = Here {
            op: None,
            mask: BOTH,
        };
        self.change(here, &DIALECT_CHANGED, "jsonSchemaDialect", root);
        self.info(here);
        let servers = (
            self.old().get(Tree::ROOT, "servers"),
            self.new_tree().get(Tree::ROOT, "servers"),
        );
        self.servers(here, servers, root);
        self.registry();
        self.security_schemes();
        let ways = Ways {
            sent: REQUEST,
            got: RESPONSE,
        };
        self.paths(ways);
        self.removals(here);
        self.webhooks();
        self.unused_codes(here);
        self.unused_schemes(here);
        let judged = &[
            "openapi",
            "info",
            "jsonSchemaDialect",
            "servers",
            "paths",
            "webhooks",
            "components",
            "security",
            "x-error-codes",
            "x-gone",
        ];
        self.others(here, root, &[judged]);
    }

    fn info(&mut self, here: Here) {
        let old = self.old().get(Tree::ROOT, "info").unwrap_or(Tree::ROOT);
        let new = self
            .new_tree()
            .get(Tree::ROOT, "info")
            .unwrap_or(Tree::ROOT);
        if old == Tree::ROOT || new == Tree::ROOT {
            return;
        }
        self.change(here, &MEDIA_TYPE_NAME_CHANGED, "x-media-type", (old, new));
        let rule = match (self.old().is_preview(), self.new_tree().is_preview()) {
            (false, true) => &PREVIEW_BEGUN,
            _ => &PREVIEW_ENDED,
        };
        self.change(here, rule, "x-preview", (old, new));
        self.others(here, (old, new), &[&["x-media-type", "x-preview"]]);
    }

    /// Servers are identified by their URL; without a list, it is the server of the document.
    pub(super) fn servers(
        &mut self,
        here: Here,
        lists: (Option<Id>, Option<Id>),
        owners: (Id, Id),
    ) {
        let all = |tree: &Tree<'a>, list: Option<Id>| -> Vec<(&'a str, Id)> {
            list.map(|list| tree.items(list))
                .into_iter()
                .flatten()
                .filter_map(|id| Some((tree.text(id, "url")?, id)))
                .collect()
        };
        let old = all(self.old(), lists.0);
        let new = all(self.new_tree(), lists.1);
        let own = |list: &[(&str, Id)], url: &str| list.is_empty() && url == "/";
        for (url, a) in &old {
            match new.iter().find(|(other, _)| other == url) {
                Some((_, b)) => {
                    let before = variables(self.old(), *a);
                    let after = variables(self.new_tree(), *b);
                    if before != after {
                        let message =
                            format!("the variables of {url} were {before} and are {after}");
                        self.say(here, &SERVER_CHANGED, *a, *b, message);
                    }
                    self.others(here, (*a, *b), &[&["url", "variables"]]);
                }
                None if own(&new, url) => {}
                None => {
                    let message = format!("the server {url} is gone");
                    self.say(here, &SERVER_REMOVED, *a, owners.1, message);
                }
            }
        }
        for (url, b) in &new {
            if !old.iter().any(|(other, _)| other == url) && !own(&old, url) {
                let message = format!("the server {url} is new");
                self.say(here, &SERVER_ADDED, owners.0, *b, message);
            }
        }
    }

    /// The fields of the built-in record types (`x-record-type`), for operations whose path names a type: there they
    /// replace a record's open fields.
    pub(super) fn record_types(&mut self, here: Here, owners: (Id, Id)) {
        let old = record_types(self.old());
        let new = record_types(self.new_tree());
        let sent = self.old().get(owners.0, "requestBody").is_some();
        let mask = if sent { BOTH } else { RESPONSE };
        let here = Here { mask, ..here };
        let schemas = |tree: &Tree<'a>| tree.find("/components/schemas").unwrap_or(Tree::ROOT);
        let places = (schemas(self.old()), schemas(self.new_tree()));
        for (name, a) in &old {
            match new.iter().find(|(other, _)| other == name) {
                Some((_, b)) => {
                    let pair = self.graph.pair_of(&[*a], &[*b], (*a, *b));
                    if let Some(op) = here.op {
                        self.roots.push((pair, op, mask));
                    }
                }
                None => {
                    self.reached.0.insert(*a);
                    let message = format!("the record type `{name}` is gone");
                    self.say(here, &RECORD_TYPE_REMOVED, *a, places.1, message);
                }
            }
        }
        for (name, b) in &new {
            if !old.iter().any(|(other, _)| other == name) {
                self.reached.1.insert(*b);
                let message = format!("the record type `{name}` is new");
                self.say(here, &RECORD_TYPE_ADDED, places.0, *b, message);
            }
        }
    }

    /// Compares components that no operation uses, by name; a renamed one is the same. `schemas` are the used schemas.
    pub(in crate::diff) fn unreached(&mut self, schemas: (&BTreeSet<Id>, &BTreeSet<Id>)) {
        let here = Here {
            op: None,
            mask: BOTH,
        };
        for section in [
            "schemas",
            "parameters",
            "headers",
            "responses",
            "requestBodies",
        ] {
            let pointer = format!("/components/{section}");
            let places = (
                self.old().find(&pointer).unwrap_or(Tree::ROOT),
                self.new_tree().find(&pointer).unwrap_or(Tree::ROOT),
            );
            let all = |tree: &Tree<'a>, owner: Id| -> Vec<(&'a str, Id)> {
                let members = (owner != Tree::ROOT).then(|| tree.members(owner));
                members.into_iter().flatten().collect()
            };
            let old = all(self.old(), places.0);
            let new = all(self.new_tree(), places.1);
            let lonely =
                |ids: &[(&'a str, Id)], reached: [&BTreeSet<Id>; 2]| -> Vec<(&'a str, Id)> {
                    let free = |id: &Id| !reached.iter().any(|set| set.contains(id));
                    ids.iter().copied().filter(|(_, id)| free(id)).collect()
                };
            let old_lonely = lonely(&old, [schemas.0, &self.reached.0]);
            let new_lonely = lonely(&new, [schemas.1, &self.reached.1]);
            let mut gone: Vec<(&str, Id)> = Vec::new();
            for (name, a) in &old_lonely {
                match new.iter().find(|(other, _)| other == name) {
                    None => gone.push((name, *a)),
                    Some((_, b)) => {
                        let both = new_lonely.iter().any(|(other, _)| other == name);
                        if both && !self.is_same(section, *a, *b) {
                            let message = format!("`{name}`, which no operation reaches, changed");
                            self.say(here, &UNREACHED_COMPONENT_CHANGED, *a, *b, message);
                        }
                    }
                }
            }
            let mut come: Vec<(&str, Id)> = new_lonely;
            come.retain(|(name, _)| !old.iter().any(|(other, _)| other == name));
            // A renamed component is the same; the number of tries is bounded.
            if gone.len() * come.len() <= 4_096 {
                gone.retain(|(_, a)| {
                    let twin = come.iter().position(|(_, b)| self.is_same(section, *a, *b));
                    twin.map(|index| come.remove(index)).is_none()
                });
            }
            for (name, a) in gone {
                let message = format!("`{name}`, which no operation reaches, is gone");
                self.say(here, &UNREACHED_COMPONENT_CHANGED, a, places.1, message);
            }
            for (name, b) in come {
                let message = format!("`{name}`, which no operation reaches, is new");
                self.say(here, &UNREACHED_COMPONENT_CHANGED, places.0, b, message);
            }
        }
    }

    fn is_same(&mut self, section: &str, a: Id, b: Id) -> bool {
        if section == "schemas" {
            let pair = self.graph.pair_of(&[a], &[b], (a, b));
            return self.graph.is_same(pair);
        }
        let text = |tree: &Tree<'a>, id: Id| tree.node(id).map(canonical);
        text(self.old(), a) == text(self.new_tree(), b)
    }
}

fn record_types<'a>(tree: &Tree<'a>) -> Vec<(&'a str, Id)> {
    let schemas = tree.find("/components/schemas");
    let all = schemas.map(|at| tree.members(at)).into_iter().flatten();
    all.filter_map(|(_, id)| Some((tree.text(id, "x-record-type")?, id)))
        .collect()
}

/// The variables of a server as a text; the order of possible values does not matter.
fn variables(tree: &Tree<'_>, server: Id) -> String {
    let mut all: Vec<String> = tree
        .members_of(server, "variables")
        .map(|(name, id)| {
            let mut values: Vec<&str> = tree.texts_of(id, "enum").map(|(text, _)| text).collect();
            values.sort_unstable();
            let default = tree.text(id, "default").unwrap_or_default();
            format!("{name}={default} of [{}]", values.join(", "))
        })
        .collect();
    all.sort_unstable();
    all.join(", ")
}
