//! Security: a caller needs any one of the alternatives, each of which is a set of schemes with scopes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Here, Walk};
use crate::diff::graph::{BOTH, Raw};
use crate::diff::rules::*;
use crate::diff::shape::canonical;
use crate::diff::tree::{Id, Tree};

/// One alternative of `security`.
struct Way<'a> {
    schemes: BTreeMap<&'a str, BTreeSet<&'a str>>,
    at: Id,
}

impl Way<'_> {
    /// Whether a caller that fulfils `other` fulfils this one too.
    fn follows_from(&self, other: &Way<'_>) -> bool {
        self.schemes.iter().all(|(scheme, scopes)| {
            other
                .schemes
                .get(scheme)
                .is_some_and(|known| scopes.is_subset(known))
        })
    }

    fn has_schemes_of(&self, other: &Way<'_>) -> bool {
        self.schemes.keys().eq(other.schemes.keys())
    }

    fn name(&self) -> String {
        let names: Vec<&str> = self.schemes.keys().copied().collect();
        names.join(" with ")
    }

    fn scopes_beyond(&self, other: &Way<'_>) -> String {
        let mut all: Vec<&str> = Vec::new();
        for (scheme, scopes) in &self.schemes {
            let known = other.schemes.get(scheme);
            all.extend(
                scopes
                    .iter()
                    .filter(|scope| !known.is_some_and(|k| k.contains(*scope))),
            );
        }
        all.join(", ")
    }
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn security(&mut self, here: Here, owners: (Id, Id)) {
        let renamed = self.schemes.clone();
        let old = ways(self.old(), owners.0, &renamed);
        let new = ways(self.new_tree(), owners.1, &BTreeMap::new());
        let place = |tree: &Tree<'a>, owner: Id| {
            tree.get(owner, "security")
                .or_else(|| tree.get(Tree::ROOT, "security"))
                .unwrap_or(owner)
        };
        let places = (
            place(self.old(), owners.0),
            place(self.new_tree(), owners.1),
        );
        let open =
            |ways: &[Way<'_>]| ways.is_empty() || ways.iter().any(|way| way.schemes.is_empty());
        let schemes: BTreeSet<&str> = old
            .iter()
            .flat_map(|way| way.schemes.keys().copied())
            .collect();
        for scheme in schemes {
            let raws = self.scheme_changes.get(scheme).cloned().unwrap_or_default();
            self.say_all(here, raws);
        }
        match (open(&old), open(&new)) {
            (true, true) => return,
            (true, false) => {
                let message = "credentials are needed now";
                self.say(here, &SECURITY_REQUIRED, places.0, places.1, message);
                return;
            }
            (false, true) => {
                let message = "no credentials are needed any more";
                self.say(here, &SECURITY_DROPPED, places.0, places.1, message);
                return;
            }
            (false, false) => {}
        }
        for a in &old {
            if new.iter().any(|b| b.follows_from(a)) {
                continue;
            }
            match new.iter().find(|b| b.has_schemes_of(a)) {
                Some(b) => {
                    let message = format!("`{}` needs the scope {}", a.name(), b.scopes_beyond(a));
                    self.say(here, &SECURITY_SCOPE_REQUIRED, a.at, b.at, message);
                }
                None => {
                    let message = format!("`{}` no longer lets in", a.name());
                    self.say(here, &SECURITY_ALTERNATIVE_REMOVED, a.at, places.1, message);
                }
            }
        }
        for b in &new {
            if old.iter().any(|a| a.follows_from(b)) {
                continue;
            }
            match old.iter().find(|a| a.has_schemes_of(b)) {
                Some(a) => {
                    let message = format!("`{}` needs less: {}", b.name(), a.scopes_beyond(b));
                    self.say(here, &SECURITY_SCOPE_DROPPED, a.at, b.at, message);
                }
                None => {
                    let message = format!("`{}` lets in, too", b.name());
                    self.say(here, &SECURITY_ALTERNATIVE_ADDED, places.0, b.at, message);
                }
            }
        }
    }

    /// Whether a new permission only states what the old contract left open: the old operation neither named a
    /// permission nor said that it needs none, and keys needed the scope that grants it.
    pub(super) fn states_a_permission(&self, owners: (Id, Id)) -> bool {
        let (old, new) = (self.old(), self.new_tree());
        let scope = new.text(owners.1, "x-permission").and_then(|name| {
            let registry = new.get(Tree::ROOT, "x-permissions")?;
            new.text(new.get(registry, name)?, "scope")
        });
        let asked = |scope: &str| {
            ways(old, owners.0, &BTreeMap::new())
                .iter()
                .any(|way| way.schemes.values().any(|scopes| scopes.contains(scope)))
        };
        old.get(owners.0, "x-no-permission").is_none() && scope.is_some_and(asked)
    }

    /// Compares the schemes; their changes are reported at the operations that use them.
    pub(super) fn security_schemes(&mut self) {
        let all = |tree: &Tree<'a>| -> Vec<(&'a str, Id)> {
            tree.find("/components/securitySchemes")
                .map(|section| tree.members(section))
                .into_iter()
                .flatten()
                .map(|(name, id)| (name, tree.follow(id)))
                .collect()
        };
        let old = all(self.old());
        let new = all(self.new_tree());
        let text = |tree: &Tree<'a>, id: Id| tree.node(id).map(canonical);
        for (name, a) in &old {
            let same_name = new.iter().find(|(other, _)| other == name);
            let same = || {
                let fresh = new.iter().filter(|(other, b)| {
                    !old.iter().any(|(known, _)| known == other)
                        && text(self.new_tree(), *b) == text(self.old(), *a)
                });
                fresh.copied().next()
            };
            match same_name.copied().or_else(same) {
                Some((other, b)) => {
                    self.schemes.insert(name, other);
                    let before = self.hits.len();
                    self.scheme((*a, b));
                    let hits = self.hits.split_off(before);
                    let raws: Vec<Raw> = hits.into_iter().map(|hit| hit.raw).collect();
                    if !raws.is_empty() {
                        self.scheme_changes.insert(other, raws);
                    }
                }
                None => {
                    self.schemes.insert(name, name);
                }
            }
        }
    }

    /// Reports changes of schemes that no operation of the old contract uses.
    pub(super) fn unused_schemes(&mut self, here: Here) {
        let told: BTreeSet<(Id, Id)> = self
            .hits
            .iter()
            .map(|hit| (hit.raw.old, hit.raw.new))
            .collect();
        let all = std::mem::take(&mut self.scheme_changes);
        for raw in all.into_values().flatten() {
            if !told.contains(&(raw.old, raw.new)) {
                self.say_all(here, [raw]);
            }
        }
        let names = |tree: &Tree<'a>| -> Vec<(&'a str, Id)> {
            let section = tree.find("/components/securitySchemes");
            section
                .map(|id| tree.members(id))
                .into_iter()
                .flatten()
                .collect()
        };
        let (old, new) = (names(self.old()), names(self.new_tree()));
        for (name, at) in &new {
            let known = old.iter().any(|(other, _)| other == name)
                || self.schemes.values().any(|other| other == name);
            if !known {
                let message = format!("the security scheme `{name}` is new");
                self.say(here, &UNREACHED_COMPONENT_CHANGED, Tree::ROOT, *at, message);
            }
        }
        for (name, at) in &old {
            let target = self.schemes.get(name).copied().unwrap_or(name);
            if !new.iter().any(|(other, _)| *other == target) {
                let message = format!("the security scheme `{name}` is gone");
                self.say(here, &UNREACHED_COMPONENT_CHANGED, *at, Tree::ROOT, message);
            }
        }
    }

    fn scheme(&mut self, owners: (Id, Id)) {
        let here = Here {
            op: None,
            mask: BOTH,
        };
        for keyword in ["type", "in", "name", "scheme"] {
            self.change(here, &SECURITY_SCHEME_CHANGED, keyword, owners);
        }
        self.change(here, &SECURITY_ENDPOINT_CHANGED, "openIdConnectUrl", owners);
        let flows = |tree: &Tree<'a>, owner: Id| -> Vec<(&'a str, Id)> {
            tree.members_of(owner, "flows")
                .filter(|(name, _)| !name.starts_with("x-"))
                .collect()
        };
        let (old, new) = (
            flows(self.old(), owners.0),
            flows(self.new_tree(), owners.1),
        );
        for (name, a) in &old {
            match new.iter().find(|(other, _)| other == name) {
                Some((_, b)) => self.flow(here, (*a, *b)),
                None => {
                    let message = format!("the flow `{name}` is gone");
                    self.say(here, &OAUTH_FLOW_REMOVED, *a, owners.1, message);
                }
            }
        }
        for (name, b) in &new {
            if !old.iter().any(|(other, _)| other == name) {
                let message = format!("the flow `{name}` is new");
                self.say(here, &OAUTH_FLOW_ADDED, owners.0, *b, message);
            }
        }
        let judged = &["type", "in", "name", "scheme", "openIdConnectUrl", "flows"];
        self.others(here, owners, &[judged]);
    }

    fn flow(&mut self, here: Here, owners: (Id, Id)) {
        const URLS: &[&str] = &["authorizationUrl", "tokenUrl", "refreshUrl"];
        for keyword in URLS {
            self.change(here, &SECURITY_ENDPOINT_CHANGED, keyword, owners);
        }
        let old: Vec<(&str, Id)> = self.old().members_of(owners.0, "scopes").collect();
        let new: Vec<(&str, Id)> = self.new_tree().members_of(owners.1, "scopes").collect();
        for (name, a) in &old {
            match new.iter().find(|(other, _)| other == name) {
                Some((_, b)) => {
                    let text = |tree: &Tree<'a>, id: Id| tree.node(id).map(canonical);
                    if text(self.old(), *a) != text(self.new_tree(), *b) {
                        let message = format!("the scope `{name}` is described otherwise");
                        self.say(here, &DOCUMENTATION_CHANGED, *a, *b, message);
                    }
                }
                None => {
                    let message = format!("the scope `{name}` is gone");
                    self.say(here, &OAUTH_SCOPE_REMOVED, *a, owners.1, message);
                }
            }
        }
        for (name, b) in &new {
            if !old.iter().any(|(other, _)| other == name) {
                let message = format!("the scope `{name}` is new");
                self.say(here, &OAUTH_SCOPE_ADDED, owners.0, *b, message);
            }
        }
        self.others(here, owners, &[URLS, &["scopes"]]);
    }
}

fn ways<'a>(tree: &Tree<'a>, owner: Id, renamed: &BTreeMap<&'a str, &'a str>) -> Vec<Way<'a>> {
    let list = tree
        .get(owner, "security")
        .or_else(|| tree.get(Tree::ROOT, "security"));
    list.map(|list| tree.items(list))
        .into_iter()
        .flatten()
        .map(|at| Way {
            schemes: tree
                .members(at)
                .map(|(name, scopes)| {
                    let name = renamed.get(name).copied().unwrap_or(name);
                    let scopes = tree.items(scopes).filter_map(|id| tree.node(id)?.as_str());
                    (name, scopes.collect())
                })
                .collect(),
            at,
        })
        .collect()
}
