//! The life cycle: what is announced, what may be removed. Days are arguments, never read from a clock.

use std::collections::HashMap;

use super::rules::*;
use super::tree::{Id, Tree};
use crate::document::Date;

/// The notice that callers are promised: the days between announcement and sunset.
pub const NOTICE_DAYS: i64 = 90;

/// The deprecation of something, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life<'a> {
    pub(super) at: Id,
    pub(super) announced: Option<Date>,
    pub(super) sunset: Option<Date>,
    pub(super) replacement: Option<&'a str>,
}

impl<'a> Life<'a> {
    /// The deprecation at this place; None if it is not deprecated.
    pub(super) fn of(tree: &Tree<'a>, id: Id) -> Option<Life<'a>> {
        (tree.flag(id, "deprecated") == Some(true)).then(|| Life::notice(tree, id))
    }

    /// The days at this place, with or without `deprecated`.
    pub(super) fn notice(tree: &Tree<'a>, id: Id) -> Life<'a> {
        let date = |key: &str| tree.text(id, key).and_then(Date::parse);
        Life {
            at: id,
            announced: date("x-deprecated-at"),
            sunset: date("x-sunset"),
            replacement: tree.text(id, "x-replacement"),
        }
    }
}

/// A kind of removable thing, with the rules of its removal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub(super) removed: &'static Rule,
    before_sunset: &'static Rule,
    unannounced: &'static Rule,
    retired: &'static Rule,
}

macro_rules! element {
    ($name:ident $removed:ident $before:ident $unannounced:ident $retired:ident) => {
        pub(super) static $name: Element = Element {
            removed: &$removed,
            before_sunset: &$before,
            unannounced: &$unannounced,
            retired: &$retired,
        };
    };
}

element!(OPERATION OPERATION_REMOVED OPERATION_REMOVED_BEFORE_SUNSET OPERATION_REMOVED_UNANNOUNCED OPERATION_RETIRED);
element!(PARAMETER PARAMETER_REMOVED PARAMETER_REMOVED_BEFORE_SUNSET PARAMETER_REMOVED_UNANNOUNCED PARAMETER_RETIRED);
element!(PROPERTY PROPERTY_REMOVED PROPERTY_REMOVED_BEFORE_SUNSET PROPERTY_REMOVED_UNANNOUNCED PROPERTY_RETIRED);
element!(HEADER HEADER_REMOVED HEADER_REMOVED_BEFORE_SUNSET HEADER_REMOVED_UNANNOUNCED HEADER_RETIRED);
element!(ENUM_VALUE ENUM_VALUE_REMOVED ENUM_VALUE_REMOVED_BEFORE_SUNSET ENUM_VALUE_REMOVED_UNANNOUNCED ENUM_VALUE_RETIRED);

/// A release with a deprecation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announcement {
    /// The day of the release, if its file name contains it.
    pub(super) released: Option<Date>,
    /// The day of announcement in the release.
    pub(super) announced: Option<Date>,
}

impl Announcement {
    /// The day from which callers could read it.
    fn day(&self) -> Option<Date> {
        match (self.released, self.announced) {
            (Some(released), Some(announced)) => Some(released.max(announced)),
            (released, announced) => released.or(announced),
        }
    }
}

/// The input of the life cycle: today, and the announcements of releases.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    pub(super) today: Option<Date>,
    /// The day of the old document itself.
    pub(super) released: Option<Date>,
    /// The announcements by place in the old document.
    pub(super) announced: HashMap<Id, Vec<Announcement>>,
}

fn days(from: Date, to: Date) -> i64 {
    to.days_since_epoch() - from.days_since_epoch()
}

impl Calendar {
    /// Judges a removal; `id` is the thing's key among the announcements.
    pub(super) fn removal(
        &self,
        element: &Element,
        id: Id,
        life: Option<&Life<'_>>,
    ) -> (&'static Rule, String) {
        let Some(life) = life else {
            return (element.removed, "without having been deprecated".to_owned());
        };
        let Some(sunset) = life.sunset else {
            return (
                element.before_sunset,
                "though it names no x-sunset".to_owned(),
            );
        };
        let Some(today) = self.today else {
            let why = format!("its sunset is {sunset}, and no --today says whether it has come");
            return (element.before_sunset, why);
        };
        if today < sunset {
            return (
                element.before_sunset,
                format!("before its sunset on {sunset} (today is {today})"),
            );
        }
        let itself = Announcement {
            released: self.released,
            announced: life.announced,
        };
        let others = self.announced.get(&id).into_iter().flatten();
        let first = others
            .chain(std::iter::once(&itself))
            .filter_map(Announcement::day)
            .min();
        match first {
            None => (
                element.unannounced,
                "no release tells when that was announced".to_owned(),
            ),
            Some(first)
                if days(first, sunset) < NOTICE_DAYS || days(first, today) < NOTICE_DAYS =>
            {
                (
                    element.unannounced,
                    format!(
                        "first announced by a release on {first}, less than {NOTICE_DAYS} days before"
                    ),
                )
            }
            Some(first) => (
                element.retired,
                format!("announced on {first}, with its sunset on {sunset}"),
            ),
        }
    }

    /// Judges the deprecation of something that stays.
    pub(super) fn kept(
        &self,
        old: Option<&Life<'_>>,
        new: Option<&Life<'_>>,
    ) -> Vec<(&'static Rule, String)> {
        match (old, new) {
            (None, None) => Vec::new(),
            (Some(_), None) => vec![(&UNDEPRECATED, "is no longer deprecated".to_owned())],
            (None, Some(new)) => self.begun(new),
            (Some(old), Some(new)) => self.changed(old, new),
        }
    }

    fn begun(&self, new: &Life<'_>) -> Vec<(&'static Rule, String)> {
        let until = new
            .sunset
            .map_or_else(String::new, |sunset| format!(", to go on {sunset}"));
        let mut found = vec![(&DEPRECATED, format!("is deprecated now{until}"))];
        if new.announced.is_none() || new.sunset.is_none() {
            let missing = if new.announced.is_none() {
                "x-deprecated-at"
            } else {
                "x-sunset"
            };
            found.push((
                &DEPRECATION_UNDATED,
                format!("is deprecated without {missing}"),
            ));
        }
        if let (Some(today), Some(announced)) = (self.today, new.announced)
            && announced < today
        {
            found.push((
                &DEPRECATION_BACKDATED,
                format!("is announced as of {announced}, and today is {today}"),
            ));
        }
        found.extend(self.sunset(new.announced, new.sunset));
        found
    }

    fn sunset(
        &self,
        announced: Option<Date>,
        sunset: Option<Date>,
    ) -> Option<(&'static Rule, String)> {
        let sunset = sunset?;
        if let Some(today) = self.today
            && sunset < today
        {
            return Some((
                &SUNSET_IN_PAST,
                format!("has its sunset on {sunset}, and today is {today}"),
            ));
        }
        let from = announced?;
        let notice = days(from, sunset);
        (notice < NOTICE_DAYS).then(|| {
            (
                &SUNSET_TOO_SOON,
                format!("has its sunset on {sunset}, {notice} days after {from}"),
            )
        })
    }

    fn changed(&self, old: &Life<'_>, new: &Life<'_>) -> Vec<(&'static Rule, String)> {
        let mut found: Vec<(&'static Rule, String)> = Vec::new();
        match (old.announced, new.announced) {
            (Some(before), now) if now != Some(before) => {
                let now = now.map_or_else(|| "nothing".to_owned(), |now| now.to_string());
                found.push((
                    &ANNOUNCEMENT_CHANGED,
                    format!("had x-deprecated-at {before} and has {now}"),
                ));
            }
            _ => {}
        }
        match (old.sunset, new.sunset) {
            (Some(before), Some(now)) if now < before => {
                found.push((
                    &SUNSET_MOVED_EARLIER,
                    format!("had its sunset on {before} and has it on {now}"),
                ));
            }
            (Some(before), Some(now)) if now > before => found.push((
                &SUNSET_MOVED_LATER,
                format!("had its sunset on {before} and has it on {now}"),
            )),
            (Some(before), None) => {
                found.push((
                    &SUNSET_REMOVED,
                    format!("had its sunset on {before} and has none"),
                ));
            }
            // A first sunset counts from today, since nobody could know it before.
            (None, Some(_)) => {
                let from = self.today.or(new.announced);
                found.extend(self.sunset(from, new.sunset));
            }
            _ => {}
        }
        if let (Some(today), Some(now)) = (self.today, new.sunset)
            && old.sunset.is_some()
            && old.sunset != new.sunset
            && now < today
        {
            found.push((
                &SUNSET_IN_PAST,
                format!("has its sunset on {now}, and today is {today}"),
            ));
        }
        if old.replacement != new.replacement {
            let name = |text: Option<&str>| text.unwrap_or("nothing").to_owned();
            found.push((
                &DOCUMENTATION_CHANGED,
                format!(
                    "is to be replaced by {} and was by {}",
                    name(new.replacement),
                    name(old.replacement)
                ),
            ));
        }
        found
    }
}

/// The day in the name of a file or of a folder above it: `spec/releases/2026-11-22/v1.yaml`.
pub(super) fn release_day(file: &str) -> Option<Date> {
    file.rsplit(['/', '\\']).find_map(|part| {
        part.char_indices()
            .find_map(|(index, _)| Date::parse(part.get(index..index + 10)?))
    })
}
