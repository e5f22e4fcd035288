//! Error codes: the registry at the root, and the codes of each operation.

use std::collections::{BTreeMap, BTreeSet};

use super::{Here, Walk};
use crate::diff::graph::{BOTH, Raw};
use crate::diff::rules::*;
use crate::diff::shape::canonical;
use crate::diff::tree::{Id, Tree};

impl<'a> Walk<'_, 'a> {
    /// Compares the entries; their changes are reported at the operations that answer with them.
    pub(super) fn registry(&mut self) {
        let old: BTreeMap<&str, Id> = self.old().members_of(Tree::ROOT, "x-error-codes").collect();
        let new: BTreeMap<&str, Id> = self
            .new_tree()
            .members_of(Tree::ROOT, "x-error-codes")
            .collect();
        let here = Here {
            op: None,
            mask: BOTH,
        };
        for (code, a) in &old {
            let Some(b) = new.get(code) else { continue };
            let owners = (*a, *b);
            let before = self.hits.len();
            self.change(here, &ERROR_CODE_STATUS_CHANGED, "status", owners);
            self.context(here, code, owners);
            self.others(here, owners, &[&["status", "context", "applies"]]);
            let hits = self.hits.split_off(before);
            let raws: Vec<Raw> = hits.into_iter().map(|hit| hit.raw).collect();
            if !raws.is_empty() {
                self.codes.insert(code, raws);
            }
        }
    }

    fn context(&mut self, here: Here, code: &str, owners: (Id, Id)) {
        let old: BTreeMap<&str, Id> = self.old().members_of(owners.0, "context").collect();
        let new: BTreeMap<&str, Id> = self.new_tree().members_of(owners.1, "context").collect();
        for (name, a) in &old {
            match new.get(name) {
                None => {
                    let message = format!("the context of {code} no longer holds `{name}`");
                    self.say(here, &ERROR_CODE_CONTEXT_REMOVED, *a, owners.1, message);
                }
                Some(b) => {
                    let text = |tree: &Tree<'_>, id: Id| tree.node(id).map(canonical);
                    if text(self.old(), *a) != text(self.new_tree(), *b) {
                        let message = format!("`{name}` of {code} is described otherwise");
                        self.say(here, &DOCUMENTATION_CHANGED, *a, *b, message);
                    }
                }
            }
        }
        for (name, b) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let message = format!("the context of {code} holds `{name}`");
            self.say(here, &ERROR_CODE_CONTEXT_ADDED, owners.0, *b, message);
        }
    }

    pub(super) fn op_codes(&mut self, here: Here, owners: (Id, Id)) {
        let old = answers(self.old(), owners.0);
        let new = answers(self.new_tree(), owners.1);
        for (code, at) in &old {
            if new.contains_key(code) {
                let raws = self.codes.get(code).cloned().unwrap_or_default();
                self.say_all(here, raws);
            } else {
                let message = format!("{code} is no longer answered");
                let place = self
                    .new_tree()
                    .get(owners.1, "x-error-codes")
                    .unwrap_or(owners.1);
                let place = self.implied_place(false, code).unwrap_or(place);
                self.say(here, &ERROR_CODE_REMOVED, *at, place, message);
            }
        }
        for (code, at) in &new {
            if !old.contains_key(code) {
                let message = format!("{code} may be answered");
                let place = self
                    .old()
                    .get(owners.0, "x-error-codes")
                    .unwrap_or(owners.0);
                let place = self.implied_place(true, code).unwrap_or(place);
                self.say(here, &ERROR_CODE_ADDED, place, *at, message);
            }
        }
    }

    /// The registry's place for an implied code, so that there is one finding for all operations.
    fn implied_place(&self, old: bool, code: &str) -> Option<Id> {
        let (tree, other) = if old {
            (self.old(), self.new_tree())
        } else {
            (self.new_tree(), self.old())
        };
        let registry = other.get(Tree::ROOT, "x-error-codes")?;
        let applies = other
            .text(other.get(registry, code)?, "applies")
            .unwrap_or("own");
        (applies != "own").then(|| tree.get(Tree::ROOT, "x-error-codes").unwrap_or(Tree::ROOT))
    }

    /// Reports changes of codes that no operation in both contracts answers with.
    pub(super) fn unused_codes(&mut self, here: Here) {
        let told: BTreeSet<(Id, Id)> = self
            .hits
            .iter()
            .map(|hit| (hit.raw.old, hit.raw.new))
            .collect();
        let all = std::mem::take(&mut self.codes);
        for raw in all.into_values().flatten() {
            if !told.contains(&(raw.old, raw.new)) {
                self.say_all(here, [raw]);
            }
        }
        let told: BTreeSet<String> = self
            .hits
            .iter()
            .filter(|hit| hit.raw.rule == &ERROR_CODE_ADDED || hit.raw.rule == &ERROR_CODE_REMOVED)
            .filter_map(|hit| hit.raw.message.split(' ').next().map(str::to_owned))
            .collect();
        let old: BTreeMap<&str, Id> = self.old().members_of(Tree::ROOT, "x-error-codes").collect();
        let new: BTreeMap<&str, Id> = self
            .new_tree()
            .members_of(Tree::ROOT, "x-error-codes")
            .collect();
        for (code, at) in &old {
            if !new.contains_key(code) && !told.contains(*code) {
                let message = format!("{code} is gone from the registry");
                self.say(here, &ERROR_CODE_REMOVED, *at, Tree::ROOT, message);
            }
        }
        for (code, at) in &new {
            if !old.contains_key(code) && !told.contains(*code) {
                let message = format!("{code} is new in the registry");
                self.say(here, &ERROR_CODE_ADDED, Tree::ROOT, *at, message);
            }
        }
    }
}

/// All codes of an operation, its own and implied ones, with their places.
fn answers<'a>(tree: &Tree<'a>, op: Id) -> BTreeMap<&'a str, Id> {
    let mut all: BTreeMap<&str, Id> = tree.texts_of(op, "x-error-codes").collect();
    let security = tree
        .get(op, "security")
        .or_else(|| tree.get(Tree::ROOT, "security"));
    let authenticated = security.is_some_and(|list| tree.items(list).next().is_some());
    let has_body = tree.get(op, "requestBody").is_some();
    let takes_key = tree.items_of(op, "parameters").any(|at| {
        let at = tree.follow(at);
        tree.text(at, "in") == Some("header")
            && tree
                .text(at, "name")
                .is_some_and(|name| name.eq_ignore_ascii_case("idempotency-key"))
    });
    for (code, at) in tree.members_of(Tree::ROOT, "x-error-codes") {
        let applies = match tree.text(at, "applies") {
            Some("every") => true,
            Some("authenticated") => authenticated,
            Some("write") => takes_key,
            Some("body") => has_body,
            _ => false,
        };
        if applies {
            all.entry(code).or_insert(at);
        }
    }
    all
}
