//! Bodies of requests, and their content in each media type.

use super::{Here, Walk, Ways};
use crate::diff::rules::*;
use crate::diff::tree::{Id, Tree};

impl<'a> Walk<'_, 'a> {
    pub(super) fn body(&mut self, here: Here, ways: Ways, owners: (Id, Id)) {
        let here = Here {
            mask: ways.sent,
            ..here
        };
        let old = self.old().get(owners.0, "requestBody");
        let new = self.new_tree().get(owners.1, "requestBody");
        match (old, new) {
            (None, None) => {}
            (Some(at), None) => {
                self.follow_old(at);
                self.say(
                    here,
                    &REQUEST_BODY_REMOVED,
                    at,
                    owners.1,
                    "the body is gone",
                );
            }
            (None, Some(at)) => {
                let body = self.follow_new(at);
                let required = self.new_tree().flag(body, "required") == Some(true);
                let (rule, message) = if required {
                    (&REQUIRED_REQUEST_BODY_ADDED, "a required body is new")
                } else {
                    (&REQUEST_BODY_ADDED, "a body is new")
                };
                self.say(here, rule, owners.0, at, message);
            }
            (Some(a), Some(b)) => {
                let (a, b) = self.follow(a, b);
                match self.flags((a, b), "required") {
                    (false, true) => {
                        let message = "the body is required now";
                        self.say(here, &REQUEST_BODY_BECAME_REQUIRED, a, b, message);
                    }
                    (true, false) => {
                        let message = "the body may be left out now";
                        self.say(here, &REQUEST_BODY_BECAME_OPTIONAL, a, b, message);
                    }
                    _ => {}
                }
                self.content(here, (a, b));
                self.others(here, (a, b), &[&["required", "content"]]);
            }
        }
    }

    pub(super) fn content(&mut self, here: Here, owners: (Id, Id)) {
        let all = |tree: &Tree<'a>, owner: Id| -> Vec<(String, Id)> {
            tree.members_of(owner, "content")
                .map(|(name, id)| (media_type(name), id))
                .collect()
        };
        let old = all(self.old(), owners.0);
        let new = all(self.new_tree(), owners.1);
        let places = (
            self.old().get(owners.0, "content").unwrap_or(owners.0),
            self.new_tree().get(owners.1, "content").unwrap_or(owners.1),
        );
        for (name, a) in &old {
            match new.iter().find(|(other, _)| other == name) {
                Some((_, b)) => self.media(here, (*a, *b)),
                None => {
                    let message = format!("{name} is gone");
                    self.say(here, &MEDIA_TYPE_REMOVED, *a, places.1, message);
                }
            }
        }
        for (name, b) in &new {
            if !old.iter().any(|(other, _)| other == name) {
                let message = format!("{name} is new");
                self.say(here, &MEDIA_TYPE_ADDED, places.0, *b, message);
            }
        }
    }

    fn media(&mut self, here: Here, owners: (Id, Id)) {
        let schemas = (
            self.old().get(owners.0, "schema"),
            self.new_tree().get(owners.1, "schema"),
        );
        self.schemas(here, schemas.0, schemas.1, owners);
        self.change(here, &ENCODING_CHANGED, "encoding", owners);
        self.others(here, owners, &[&["schema", "encoding"]]);
    }
}

/// Normalises a media type: case and spaces around parameters do not matter.
fn media_type(name: &str) -> String {
    name.to_ascii_lowercase()
        .split(';')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(";")
}
