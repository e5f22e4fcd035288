//! Decodes requests to typed values: parameters by name and shape, bodies as JSON. Generated code checks every value
//! before it is read into its type. Every failure is collected, so that one answer lists all.

use std::borrow::Cow;

use axum::extract::RawPathParams;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    deprecation::{Deprecation, UsedDeprecations},
    form,
    invalid::{At, Report},
    problem::{GateCode, Problem},
};
pub use crate::form::Scalar;
use crate::{form::Form, json};

/// The location of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Path,
    Query,
    Header,
}

/// How the text of a parameter becomes a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One(Scalar),
    /// `k=a&k=b`; in headers a list with commas.
    Repeated(Scalar),
    /// `k=a,b`.
    Joined(Scalar),
    /// JSON text.
    Json,
}

/// A check of generated code: reports the failures of a value.
pub type Check = fn(&Value, &At<'_>, &mut Report);

/// The parameters of one request, and their failures.
#[derive(Debug)]
pub struct Parameters<'r> {
    head: &'r Parts,
    /// The values of the path's parameters, in the order of the template.
    path: Vec<(&'static str, &'r str)>,
    query: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    report: Report,
}

impl<'r> Parameters<'r> {
    /// Parses a request. The path's parameters get the names of `in_path` by their order, since the router uses its own
    /// names. A query parameter that is not in `in_query` is a failure.
    pub fn new(
        head: &'r Parts,
        path: &'r RawPathParams,
        in_path: &[&'static str],
        in_query: &[&str],
    ) -> Self {
        let mut report = Report::new();
        let text = head.uri.query().unwrap_or_default();
        let mut query = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let at = At::QUERY.name(&name);
            if !in_query.contains(&&*name) {
                report.add(
                    &at,
                    "unknown_parameter",
                    "The operation has no such query parameter.",
                );
            } else if !is_sound(&value, text) {
                report.add(
                    &at,
                    "encoding",
                    "Must be percent-encoded UTF-8 without NUL.",
                );
            } else {
                query.push((name, value));
            }
        }
        let values = path.iter().map(|(_, value)| value);
        let path: Vec<_> = in_path.iter().copied().zip(values).collect();
        for (name, value) in &path {
            if value.contains('\0') {
                report.add(&At::PATH.name(name), "encoding", "Must not hold NUL.");
            }
        }
        Self {
            head,
            path,
            query,
            report,
        }
    }

    /// A required parameter.
    pub fn required<T: DeserializeOwned>(
        &mut self,
        source: Source,
        name: &str,
        shape: Shape,
        check: Check,
    ) -> Option<T> {
        let found = self.optional(source, name, shape, check);
        if found.is_none() {
            let before = self.report.found();
            let missing = self.texts(source, name).is_empty();
            // A value that could not be read was reported when it was read.
            if missing && self.report.found() == before {
                self.report
                    .add(&at(source).name(name), "required", "Is missing.");
            }
        }
        found
    }

    /// An optional parameter.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        source: Source,
        name: &str,
        shape: Shape,
        check: Check,
    ) -> Option<T> {
        let root = at(source);
        let at = root.name(name);
        let texts = self.texts(source, name);
        let (first, rest) = texts.split_first()?;
        let value = match shape {
            Shape::Repeated(scalar) if source == Source::Query => list(
                texts.iter().map(|text| &**text),
                scalar,
                &at,
                &mut self.report,
            ),
            _ if !rest.is_empty() => {
                self.report.add(&at, "repeated", "Must be given once.");
                None
            }
            Shape::Repeated(scalar) | Shape::Joined(scalar) => {
                let items = first
                    .split(',')
                    .map(str::trim)
                    .filter(|_| !first.is_empty());
                list(items, scalar, &at, &mut self.report)
            }
            Shape::One(scalar) => one(first, scalar, &at, &mut self.report),
            Shape::Json => match json::parse(first.as_bytes()) {
                Ok(value) => Some(value),
                Err(malformed) => {
                    self.report
                        .add(&at, "json", format!("Is not JSON: {malformed}."));
                    None
                }
            },
        };
        self.typed(value?, &at, check)
    }

    /// An optional parameter, or its default, which is given as JSON.
    pub fn defaulted<T: DeserializeOwned>(
        &mut self,
        source: Source,
        name: &str,
        shape: Shape,
        check: Check,
        default: &str,
    ) -> Option<T> {
        if self.texts(source, name).is_empty() {
            return serde_json::from_str(default).ok();
        }
        self.optional(source, name, shape, check)
    }

    /// The JSON body. An error if it is not JSON at all.
    pub fn body<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        check: Check,
    ) -> Result<Option<T>, Problem<GateCode>> {
        if bytes.is_empty() {
            self.report.add(&At::BODY, "required", "Is missing.");
            return Ok(None);
        }
        self.optional_body(bytes, check)
    }

    /// The JSON body; None if there are no bytes.
    pub fn optional_body<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        check: Check,
    ) -> Result<Option<T>, Problem<GateCode>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let value = json::parse(bytes).map_err(|malformed| {
            Problem::new(
                GateCode::MALFORMED_JSON,
                format!("The body cannot be read as JSON: {malformed}."),
            )
            .with("reason", malformed.reason)
            .with("pointer", malformed.pointer)
            .with("line", malformed.line)
            .with("column", malformed.column)
        })?;
        Ok(self.typed(value, &At::BODY, check))
    }

    /// The body as a form.
    pub fn form<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        form: &Form,
        check: Check,
    ) -> Option<T> {
        let before = self.report.found();
        let value = form::read(bytes, form, &mut self.report);
        let unread = self.report.found() > before;
        // Report the other failures too.
        self.typed(value, &At::BODY, check).filter(|_| !unread)
    }

    /// The body as a form; None if there are no bytes.
    pub fn optional_form<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        form: &Form,
        check: Check,
    ) -> Option<T> {
        if bytes.is_empty() {
            return None;
        }
        self.form(bytes, form, check)
    }

    /// The problem for a value that passed all checks and is missing all the same: the default of its parameter does
    /// not fit its type.
    pub fn lost() -> Problem<GateCode> {
        Problem::new(
            GateCode::INTERNAL,
            "A default of the contract does not fit its parameter.",
        )
    }

    /// Records the use of a deprecated parameter, if the request has it.
    pub fn deprecated(&mut self, source: Source, name: &str, deprecation: &'static Deprecation) {
        if !self.texts(source, name).is_empty() {
            self.report.uses(deprecation);
        }
    }

    /// Ends the reading: returns the used deprecated things, and the problem that lists all failures.
    pub fn finish(mut self) -> (UsedDeprecations, Result<(), Problem<GateCode>>) {
        let used = self.report.used();
        match self.report.is_clean() {
            true => (used, Ok(())),
            false => (used, Err(self.report.problem())),
        }
    }

    /// Ends the reading at a body that is not JSON at all.
    pub fn used(mut self) -> UsedDeprecations {
        self.report.used()
    }

    fn typed<T: DeserializeOwned>(&mut self, value: Value, at: &At<'_>, check: Check) -> Option<T> {
        let before = self.report.found();
        check(&value, at, &mut self.report);
        if self.report.found() > before {
            return None;
        }
        match serde_json::from_value(value) {
            Ok(typed) => Some(typed),
            Err(error) => {
                self.report.add(
                    at,
                    "type",
                    format!("Does not have the documented form: {error}."),
                );
                None
            }
        }
    }

    fn texts(&mut self, source: Source, name: &str) -> Vec<Cow<'r, str>> {
        match source {
            Source::Path => {
                let of_name = self.path.iter().filter(|(key, _)| *key == name);
                of_name.map(|(_, value)| Cow::Borrowed(*value)).collect()
            }
            Source::Query => {
                let of_name = self.query.iter().filter(|(key, _)| key == name);
                of_name.map(|(_, value)| value.clone()).collect()
            }
            Source::Header => {
                let mut texts = Vec::new();
                for value in self.head.headers.get_all(name) {
                    match std::str::from_utf8(value.as_bytes()) {
                        Ok(text) => texts.push(Cow::Borrowed(text)),
                        Err(_) => {
                            self.report
                                .add(&At::HEADER.name(name), "encoding", "Must be UTF-8.")
                        }
                    }
                }
                texts
            }
        }
    }
}

const fn at(source: Source) -> At<'static> {
    match source {
        Source::Path => At::PATH,
        Source::Query => At::QUERY,
        Source::Header => At::HEADER,
    }
}

/// Whether a decoded text was valid UTF-8: the decoder writes U+FFFD for invalid bytes, so a valid text has none,
/// unless the caller wrote it.
pub(super) fn is_sound(value: &str, query: &str) -> bool {
    let replaced = value.contains('\u{fffd}') && !query.to_ascii_uppercase().contains("%EF%BF%BD");
    !replaced && !value.contains('\0')
}

fn list<'t>(
    texts: impl Iterator<Item = &'t str>,
    scalar: Scalar,
    at: &At<'_>,
    report: &mut Report,
) -> Option<Value> {
    let mut items = Vec::new();
    let mut whole = true;
    for (index, text) in texts.enumerate() {
        match one(text, scalar, &at.index(index), report) {
            Some(item) => items.push(item),
            None => whole = false,
        }
    }
    whole.then_some(Value::Array(items))
}

fn one(text: &str, scalar: Scalar, at: &At<'_>, report: &mut Report) -> Option<Value> {
    let value = value(text, scalar);
    if value.is_none() {
        let kind = match scalar {
            Scalar::Text => "text",
            Scalar::Integer => "an integer",
            Scalar::Number => "a number",
            Scalar::Boolean => "true or false",
        };
        report.add(at, "type", format!("Must be {kind}."));
    }
    value
}

fn value(text: &str, scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::Text => Some(Value::String(text.to_owned())),
        Scalar::Integer => integer(text).map(Value::from),
        Scalar::Number => number(text),
        Scalar::Boolean => boolean(text).map(Value::from),
    }
}

/// A value of this kind, or the text itself if it is not of this kind.
pub(super) fn parse(text: &str, scalar: Scalar) -> Value {
    value(text, scalar).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Digits with an optional minus, within ±(2^53 - 1).
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number: &i64| number.abs() <= json::MAX_INTEGER)
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<Value> {
    json::parse(text.as_bytes()).ok().filter(Value::is_number)
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
