//! Answers by status, and their headers. A range or `default` covers the statuses that are not named.

use super::{Here, LIFE, Walk, Ways};
use crate::diff::life::{HEADER, Life};
use crate::diff::rules::*;
use crate::diff::tree::{Id, Tree};

impl<'a> Walk<'_, 'a> {
    pub(super) fn responses(&mut self, here: Here, ways: Ways, owners: (Id, Id)) {
        let here = Here {
            mask: ways.got,
            ..here
        };
        let all = |tree: &Tree<'a>, owner: Id| -> Vec<(String, Id)> {
            tree.members_of(owner, "responses")
                .filter(|(status, _)| !status.starts_with("x-"))
                .map(|(status, id)| (status.to_ascii_uppercase(), id))
                .collect()
        };
        let old = all(self.old(), owners.0);
        let new = all(self.new_tree(), owners.1);
        let places = (
            self.old().get(owners.0, "responses").unwrap_or(owners.0),
            self.new_tree()
                .get(owners.1, "responses")
                .unwrap_or(owners.1),
        );
        for (status, a) in &old {
            match covering(status, &new) {
                Some(b) => self.response(here, *a, b),
                None => {
                    self.follow_old(*a);
                    let (rule, message) = if is_success(status) {
                        (
                            &SUCCESS_RESPONSE_REMOVED,
                            format!("the answer {status} is gone"),
                        )
                    } else {
                        (&RESPONSE_REMOVED, format!("the answer {status} is gone"))
                    };
                    self.say(here, rule, *a, places.1, message);
                }
            }
        }
        for (status, b) in &new {
            if old.iter().any(|(other, _)| other == status) {
                continue;
            }
            match covering(status, &old) {
                Some(a) => self.response(here, a, *b),
                None => {
                    self.follow_new(*b);
                    let rule = if is_success(status) {
                        &SUCCESS_RESPONSE_ADDED
                    } else {
                        &RESPONSE_ADDED
                    };
                    let message = format!("the answer {status} is new");
                    self.say(here, rule, places.0, *b, message);
                }
            }
        }
    }

    fn response(&mut self, here: Here, a: Id, b: Id) {
        let owners = self.follow(a, b);
        self.headers(here, owners);
        self.content(here, owners);
        self.change(here, &LINK_CHANGED, "links", owners);
        self.others(here, owners, &[&["headers", "content", "links"]]);
    }

    fn headers(&mut self, here: Here, owners: (Id, Id)) {
        let all = |tree: &Tree<'a>, owner: Id| -> Vec<(&'a str, Id)> {
            // `content` has the media type.
            tree.members_of(owner, "headers")
                .filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"))
                .collect()
        };
        let old = all(self.old(), owners.0);
        let new = all(self.new_tree(), owners.1);
        for (name, a) in &old {
            let a = self.follow_old(*a);
            match new
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                Some((_, b)) => {
                    let b = self.follow_new(*b);
                    self.header(here, name, (a, b));
                }
                None => {
                    let life = Life::of(self.old(), a);
                    let (rule, how) = self.graph.calendar.removal(&HEADER, a, life.as_ref());
                    let message = format!("the header `{name}` was removed, {how}");
                    self.say(here, rule, a, owners.1, message);
                }
            }
        }
        for (name, b) in &new {
            let b = self.follow_new(*b);
            if !old
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                let message = format!("the header `{name}` is new");
                self.say(here, &HEADER_ADDED, owners.0, b, message);
            }
        }
    }

    fn header(&mut self, here: Here, name: &str, owners: (Id, Id)) {
        let what = format!("the header `{name}`");
        let (a, b) = (
            Life::of(self.old(), owners.0),
            Life::of(self.new_tree(), owners.1),
        );
        let found = self
            .graph
            .lives(&what, owners.1, a.as_ref(), b.as_ref(), owners, here.mask);
        self.say_all(here, found);
        match self.flags(owners, "required") {
            (false, true) => {
                let message = format!("{what} is always there now");
                self.say(here, &HEADER_BECAME_REQUIRED, owners.0, owners.1, message);
            }
            (true, false) => {
                let message = format!("{what} may be missing now");
                self.say(here, &HEADER_BECAME_OPTIONAL, owners.0, owners.1, message);
            }
            _ => {}
        }
        let schema = |tree: &Tree<'a>, at: Id| {
            let content = tree.members_of(at, "content").next();
            match content {
                Some((_, media)) => tree.get(media, "schema"),
                None => tree.get(at, "schema"),
            }
        };
        let (a, b) = (
            schema(self.old(), owners.0),
            schema(self.new_tree(), owners.1),
        );
        self.schemas(here, a, b, owners);
        for keyword in ["style", "explode"] {
            self.change(here, &PARAMETER_STYLE_CHANGED, keyword, owners);
        }
        let judged = &["required", "schema", "content", "style", "explode"];
        self.others(here, owners, &[judged, LIFE]);
    }
}

/// The answer for a status: by name, by range, or `default`.
fn covering(status: &str, all: &[(String, Id)]) -> Option<Id> {
    let find = |name: &str| {
        all.iter()
            .find(|(known, _)| known == name)
            .map(|(_, id)| *id)
    };
    let range = status.get(..1).map(|digit| format!("{digit}XX"));
    find(status)
        .or_else(|| {
            range
                .filter(|_| status != "DEFAULT")
                .and_then(|range| find(&range))
        })
        .or_else(|| find("DEFAULT").filter(|_| !is_success(status)))
}

fn is_success(status: &str) -> bool {
    status.starts_with(['1', '2', '3'])
}
