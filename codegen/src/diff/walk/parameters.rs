//! Parameters of operations, identified by location and name; path parameters by their position.

use super::operations::{Written, names};
use super::{Here, LIFE, Walk, Ways};
use crate::diff::life::{Life, PARAMETER};
use crate::diff::rules::*;
use crate::diff::shape::types;
use crate::diff::tree::{Id, Tree};

/// A parameter with its identity.
struct Found<'a> {
    place: &'a str,
    name: &'a str,
    /// The key for matching: lower case for headers, the position for path parameters.
    key: String,
    at: Id,
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn parameters(
        &mut self,
        here: Here,
        ways: Ways,
        old: Written<'a>,
        new: Written<'a>,
    ) {
        let a = self.parameter_list(old, true);
        let b = self.parameter_list(new, false);
        let here = Here {
            mask: ways.sent,
            ..here
        };
        let same = |x: &Found<'_>, y: &Found<'_>| x.place == y.place && x.key == y.key;
        let lonely = |x: &Found<'a>, others: &[Found<'a>]| !others.iter().any(|y| same(x, y));
        for x in &a {
            if let Some(y) = b.iter().find(|y| same(x, y)) {
                self.parameter(here, x, y);
                continue;
            }
            let moved = b
                .iter()
                .find(|y| y.name.eq_ignore_ascii_case(x.name) && lonely(y, &a));
            if let Some(y) = moved {
                let message = format!(
                    "the parameter `{}` was sent in the {} and is in the {}",
                    x.name, x.place, y.place
                );
                self.say(here, &PARAMETER_MOVED, x.at, y.at, message);
                continue;
            }
            let life = Life::of(self.old(), x.at);
            let (rule, how) = self.graph.calendar.removal(&PARAMETER, x.at, life.as_ref());
            let message = format!("the {} parameter `{}` was removed, {how}", x.place, x.name);
            self.say(here, rule, x.at, new.at, message);
        }
        for y in &b {
            let moved = || {
                a.iter()
                    .any(|x| x.name.eq_ignore_ascii_case(y.name) && lonely(x, &b))
            };
            if !lonely(y, &a) || moved() {
                continue;
            }
            let required = self.new_tree().flag(y.at, "required") == Some(true);
            let (rule, what) = if required {
                (&REQUIRED_PARAMETER_ADDED, "required ")
            } else {
                (&PARAMETER_ADDED, "")
            };
            let message = format!("the {what}{} parameter `{}` was added", y.place, y.name);
            self.say(here, rule, old.at, y.at, message);
        }
        let names_type = |x: &&Found<'_>| self.old().flag(x.at, "x-record-type") == Some(true);
        if a.iter().any(|x| names_type(&x)) {
            self.record_types(here, (old.at, new.at));
        }
    }

    fn parameter_list(&mut self, op: Written<'a>, old: bool) -> Vec<Found<'a>> {
        let tree = if old { self.old() } else { self.new_tree() };
        let written: Vec<Id> = tree
            .items_of(op.at, "parameters")
            .chain(tree.items_of(op.item, "parameters"))
            .collect();
        let positions = names(op.path);
        let mut all: Vec<Found<'a>> = Vec::new();
        for at in written {
            let at = if old {
                self.follow_old(at)
            } else {
                self.follow_new(at)
            };
            let tree = if old { self.old() } else { self.new_tree() };
            let (Some(place), Some(name)) = (tree.text(at, "in"), tree.text(at, "name")) else {
                continue;
            };
            let key = match place {
                "header" => name.to_ascii_lowercase(),
                "path" => match positions.iter().position(|known| *known == name) {
                    Some(position) => position.to_string(),
                    None => name.to_owned(),
                },
                _ => name.to_owned(),
            };
            // Parameters of the operation come first and override those of the path.
            if !all
                .iter()
                .any(|known| known.place == place && known.key == key)
            {
                all.push(Found {
                    place,
                    name,
                    key,
                    at,
                });
            }
        }
        all
    }

    fn parameter(&mut self, here: Here, x: &Found<'a>, y: &Found<'a>) {
        let owners = (x.at, y.at);
        let what = format!("the {} parameter `{}`", y.place, y.name);
        let (a, b) = (Life::of(self.old(), x.at), Life::of(self.new_tree(), y.at));
        let found = self
            .graph
            .lives(&what, y.at, a.as_ref(), b.as_ref(), owners, here.mask);
        self.say_all(here, found);
        if x.place != "path" {
            match self.flags(owners, "required") {
                (false, true) => {
                    let message = format!("{what} is required now");
                    self.say(here, &PARAMETER_BECAME_REQUIRED, x.at, y.at, message);
                }
                (true, false) => {
                    let message = format!("{what} may be left out now");
                    self.say(here, &PARAMETER_BECAME_OPTIONAL, x.at, y.at, message);
                }
                _ => {}
            }
        }
        for keyword in ["allowReserved", "allowEmptyValue"] {
            match self.flags(owners, keyword) {
                (true, false) => {
                    let message = format!("{what} lost `{keyword}`");
                    self.say(here, &PARAMETER_CHARACTERS_REFUSED, x.at, y.at, message);
                }
                (false, true) => {
                    let message = format!("{what} got `{keyword}`");
                    self.say(here, &PARAMETER_CHARACTERS_ALLOWED, x.at, y.at, message);
                }
                _ => {}
            }
        }
        self.parameter_schema(here, &what, x, y);
        let judged = &[
            "name",
            "in",
            "required",
            "schema",
            "content",
            "style",
            "explode",
            "allowReserved",
            "allowEmptyValue",
        ];
        self.others(here, owners, &[judged, LIFE]);
    }

    fn parameter_schema(&mut self, here: Here, what: &str, x: &Found<'a>, y: &Found<'a>) {
        let inner = |tree: &Tree<'a>, at: Id| -> (Option<String>, Option<Id>) {
            match tree.members_of(at, "content").next() {
                Some((media, content)) => (
                    Some(media.to_ascii_lowercase()),
                    tree.get(content, "schema"),
                ),
                None => (None, tree.get(at, "schema")),
            }
        };
        let (before, a) = inner(self.old(), x.at);
        let (after, b) = inner(self.new_tree(), y.at);
        if before != after {
            let name = |media: &Option<String>| media.clone().unwrap_or("a style".to_owned());
            let message = format!(
                "{what} was written as {} and is as {}",
                name(&before),
                name(&after)
            );
            self.say(here, &PARAMETER_STYLE_CHANGED, x.at, y.at, message);
        }
        self.schemas(here, a, b, (x.at, y.at));
        if before.is_some() || after.is_some() {
            return;
        }
        let style = |tree: &Tree<'a>, found: &Found<'a>| {
            let style = tree.text(found.at, "style").unwrap_or(match found.place {
                "path" | "header" => "simple",
                _ => "form",
            });
            let spread = matches!(style, "form" | "deepObject");
            (style, tree.flag(found.at, "explode").unwrap_or(spread))
        };
        let (before, after) = (style(self.old(), x), style(self.new_tree(), y));
        // The style of lists and objects does not matter for other values.
        let composite = self.is_composite(a, b);
        if (composite && before != after) || (x.place == "path" && before.0 != after.0) {
            let text = |(style, explode): (&str, bool)| format!("{style}, explode {explode}");
            let message = format!("{what} was {} and is {}", text(before), text(after));
            self.say(here, &PARAMETER_STYLE_CHANGED, x.at, y.at, message);
        }
    }

    fn is_composite(&mut self, a: Option<Id>, b: Option<Id>) -> bool {
        let bits = types::LIST | types::MAP;
        let old = a.is_some_and(|id| {
            let key = self.graph.old.key(&[id], id);
            self.graph.old.shape(key).allows(bits)
        });
        old || b.is_some_and(|id| {
            let key = self.graph.new.key(&[id], id);
            self.graph.new.shape(key).allows(bits)
        })
    }
}
