//! The registry of error codes, and the codes of an operation.

use indexmap::IndexMap;

use super::Reader;
use super::place::Place;
use crate::document::{Applies, ErrorCode};

impl<'a> Reader<'a> {
    /// The root's `x-error-codes`.
    pub(super) fn codes(&mut self, root: &Place<'a>) -> IndexMap<String, ErrorCode> {
        let Some(registry) = root.child("x-error-codes") else {
            return IndexMap::new();
        };
        let mut codes = IndexMap::new();
        for (code, place) in self.members(&registry) {
            if let Some(entry) = self.code(&code, &place) {
                codes.insert(code, entry);
            }
        }
        codes
    }

    fn code(&mut self, code: &str, place: &Place<'a>) -> Option<ErrorCode> {
        self.map(place)?;
        let shaped = code.starts_with(|c: char| c.is_ascii_uppercase())
            && code
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            && !code.ends_with('_')
            && !code.contains("__");
        if !shaped {
            let message = format!(
                "`{code}` is not an error code: these are UPPER_CASE words joined by single underscores"
            );
            self.report_at("error-code-form", place, message, "rename it");
        }
        for (key, child) in self.members(place) {
            if !["status", "applies", "description", "mend", "context"].contains(&key.as_str()) {
                let message = format!("an error code has no `{key}`; it would be ignored");
                self.report_at(
                    "unknown-field",
                    &child,
                    message,
                    "possible here: status, applies, description, mend, context",
                );
            }
        }
        let status = self
            .required(place, "status")
            .and(self.count(place, "status"));
        let status = status.and_then(|status| {
            let valid = (400..600).contains(&status);
            if !valid {
                let at = place.child("status").unwrap_or_else(|| place.clone());
                self.report_at(
                    "error-code-status",
                    &at,
                    format!("{status} is not a status of an error"),
                    "use 400 to 599",
                );
            }
            u16::try_from(status).ok().filter(|_| valid)
        });
        let applies = match self.text(place, "applies") {
            None => Applies::Own,
            Some(text) => Applies::parse(&text).unwrap_or_else(|| {
                let at = place.child("applies").unwrap_or_else(|| place.clone());
                let all = Applies::ALL.map(Applies::name).join(", ");
                self.report_at(
                    "error-code-applies",
                    &at,
                    format!("`{text}` says not where the code applies"),
                    &format!("one of: {all}"),
                );
                Applies::Own
            }),
        };
        let context = match place.child("context") {
            None => IndexMap::new(),
            Some(context) => self
                .all_members(&context)
                .into_iter()
                .filter_map(|(name, description)| Some((name, self.text_of(&description)?)))
                .collect(),
        };
        Some(ErrorCode {
            code: code.to_owned(),
            status: status?,
            applies,
            description: self.required_text(place, "description").unwrap_or_default(),
            mend: self.text(place, "mend"),
            context,
            at: self.at(place),
        })
    }

    /// The codes that an operation lists, without those that it cannot or need not list.
    pub(super) fn own_codes(
        &mut self,
        operation: &Place<'a>,
        codes: &IndexMap<String, ErrorCode>,
    ) -> Vec<String> {
        let listed = self.texts(operation, "x-error-codes");
        let Some(place) = operation.child("x-error-codes") else {
            return Vec::new();
        };
        let mut own = Vec::new();
        for code in listed {
            match codes.get(&code).map(|entry| entry.applies) {
                Some(Applies::Own) => own.push(code),
                Some(applies) => {
                    let message = format!(
                        "`{code}` applies to `{}` operations by itself and is not listed",
                        applies.name()
                    );
                    self.report_at(
                        "error-code-implied",
                        &place,
                        message,
                        "remove it from this list",
                    );
                }
                None => {
                    let near = codes
                        .keys()
                        .find(|known| crate::text::distance(known, &code, 2).is_some());
                    let near = near
                        .map(|near| format!(" (there is `{near}`)"))
                        .unwrap_or_default();
                    let message = format!("no error code is called `{code}`{near}");
                    self.report_at(
                        "error-code-unknown",
                        &place,
                        message,
                        "add it to x-error-codes at the root, or use one that is there",
                    );
                }
            }
        }
        own
    }
}

/// All codes of an operation: its own, then the implied ones in the registry's order.
pub(super) fn all_codes(
    own: &[String],
    codes: &IndexMap<String, ErrorCode>,
    authenticated: bool,
    write: bool,
    body: bool,
) -> Vec<String> {
    let implied = codes.values().filter(|code| match code.applies {
        Applies::Every => true,
        Applies::Authenticated => authenticated,
        Applies::Write => write,
        Applies::Body => body,
        Applies::Own | Applies::Router => false,
    });
    own.iter()
        .cloned()
        .chain(implied.map(|code| code.code.clone()))
        .collect()
}
