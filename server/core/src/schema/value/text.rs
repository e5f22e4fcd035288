//! Text values: their characters, lengths and patterns, and the forms of email addresses, telephone numbers and links.

use serde_json::Value;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Judge, MAX_ENTRY, MAX_TEXT};
use crate::{
    failure::At,
    fold,
    schema::{Kind, pattern::Verdict},
};

/// The greatest length, in characters, of a pattern in a failure's message. The definition has the whole pattern.
const MOST_SHOWN: usize = 100;

impl Judge<'_> {
    pub(super) fn text(&mut self, value: Value, at: &At<'_>, most: usize, lines: bool) -> Value {
        let Value::String(text) = value else {
            return self.wrong(at, "text", &value);
        };
        let text = nfc(text);
        if !is_plain(&text, lines) {
            let message = format!(
                "{} takes no {}control characters.",
                self.label(),
                if lines { "" } else { "line breaks and other " }
            );
            return self.fail(at, "characters", message);
        }
        // White space alone counts as an empty field.
        if text.trim().is_empty() {
            return Value::String(String::new());
        }
        let text = match lines {
            true => text,
            false => trimmed(text),
        };
        self.length(&text, at, most);
        self.pattern(&text, at);
        Value::String(text)
    }

    pub(super) fn length(&mut self, text: &str, at: &At<'_>, most: usize) {
        if self.form_alone {
            return;
        }
        let definition = &self.field.definition;
        let most = definition.max_length.unwrap_or(most).min(most);
        let least = definition.min_length.unwrap_or(0);
        // The number of bytes bounds the number of characters, so only long texts are counted.
        let count = if text.len() <= most && text.len() >= least * 4 {
            return;
        } else {
            text.chars().count()
        };
        if count > most {
            let message = format!(
                "{} has at most {most} characters, not {count}.",
                self.label()
            );
            self.fail(at, "max_length", message);
        }
        if count < least {
            let message = format!(
                "{} has at least {least} characters, not {count}.",
                self.label()
            );
            self.fail(at, "min_length", message);
        }
    }

    pub(super) fn pattern(&mut self, text: &str, at: &At<'_>) {
        let Some(pattern) = self.field.pattern.as_ref().filter(|_| !self.form_alone) else {
            return;
        };
        let label = self.label();
        let (rule, message) = match pattern.judge(text, self.failures.allowance()) {
            Verdict::Matches => return,
            Verdict::Differs => {
                let written = self.field.definition.pattern.as_deref().unwrap_or_default();
                let shown: String = written.chars().take(MOST_SHOWN).collect();
                let more = if shown.len() < written.len() {
                    "..."
                } else {
                    ""
                };
                ("pattern", format!("{label} has to match {shown}{more}."))
            }
            Verdict::TooDear => (
                "effort",
                format!(
                    "To match texts of this size against the pattern of {label} is more work than one request may ask for. Send fewer or shorter texts at once."
                ),
            ),
            Verdict::Unusable => (
                "pattern",
                format!(
                    "The pattern of {label} is no regular expression that can be used. Correct its definition."
                ),
            ),
        };
        self.fail(at, rule, message);
    }

    pub(super) fn choice(&mut self, text: String, at: &At<'_>) -> Value {
        let options = &self.field.definition.options;
        if options.is_empty() || self.form_alone {
            let text = nfc(text);
            let is_plain = is_plain(&text, false);
            let text = trimmed(text);
            let text = match fold::is_address(&text) {
                true => address(&text),
                false => text,
            };
            let count = text.chars().count();
            if !self.form_alone && (!is_plain || !(1..=MAX_ENTRY).contains(&count)) {
                let message = format!(
                    "An entry of {} has 1 to {MAX_ENTRY} characters and no line breaks.",
                    self.label()
                );
                return self.fail(at, "length", message);
            }
            self.pattern(&text, at);
            return Value::String(text);
        }
        if options.iter().any(|option| option.value == text) {
            return Value::String(text);
        }
        let text = trimmed(text);
        if self.field.kind() == Kind::Select && text.is_empty() {
            return Value::String(text);
        }
        if options.iter().any(|option| option.value == text) {
            return Value::String(text);
        }
        let known: Vec<&str> = options
            .iter()
            .take(20)
            .map(|option| option.value.as_str())
            .collect();
        let more = if options.len() > known.len() {
            ", ..."
        } else {
            ""
        };
        let message = format!("{} is one of {}{more}.", self.label(), known.join(", "));
        self.fail(at, "options", message)
    }

    pub(super) fn email(&mut self, text: &str, at: &At<'_>) -> Value {
        let normal = address(text);
        if normal.is_empty() || self.form_alone {
            return Value::String(normal);
        }
        if !crm_runtime::server::format::is_email(&normal) {
            let message = format!(
                "{} is an email address, such as name@example.com.",
                self.label()
            );
            return self.fail(at, "email", message);
        }
        self.length(&normal, at, 254);
        self.pattern(&normal, at);
        Value::String(normal)
    }

    pub(super) fn phone(&mut self, text: &str, at: &At<'_>) -> Value {
        let normal: String = text
            .trim()
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'))
            .collect();
        if text.trim().is_empty() || self.form_alone {
            return Value::String(normal);
        }
        if !is_e164(&normal) {
            let message = format!(
                "{} is a telephone number with its country code, such as +441632960147.",
                self.label()
            );
            return self.fail(at, "phone", message);
        }
        self.pattern(&normal, at);
        Value::String(normal)
    }

    pub(super) fn url(&mut self, text: String, at: &At<'_>) -> Value {
        let trimmed = text.trim();
        if trimmed.is_empty() || self.form_alone {
            return Value::String(trimmed.to_owned());
        }
        let known = url::Url::parse(trimmed)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        if !known || trimmed.contains(char::is_whitespace) || !is_plain(trimmed, false) {
            let message = format!(
                "{} is a web address that begins with https:// or http://.",
                self.label()
            );
            return self.fail(at, "url", message);
        }
        let text = trimmed.to_owned();
        self.length(&text, at, MAX_TEXT);
        self.pattern(&text, at);
        Value::String(text)
    }
}

/// Whether a value can hold this text: no control characters, and not the last code point, which is the sort key of
/// empty values. `lines`: whether line breaks and tabs are allowed.
pub fn is_plain(text: &str, lines: bool) -> bool {
    crm_runtime::server::check::is_plain(text, lines) && !text.contains(char::MAX)
}

/// The stored form of an email address: its domain in lower case.
pub fn address(text: &str) -> String {
    let text = nfc(text.trim().to_owned());
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text,
    }
}

/// Removes white space at the ends.
pub fn trimmed(text: String) -> String {
    match text.trim() {
        trimmed if trimmed.len() == text.len() => text,
        trimmed => trimmed.to_owned(),
    }
}

/// Unicode normal form C, so that texts that look the same are stored the same.
pub fn nfc(text: String) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text
    } else {
        text.nfc().collect()
    }
}

/// A telephone number with its country code: a plus sign and 7 to 15 digits, the first not zero.
pub fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}
