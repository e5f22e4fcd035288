//! Operations: matches old and new ones, and compares what belongs to an operation as a whole. Paths that differ only
//! in the names of their parameters are equal.

use std::collections::BTreeMap;

use super::{Here, LIFE, Op, Walk, Ways};
use crate::diff::graph::{BOTH, REQUEST, RESPONSE};
use crate::diff::life::{Life, OPERATION};
use crate::diff::rules::*;
use crate::diff::tree::{Id, Tree};
use crate::document::{Method, template};

/// An operation in one document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) path: &'a str,
    pub(super) method: Method,
    /// Its path item.
    pub(super) item: Id,
    pub(super) at: Id,
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn paths(&mut self, ways: Ways) {
        let old = written(self.old(), "paths");
        let new = written(self.new_tree(), "paths");
        let exact: BTreeMap<(&str, Method), usize> = index(&new, |path| path);
        let shapes: Vec<String> = new.iter().map(|op| template(op.path)).collect();
        let alike: BTreeMap<(&str, Method), usize> = new
            .iter()
            .zip(&shapes)
            .enumerate()
            .map(|(at, (op, shape))| ((shape.as_str(), op.method), at))
            .collect();
        let mut partner: Vec<Option<usize>> = vec![None; new.len()];
        let mut counterpart: Vec<Option<usize>> = Vec::new();
        for op in &old {
            counterpart.push(exact.get(&(op.path, op.method)).copied());
        }
        let taken: Vec<usize> = counterpart.iter().flatten().copied().collect();
        let taken: std::collections::BTreeSet<usize> = taken.into_iter().collect();
        for (op, found) in old.iter().zip(counterpart.iter_mut()) {
            if found.is_none() {
                let shape = template(op.path);
                let there = alike.get(&(shape.as_str(), op.method));
                *found = there.copied().filter(|at| !taken.contains(at));
            }
        }
        for (index, found) in counterpart.iter().enumerate() {
            if let Some(slot) = found.and_then(|at| partner.get_mut(at)) {
                *slot = Some(index);
            }
        }
        let mut items: Vec<(Id, Id)> = Vec::new();
        for (op, found) in old.iter().zip(&counterpart) {
            match found.and_then(|at| new.get(at)) {
                Some(other) => {
                    let here = self.op(Some(*op), Some(*other));
                    if !items.contains(&(op.item, other.item))
                        && items.last().is_none_or(|last| last.0 != op.item)
                    {
                        items.push((op.item, other.item));
                        self.item(here, (op.item, other.item));
                    }
                    self.operation(here, *op, *other, ways);
                }
                None => self.gone(*op, &new),
            }
        }
        for (op, found) in new.iter().zip(&partner) {
            if found.is_none() {
                let here = self.op(None, Some(*op));
                let paths = self.old().get(Tree::ROOT, "paths").unwrap_or(Tree::ROOT);
                let message = format!("{} {} was added", op.method, op.path);
                self.say(here, &OPERATION_ADDED, paths, op.at, message);
            }
        }
    }

    fn gone(&mut self, op: Written<'a>, new: &[Written<'a>]) {
        let here = self.op(Some(op), None);
        let life = Life::of(self.old(), op.at);
        let (rule, how) = self
            .graph
            .calendar
            .removal(&OPERATION, op.at, life.as_ref());
        let mut message = format!("{} {} was removed, {how}", op.method, op.path);
        let id = self.old().text(op.at, "operationId");
        let moved = new
            .iter()
            .find(|other| id.is_some() && self.new_tree().text(other.at, "operationId") == id);
        if let Some(moved) = moved {
            message.push_str(&format!(
                "; its operationId is at {} {} now",
                moved.method, moved.path
            ));
        }
        let item = new
            .iter()
            .find(|other| template(other.path) == template(op.path));
        let paths = self
            .new_tree()
            .get(Tree::ROOT, "paths")
            .unwrap_or(Tree::ROOT);
        let at = item.map_or(paths, |other| other.item);
        self.say(here, rule, op.at, at, message);
        if std::ptr::eq(rule, &OPERATION_RETIRED) && remembered(self.new_tree(), op).is_none() {
            let message = format!("{} {} is not among x-gone", op.method, op.path);
            self.say(here, &REMOVAL_UNRECORDED, op.at, Tree::ROOT, message);
        }
    }

    /// Entries of `x-gone` have to stay, unless the operation is back.
    pub(super) fn removals(&mut self, here: Here) {
        let there = written(self.new_tree(), "paths");
        for (entry, was) in removals(self.old()) {
            let back = there.iter().any(|op| is_at(op, was));
            let kept = removals(self.new_tree())
                .into_iter()
                .find(|(_, other)| is_one(*other, was));
            if let Some((other, _)) = kept {
                for key in ["operation", "deprecated_at", "sunset", "replacement"] {
                    self.change(here, &DOCUMENTATION_CHANGED, key, (entry, other));
                }
                continue;
            }
            if !back {
                let message = format!("{} {} is no longer among x-gone", was.0, was.1);
                self.say(here, &REMOVAL_FORGOTTEN, entry, Tree::ROOT, message);
            }
        }
    }

    /// Registers an operation as one that findings can name.
    fn op(&mut self, old: Option<Written<'a>>, new: Option<Written<'a>>) -> Here {
        let consumers = |tree: &Tree<'a>, op: Option<Written<'a>>| -> Vec<String> {
            let listed = op.map(|op| tree.texts_of(op.at, "x-consumers"));
            listed
                .into_iter()
                .flatten()
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        // The old contract's consumers are affected.
        let mut all = consumers(self.old(), old);
        if old.is_none() {
            all = consumers(self.new_tree(), new);
        }
        let id = match (old, new) {
            (Some(op), _) => self.old().text(op.at, "operationId"),
            (None, Some(op)) => self.new_tree().text(op.at, "operationId"),
            (None, None) => None,
        };
        let shown = new.or(old);
        self.ops.push(Op {
            method: shown.map(|op| op.method.to_string()).unwrap_or_default(),
            path: shown.map(|op| op.path.to_owned()).unwrap_or_default(),
            id: id.map(str::to_owned),
            consumers: all,
        });
        Here {
            op: Some(self.ops.len() as u32 - 1),
            mask: BOTH,
        }
    }

    /// Compares the parts of a path item that apply to all of its operations.
    fn item(&mut self, here: Here, items: (Id, Id)) {
        const METHODS: &[&str] = &[
            "get", "put", "post", "delete", "options", "head", "patch", "trace",
        ];
        self.others(here, items, &[METHODS, &["parameters", "servers"]]);
    }

    fn operation(&mut self, here: Here, old: Written<'a>, new: Written<'a>, ways: Ways) {
        let owners = (old.at, new.at);
        let (a, b) = (
            Life::of(self.old(), old.at),
            Life::of(self.new_tree(), new.at),
        );
        let what = format!("{} {}", new.method, new.path);
        let found = self
            .graph
            .lives(&what, new.at, a.as_ref(), b.as_ref(), owners, BOTH);
        self.say_all(here, found);
        let ids = (
            self.old().text(old.at, "operationId"),
            self.new_tree().text(new.at, "operationId"),
        );
        if ids.0.is_some() && ids.0 != ids.1 {
            self.change(here, &OPERATION_ID_CHANGED, "operationId", owners);
        } else {
            self.change(here, &DOCUMENTATION_CHANGED, "operationId", owners);
        }
        self.change(here, &RAW_BODY_CHANGED, "x-raw-body", owners);
        self.consumers(here, owners);
        self.permission(here, owners);
        self.security(here, owners);
        self.op_codes(here, owners);
        self.op_servers(here, old, new);
        self.parameters(here, ways, old, new);
        self.body(here, ways, owners);
        self.responses(here, ways, owners);
        self.callbacks(here, owners);
        let judged = &[
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "callbacks",
            "security",
            "servers",
            "x-consumers",
            "x-error-codes",
            "x-permission",
            "x-raw-body",
        ];
        self.others(here, owners, &[judged, LIFE]);
    }

    fn consumers(&mut self, here: Here, owners: (Id, Id)) {
        let old: Vec<(&str, Id)> = self.old().texts_of(owners.0, "x-consumers").collect();
        let new: Vec<(&str, Id)> = self.new_tree().texts_of(owners.1, "x-consumers").collect();
        let list = self
            .new_tree()
            .get(owners.1, "x-consumers")
            .unwrap_or(owners.1);
        for (name, at) in &old {
            if !new.iter().any(|(other, _)| other == name) {
                let message = format!("`{name}` no longer has the operation");
                self.say_to(name, here, &CONSUMER_REMOVED, *at, list, message);
            }
        }
        let list = self.old().get(owners.0, "x-consumers").unwrap_or(owners.0);
        for (name, at) in &new {
            if !old.iter().any(|(other, _)| other == name) {
                let message = format!("`{name}` has the operation now");
                self.say(here, &CONSUMER_ADDED, list, *at, message);
            }
        }
    }

    fn permission(&mut self, here: Here, owners: (Id, Id)) {
        let rule = match (
            self.old().get(owners.0, "x-permission"),
            self.new_tree().get(owners.1, "x-permission"),
        ) {
            (None, None) => return,
            (None, Some(_)) if self.states_a_permission(owners) => &PERMISSION_STATED,
            (None, Some(_)) => &PERMISSION_ADDED,
            (Some(_), None) => &PERMISSION_REMOVED,
            (Some(_), Some(_)) => &PERMISSION_CHANGED,
        };
        self.change(here, rule, "x-permission", owners);
    }

    fn op_servers(&mut self, here: Here, old: Written<'a>, new: Written<'a>) {
        let own = |tree: &Tree<'a>, op: Written<'a>| {
            tree.get(op.at, "servers")
                .or_else(|| tree.get(op.item, "servers"))
        };
        let lists = (own(self.old(), old), own(self.new_tree(), new));
        if lists == (None, None) {
            return;
        }
        let root = (
            self.old().get(Tree::ROOT, "servers"),
            self.new_tree().get(Tree::ROOT, "servers"),
        );
        let lists = (lists.0.or(root.0), lists.1.or(root.1));
        self.servers(here, lists, (old.at, new.at));
    }

    /// Compares webhooks, whose data goes from the server to subscribers.
    pub(super) fn webhooks(&mut self) {
        let old = written(self.old(), "webhooks");
        let new = written(self.new_tree(), "webhooks");
        let places = (
            self.old().get(Tree::ROOT, "webhooks").unwrap_or(Tree::ROOT),
            self.new_tree()
                .get(Tree::ROOT, "webhooks")
                .unwrap_or(Tree::ROOT),
        );
        for op in &old {
            let other = new
                .iter()
                .find(|other| other.path == op.path && other.method == op.method);
            let here = self.op(Some(*op), other.copied());
            match other {
                Some(other) => self.operation(here, *op, *other, BACK),
                None => {
                    let message = format!("the webhook `{}` is gone", op.path);
                    self.say(here, &WEBHOOK_REMOVED, op.at, places.1, message);
                }
            }
        }
        for op in &new {
            if !old
                .iter()
                .any(|other| other.path == op.path && other.method == op.method)
            {
                let here = self.op(None, Some(*op));
                let message = format!("the webhook `{}` is new", op.path);
                self.say(here, &WEBHOOK_ADDED, places.0, op.at, message);
            }
        }
    }

    /// Compares callbacks, which are webhooks of an operation.
    fn callbacks(&mut self, here: Here, owners: (Id, Id)) {
        let old = self.callback_list(owners.0, true);
        let new = self.callback_list(owners.1, false);
        for (name, op) in &old {
            match new
                .iter()
                .find(|(other, b)| other == name && b.method == op.method)
            {
                Some((_, other)) => self.operation(here, *op, *other, BACK),
                None => {
                    let message = format!("the callback `{name}` is gone");
                    self.say(here, &WEBHOOK_REMOVED, op.at, owners.1, message);
                }
            }
        }
        for (name, op) in &new {
            if !old
                .iter()
                .any(|(other, a)| other == name && a.method == op.method)
            {
                let message = format!("the callback `{name}` is new");
                self.say(here, &WEBHOOK_ADDED, owners.0, op.at, message);
            }
        }
    }

    fn callback_list(&mut self, owner: Id, old: bool) -> Vec<(String, Written<'a>)> {
        let tree = if old { self.old() } else { self.new_tree() };
        let mut all = Vec::new();
        for (name, callback) in tree.members_of(owner, "callbacks") {
            for (expression, item) in tree.members(tree.follow(callback)) {
                if expression.starts_with("x-") {
                    continue;
                }
                for op in methods(tree, expression, tree.follow(item)) {
                    all.push((format!("{name} {expression}"), op));
                }
            }
        }
        all
    }
}

const BACK: Ways = Ways {
    sent: RESPONSE,
    got: REQUEST,
};

fn index<'a>(
    ops: &[Written<'a>],
    key: impl Fn(&'a str) -> &'a str,
) -> BTreeMap<(&'a str, Method), usize> {
    ops.iter()
        .enumerate()
        .map(|(at, op)| ((key(op.path), op.method), at))
        .collect()
}

fn written<'a>(tree: &Tree<'a>, section: &str) -> Vec<Written<'a>> {
    tree.members_of(Tree::ROOT, section)
        .filter(|(path, _)| !path.starts_with("x-"))
        .flat_map(|(path, item)| methods(tree, path, tree.follow(item)))
        .collect()
}

fn methods<'a>(tree: &Tree<'a>, path: &'a str, item: Id) -> Vec<Written<'a>> {
    tree.members(item)
        .filter_map(|(key, at)| {
            Some(Written {
                path,
                method: Method::parse(key)?,
                item,
                at,
            })
        })
        .collect()
}

/// The entries of `x-gone`: place, method and path of each.
fn removals<'a>(tree: &Tree<'a>) -> Vec<(Id, (Method, &'a str))> {
    let each = tree.items_of(Tree::ROOT, "x-gone").filter_map(|entry| {
        let method = Method::parse(&tree.text(entry, "method")?.to_ascii_lowercase())?;
        Some((entry, (method, tree.text(entry, "path")?)))
    });
    each.collect()
}

fn remembered(tree: &Tree<'_>, op: Written<'_>) -> Option<Id> {
    removals(tree)
        .into_iter()
        .find(|(_, was)| is_at(&op, *was))
        .map(|(entry, _)| entry)
}

fn is_at(op: &Written<'_>, was: (Method, &str)) -> bool {
    is_one((op.method, op.path), was)
}

fn is_one(a: (Method, &str), b: (Method, &str)) -> bool {
    a.0 == b.0 && template(a.1) == template(b.1)
}

/// The names of the parameters of a path, in their order.
pub(super) fn names(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .collect()
}
