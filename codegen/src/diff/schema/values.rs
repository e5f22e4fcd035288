//! Listed values: closed and open enumerations, and deprecated single values.

use super::Compared;
use crate::diff::graph::{BOTH, Graph};
use crate::diff::life::{ENUM_VALUE, Life};
use crate::diff::rules::*;
use crate::diff::shape::{Known, KnownValue, Shape};

/// How the values of a schema are listed.
enum Listed<'k> {
    Not,
    Closed(&'k Known),
    Open(&'k Known),
}

impl<'k> Listed<'k> {
    fn of(shape: &'k Shape<'_>) -> Listed<'k> {
        match (&shape.values, &shape.extensible) {
            (Some(known), _) => Listed::Closed(known),
            (None, Some(known)) => Listed::Open(known),
            (None, None) => Listed::Not,
        }
    }
}

impl<'a> Graph<'a> {
    pub(super) fn compare_values(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let (rule, a, b) = match (Listed::of(old), Listed::of(new)) {
            (Listed::Not, Listed::Not) => return,
            (Listed::Not, Listed::Closed(b)) => {
                let message = format!("only {} is valid", texts(b));
                out.say(&ENUM_ADDED, old.site, b.at, message);
                return;
            }
            (Listed::Closed(a), Listed::Not) => {
                let message = format!("not only {} is valid", texts(a));
                out.say(&ENUM_LIFTED, a.at, new.site, message);
                return;
            }
            (Listed::Not, Listed::Open(b)) => {
                let message = format!("known values are listed: {}", texts(b));
                out.say(&EXTENSION_CHANGED, old.site, b.at, message);
                return;
            }
            (Listed::Open(a), Listed::Not) => {
                let message = format!("known values are no longer listed: {}", texts(a));
                out.say(&EXTENSION_CHANGED, a.at, new.site, message);
                return;
            }
            (Listed::Closed(a), Listed::Closed(b)) => (&ENUM_VALUE_ADDED, a, b),
            (Listed::Open(a), Listed::Open(b)) => (&EXTENSIBLE_VALUE_ADDED, a, b),
            (Listed::Closed(a), Listed::Open(b)) => {
                out.say(&ENUM_OPENED, a.at, b.at, "other values may come");
                (&EXTENSIBLE_VALUE_ADDED, a, b)
            }
            (Listed::Open(a), Listed::Closed(b)) => {
                out.say(&ENUM_CLOSED, a.at, b.at, "other values are refused");
                (&ENUM_VALUE_ADDED, a, b)
            }
        };
        self.compare_known(rule, a, b, (old.declared, new.declared), out);
    }

    fn compare_known(
        &mut self,
        added: &'static Rule,
        a: &Known,
        b: &Known,
        types: (u8, u8),
        out: &mut Compared,
    ) {
        for value in &a.values {
            self.work += 1;
            let text = &value.text;
            let Some(after) = b.values.iter().find(|other| other.text == *text) else {
                // A different type is a separate finding.
                if value.kind & types.1 != 0 {
                    let life = value.notice.map(|at| Life::notice(&self.old.tree, at));
                    let (rule, how) = self.calendar.removal(&ENUM_VALUE, value.at, life.as_ref());
                    out.say(rule, value.at, b.at, format!("{text} was removed, {how}"));
                }
                continue;
            };
            self.compare_notices(value, after, out);
        }
        for value in &b.values {
            if !a.has(&value.text) && value.kind & types.0 != 0 {
                out.say(added, a.at, value.at, format!("{} was added", value.text));
            }
        }
    }

    /// The deprecation of a single value that stays.
    fn compare_notices(&mut self, before: &KnownValue, after: &KnownValue, out: &mut Compared) {
        if before.notice.is_none() && after.notice.is_none() {
            return;
        }
        let old = before.notice.map(|at| Life::notice(&self.old.tree, at));
        let new = after.notice.map(|at| Life::notice(&self.new.tree, at));
        let what = format!("the value {}", after.text);
        let places = (before.at, after.at);
        let found = self.lives(&what, after.at, old.as_ref(), new.as_ref(), places, BOTH);
        out.found.extend(found);
    }
}

fn texts(known: &Known) -> String {
    let mut texts: Vec<&str> = known
        .values
        .iter()
        .take(8)
        .map(|v| v.text.as_str())
        .collect();
    if known.values.len() > texts.len() {
        texts.push("...");
    }
    texts.join(", ")
}
