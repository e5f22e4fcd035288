//! `$ref`: only within the document, only to a component of the expected kind, and never in a circle.

use super::Reader;
use super::place::Place;
use crate::source::unescape;
use crate::text::percent_decoded;

/// The target of a reference, or of a chain of them.
pub(super) struct Target<'a> {
    pub(super) place: Place<'a>,
    /// The name of the component; None if there was no reference.
    pub(super) name: Option<String>,
}

impl<'a> Reader<'a> {
    /// Follows `$ref` at this place to a component of `section`; returns the place itself if it has none. None if the
    /// reference is invalid, which has been reported.
    pub(super) fn follow(&mut self, place: &Place<'a>, section: &str) -> Option<Target<'a>> {
        let mut target = Target {
            place: place.clone(),
            name: None,
        };
        let mut passed: Vec<String> = Vec::new();
        while target.place.has("$ref") {
            let name = self.reference(&target.place, section)?;
            if passed.contains(&name) {
                let message = format!(
                    "this reference leads back to itself: {} -> {name}",
                    passed.join(" -> ")
                );
                self.report_at(
                    "reference-cycle",
                    place,
                    message,
                    "let one of them be the thing itself",
                );
                return None;
            }
            passed.push(name.clone());
            let component = Place::root(self.root)
                .child("components")
                .and_then(|components| components.child(section))
                .and_then(|section| section.child(&name))?;
            target = Target {
                place: component,
                name: Some(name),
            };
        }
        Some(target)
    }

    /// The name in a `$ref` to a component of `section`, which exists.
    pub(super) fn reference(&mut self, place: &Place<'a>, section: &str) -> Option<String> {
        let written = place.child("$ref")?;
        let text = self.text_of(&written)?;
        let expected = format!("#/components/{section}/");
        let Some(pointer) = text.strip_prefix('#') else {
            self.report_at(
                "reference-external",
                &written,
                format!("`{text}` leads out of this document; a contract is one file"),
                &format!("bring it under components.{section} and refer to it as `{expected}Name`"),
            );
            return None;
        };
        let pointer = percent_decoded(pointer);
        let found = self.root.at(&pointer).is_some();
        match pointer.strip_prefix(&expected[1..]) {
            Some(name) if found && !name.contains('/') => Some(unescape(name)),
            Some(name) if !name.contains('/') => {
                let near = self.nearest(section, name);
                self.report_at(
                    "reference-missing",
                    &written,
                    format!("`{text}` leads to nothing{near}"),
                    "correct the name, or add the component",
                );
                None
            }
            _ if !found => {
                self.report_at(
                    "reference-missing",
                    &written,
                    format!("`{text}` leads to nothing"),
                    "correct the reference",
                );
                None
            }
            _ => {
                self.report_at(
                    "reference-kind",
                    &written,
                    format!("`{text}` is not what is expected here: one of components.{section}"),
                    &format!(
                        "name it under components.{section} and refer to it as `{expected}Name`"
                    ),
                );
                None
            }
        }
    }

    fn nearest(&self, section: &str, name: &str) -> String {
        // With so many faults, suggestions of similar names do not help.
        if self.diagnostics.len() > 100 {
            return String::new();
        }
        let names = self
            .root
            .at(&format!("/components/{section}"))
            .and_then(|section| section.as_map());
        let near = names
            .into_iter()
            .flat_map(|map| map.keys())
            .take(1_000)
            .find(|known| {
                known.eq_ignore_ascii_case(name) || crate::text::distance(known, name, 2).is_some()
            });
        near.map(|near| format!(" (there is `{near}`)"))
            .unwrap_or_default()
    }
}
