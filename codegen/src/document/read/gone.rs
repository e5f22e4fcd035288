//! The root's `x-gone`: the operations that were removed.

use super::Reader;
use super::place::Place;
use crate::document::{Deprecation, Gone, Method};

const KNOWN: [&str; 6] = [
    "method",
    "path",
    "operation",
    "deprecated_at",
    "sunset",
    "replacement",
];

impl<'a> Reader<'a> {
    pub(super) fn gone(&mut self, root: &Place<'a>) -> Vec<Gone> {
        let entries = self.list(root, "x-gone");
        entries
            .iter()
            .filter_map(|place| self.gone_operation(place))
            .collect()
    }

    fn gone_operation(&mut self, place: &Place<'a>) -> Option<Gone> {
        for (key, child) in self.members(place) {
            if !KNOWN.contains(&key.as_str()) {
                self.report_at(
                    "unknown-field",
                    &child,
                    format!("an entry of x-gone has no `{key}`; it would be ignored"),
                    "possible here: method, path, operation, deprecated_at, sunset, replacement",
                );
            }
        }
        let method = self.required_text(place, "method").and_then(|text| {
            let method = Method::parse(&text.to_ascii_lowercase());
            if method.is_none() {
                let at = place.child("method").unwrap_or_else(|| place.clone());
                self.report_at(
                    "gone-entry",
                    &at,
                    format!("`{text}` is not a method"),
                    "write it as get, post, put, patch or delete",
                );
            }
            method
        });
        let path = self.required_text(place, "path").and_then(|path| {
            let rooted = path.starts_with('/');
            if !rooted {
                let at = place.child("path").unwrap_or_else(|| place.clone());
                self.report_at(
                    "gone-entry",
                    &at,
                    format!("the path `{path}` does not begin with `/`"),
                    "write it as it stood under `paths`",
                );
            }
            rooted.then_some(path)
        });
        let operation = self.required_text(place, "operation");
        for key in ["deprecated_at", "sunset"] {
            self.required(place, key);
        }
        let deprecation = Deprecation {
            deprecated_at: self.date(place, "deprecated_at"),
            sunset: self.date(place, "sunset"),
            replacement: self.text(place, "replacement"),
        };
        Some(Gone {
            method: method?,
            path: path?,
            operation: operation?,
            deprecation,
            at: self.at(place),
        })
    }
}
