//! Objects: the properties in each direction, the required ones, and the rules for unnamed ones.

use std::collections::BTreeSet;

use super::Compared;
use crate::diff::graph::{BOTH, Graph, REQUEST, RESPONSE};
use crate::diff::life::{Announcement, PROPERTY};
use crate::diff::rules::*;
use crate::diff::shape::{Maps, Rest, Shape, Slot};
use crate::diff::tree::Id;

/// A property of one side.
struct Named {
    at: Id,
    slot: Slot,
    /// The directions in which it exists.
    there: u8,
    read_only: bool,
    write_only: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn compare_maps(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let names = old.maps.named().chain(new.maps.named());
        for name in names.collect::<Vec<_>>() {
            if seen.insert(name) {
                self.compare_property(name, old, new, out);
            }
        }
        self.compare_required(old, new, out);
        self.compare_others(old, new, out);
        self.compare_patterns(old, new, out);
        self.compare_dependencies(old, new, out);
        let (a, b) = (old.maps.unevaluated, new.maps.unevaluated);
        let sites = (old.site, new.site);
        self.compare_unevaluated("unevaluatedProperties", a, b, sites, out);
    }

    fn named_old(&mut self, name: &str, maps: &Maps<'a>) -> (Slot, Option<Named>) {
        let slot = maps.slot(name);
        let Some(at) = slot.named.filter(|_| !slot.refused) else {
            return (slot, None);
        };
        let key = self.old.key(&slot.schemas, at);
        let shape = self.old.shape(key);
        (maps.slot(name), Some(Named::of(at, slot, &shape)))
    }

    fn named_new(&mut self, name: &str, maps: &Maps<'a>) -> (Slot, Option<Named>) {
        let slot = maps.slot(name);
        let Some(at) = slot.named.filter(|_| !slot.refused) else {
            return (slot, None);
        };
        let key = self.new.key(&slot.schemas, at);
        let shape = self.new.shape(key);
        (maps.slot(name), Some(Named::of(at, slot, &shape)))
    }

    fn compare_property(
        &mut self,
        name: &'a str,
        old: &Shape<'a>,
        new: &Shape<'a>,
        out: &mut Compared,
    ) {
        self.work += 1;
        let (old_slot, a) = self.named_old(name, &old.maps);
        let (new_slot, b) = self.named_new(name, &new.maps);
        let required = (
            old.maps.required.contains_key(name),
            new.maps.required.contains_key(name),
        );
        match (a, b) {
            (Some(a), Some(b)) => self.compare_kept(name, &a, &b, required, out),
            (Some(a), None) => {
                let key = self.old.key(&a.slot.schemas, a.at);
                let shape = self.old.shape(key);
                let (rule, how) = self.calendar.removal(&PROPERTY, a.at, shape.life.as_ref());
                let message = format!("the property `{name}` was removed, {how}");
                out.say_for(a.there, rule, a.at, new.site, message);
                // It is still valid as an unnamed property.
                if !new_slot.schemas.is_empty() {
                    let pair = self.pair_of(&a.slot.schemas, &new_slot.schemas, (a.at, new.site));
                    out.edges.push((pair, a.there));
                }
            }
            (None, Some(b)) => self.compare_added(name, old, &old_slot, &b, required, out),
            (None, None) => {}
        }
    }

    fn compare_kept(
        &mut self,
        name: &str,
        a: &Named,
        b: &Named,
        required: (bool, bool),
        out: &mut Compared,
    ) {
        let pair = self.pair_of(&a.slot.schemas, &b.slot.schemas, (a.at, b.at));
        let both = a.there & b.there;
        out.edges.push((pair, both));
        let key = self.old.key(&a.slot.schemas, a.at);
        if let Some(life) = self.old.shape(key).life {
            let announcement = Announcement {
                released: self.released,
                announced: life.announced,
            };
            self.announced.push((b.at, announcement));
        }
        for (before, after, mask, added, removed) in [
            (
                a.read_only,
                b.read_only,
                REQUEST,
                &READ_ONLY_ADDED,
                &READ_ONLY_REMOVED,
            ),
            (
                a.write_only,
                b.write_only,
                RESPONSE,
                &WRITE_ONLY_ADDED,
                &WRITE_ONLY_REMOVED,
            ),
        ] {
            if !before && after {
                let message = format!("the property `{name}` goes one way only now");
                out.say_for(mask, added, a.at, b.at, message);
            } else if before && !after {
                let message = format!("the property `{name}` goes both ways now");
                out.say_for(mask, removed, a.at, b.at, message);
            }
        }
        let come = b.there & !a.there;
        if required.1 && come != 0 {
            let message = format!("the property `{name}` is there now and required");
            out.say_for(come, &REQUIRED_PROPERTY_ADDED, a.at, b.at, message);
        }
        match required {
            (false, true) => {
                let message = format!("the property `{name}` is required now");
                out.say_for(both, &PROPERTY_BECAME_REQUIRED, a.at, b.at, message);
            }
            (true, false) => {
                let message = format!("the property `{name}` may be missing now");
                out.say_for(both, &PROPERTY_BECAME_OPTIONAL, a.at, b.at, message);
            }
            _ => {}
        }
    }

    fn compare_added(
        &mut self,
        name: &str,
        old: &Shape<'a>,
        before: &Slot,
        b: &Named,
        required: (bool, bool),
        out: &mut Compared,
    ) {
        let message = format!("the property `{name}` was added");
        let (rest, _, _) = old.maps.rest();
        if required == (false, true) {
            let message = format!("the required property `{name}` was added");
            out.say_for(b.there, &REQUIRED_PROPERTY_ADDED, old.site, b.at, message);
        } else if rest != Rest::Refused {
            out.say_for(b.there, &PROPERTY_ADDED, old.site, b.at, message.clone());
        }
        match rest {
            Rest::Refused => {
                out.say_for(b.there, &CLOSED_PROPERTY_ADDED, old.site, b.at, message);
            }
            Rest::Allowed => {
                let message = format!("the name `{name}` was free and has a meaning now");
                out.say_for(b.there, &OPEN_PROPERTY_NAMED, old.site, b.at, message);
            }
            Rest::Unsaid | Rest::Schema => {}
        }
        if required == (true, false) {
            let message = format!("the property `{name}` may be missing now");
            out.say_for(b.there, &PROPERTY_BECAME_OPTIONAL, old.site, b.at, message);
        }
        // It was valid before as an unnamed property.
        if !before.schemas.is_empty() {
            let pair = self.pair_of(&before.schemas, &b.slot.schemas, (old.site, b.at));
            out.edges.push((pair, b.there));
        }
    }

    /// Compares required names without a schema.
    fn compare_required(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        for (name, at) in &new.maps.required {
            if !old.maps.required.contains_key(name) && !new.maps.is_named(name) {
                let message = format!("`{name}` is required now");
                out.say(&PROPERTY_BECAME_REQUIRED, old.site, *at, message);
            }
        }
        for (name, at) in &old.maps.required {
            if !new.maps.required.contains_key(name)
                && !old.maps.is_named(name)
                && !new.maps.is_named(name)
            {
                let message = format!("`{name}` may be missing now");
                out.say(&PROPERTY_BECAME_OPTIONAL, *at, new.site, message);
            }
        }
    }

    /// Compares the rules for unnamed properties.
    fn compare_others(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let (a, a_schemas, a_at) = old.maps.rest();
        let (b, b_schemas, b_at) = new.maps.rest();
        let at = (a_at.unwrap_or(old.site), b_at.unwrap_or(new.site));
        let named = old.maps.named().next().is_some() || new.maps.named().next().is_some();
        match (a, b) {
            (Rest::Refused, Rest::Refused) => {}
            (_, Rest::Refused) => {
                let message = "`additionalProperties` is false now";
                out.say(&ADDITIONAL_PROPERTIES_REFUSED, at.0, at.1, message);
            }
            (Rest::Refused, _) => {
                let message = "`additionalProperties` is no longer false";
                out.say(&ADDITIONAL_PROPERTIES_ALLOWED, at.0, at.1, message);
            }
            (Rest::Allowed, Rest::Unsaid) if named => {
                let message = "`additionalProperties: true` is gone";
                out.say(&OPEN_MARK_REMOVED, at.0, at.1, message);
            }
            (Rest::Unsaid, Rest::Allowed) if named => {
                let message = "`additionalProperties: true` is new";
                out.say(&OPEN_MARK_ADDED, at.0, at.1, message);
            }
            _ => {
                if a == Rest::Schema || b == Rest::Schema {
                    let pair = self.pair_of(&a_schemas, &b_schemas, at);
                    out.edges.push((pair, BOTH));
                }
            }
        }
    }

    fn compare_patterns(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let (a, b) = (&old.maps.patterns, &new.maps.patterns);
        for (pattern, before) in a {
            match b.get(pattern) {
                Some(after) => {
                    let pair = self.pair_of(before, after, (old.site, new.site));
                    out.edges.push((pair, BOTH));
                }
                None => {
                    let at = before.first().copied().unwrap_or(old.site);
                    let message = format!("the pattern `{pattern}` of names is gone");
                    out.say(&PATTERN_PROPERTIES_CHANGED, at, new.site, message);
                }
            }
        }
        for (pattern, after) in b {
            if !a.contains_key(pattern) {
                let at = after.first().copied().unwrap_or(new.site);
                let message = format!("the pattern `{pattern}` of names is new");
                out.say(&PATTERN_PROPERTIES_CHANGED, old.site, at, message);
            }
        }
        let sites = (old.site, new.site);
        match (old.maps.names.as_slice(), new.maps.names.as_slice()) {
            ([], []) => {}
            ([], &[at, ..]) => {
                out.say(&PROPERTY_NAMES_ADDED, sites.0, at, "`propertyNames` is new");
            }
            (&[at, ..], []) => {
                out.say(
                    &PROPERTY_NAMES_REMOVED,
                    at,
                    sites.1,
                    "`propertyNames` is gone",
                );
            }
            (a, b) => {
                let pair = self.pair_of(a, b, sites);
                out.edges.push((pair, BOTH));
            }
        }
    }

    fn compare_dependencies(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let (a, b) = (&old.maps.requires, &new.maps.requires);
        for (name, others) in b {
            for (other, at) in others {
                if !a.get(name).is_some_and(|known| known.contains_key(other)) {
                    let message = format!("`{name}` requires `{other}` now");
                    out.say(&DEPENDENCY_ADDED, old.site, *at, message);
                }
            }
        }
        for (name, others) in a {
            for (other, at) in others {
                if !b.get(name).is_some_and(|known| known.contains_key(other)) {
                    let message = format!("`{name}` no longer requires `{other}`");
                    out.say(&DEPENDENCY_REMOVED, *at, new.site, message);
                }
            }
        }
        let (a, b) = (&old.maps.implies, &new.maps.implies);
        for (name, after) in b {
            match a.get(name) {
                Some(before) => {
                    let pair = self.pair_of(before, after, (old.site, new.site));
                    out.edges.push((pair, BOTH));
                }
                None => {
                    let at = after.first().copied().unwrap_or(new.site);
                    let message = format!("`{name}` implies a schema now");
                    out.say(&DEPENDENCY_ADDED, old.site, at, message);
                }
            }
        }
        for (name, before) in a.iter().filter(|(name, _)| !b.contains_key(*name)) {
            let at = before.first().copied().unwrap_or(old.site);
            let message = format!("`{name}` no longer implies a schema");
            out.say(&DEPENDENCY_REMOVED, at, new.site, message);
        }
    }
}

impl Named {
    fn of(at: Id, slot: Slot, shape: &Shape<'_>) -> Named {
        let read_only = shape.read_only.is_some();
        let write_only = shape.write_only.is_some();
        let mut there = BOTH;
        if read_only {
            there &= !REQUEST;
        }
        if write_only {
            there &= !RESPONSE;
        }
        Named {
            at,
            slot,
            there,
            read_only,
            write_only,
        }
    }
}
