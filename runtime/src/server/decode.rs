//! Decodes requests to typed values: parameters by name and shape, bodies as JSON. Generated code checks every value
//! before it is read into its type. Every failure is collected, so that one answer lists all.

use std::borrow::Cow;

use axum::extract::RawPathParams;
use bytes::Bytes;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    deprecation::{Deprecation, UsedDeprecations},
    form,
    invalid::{At, Report},
    operation::Operation,
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

/// A parameter as data. Operations that share a parameter share its static.
#[derive(Debug)]
pub struct Parameter {
    pub source: Source,
    pub name: &'static str,
    pub shape: Shape,
    pub check: Check,
    /// Whether a request must have it.
    pub required: bool,
    /// The value of a request that leaves it out, as JSON.
    pub default: Option<&'static str>,
    pub deprecation: Option<&'static Deprecation>,
}

impl Parameter {
    /// An optional parameter.
    pub const fn new(source: Source, name: &'static str, shape: Shape, check: Check) -> Self {
        Self {
            source,
            name,
            shape,
            check,
            required: false,
            default: None,
            deprecation: None,
        }
    }

    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// `default` is JSON.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    #[must_use]
    pub const fn deprecated(self, deprecation: &'static Deprecation) -> Self {
        Self {
            deprecation: Some(deprecation),
            ..self
        }
    }
}

/// How the body of an operation is read.
#[derive(Debug)]
pub enum Body {
    /// No body, or raw bytes.
    Unread,
    Json(Check),
    /// JSON, or no bytes.
    OptionalJson(Check),
    Form(&'static Form, Check),
    /// A form, or no bytes.
    OptionalForm(&'static Form, Check),
}

/// A generated function that reads the request of an operation.
pub type Reader<T> = fn(&mut Asked<'_>) -> Result<T, Problem<GateCode>>;

/// The parameters and the body of one request. First all of them are checked, then each value is taken as its type.
#[derive(Debug)]
pub struct Asked<'r> {
    head: &'r Parts,
    /// The values of the path's parameters, in the order of the template.
    path: Vec<(&'static str, &'r str)>,
    query: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    bytes: &'r Bytes,
    /// The values that passed their checks.
    values: Vec<(&'static Parameter, Value)>,
    body: Option<Value>,
    report: Report,
}

impl<'r> Asked<'r> {
    /// The path's parameters get the names of the operation's template by their order, since the router uses its own names.
    pub fn new(
        operation: &Operation,
        head: &'r Parts,
        path: &'r RawPathParams,
        bytes: &'r Bytes,
    ) -> Self {
        let values = path.iter().map(|(_, value)| value);
        Self {
            head,
            path: operation.path_parameters().zip(values).collect(),
            query: Vec::new(),
            bytes,
            values: Vec::new(),
            body: None,
            report: Report::new(),
        }
    }

    /// Checks the parameters and the body. A query parameter that is not among `parameters` is a failure. The error lists all
    /// failures, or says that the body is not JSON at all.
    pub fn check(
        &mut self,
        parameters: &[&'static Parameter],
        body: Body,
    ) -> Result<(), Problem<GateCode>> {
        self.split(parameters);
        for parameter in parameters {
            self.parameter(parameter);
        }
        match body {
            Body::Unread => {}
            Body::Json(check) => self.json(check, true)?,
            Body::OptionalJson(check) => self.json(check, false)?,
            Body::Form(form, check) => self.form(form, check),
            Body::OptionalForm(form, check) if !self.bytes.is_empty() => self.form(form, check),
            Body::OptionalForm(..) => {}
        }
        self.sound()
    }

    /// The value of a required parameter, or of one with a default.
    pub fn required<T: DeserializeOwned>(
        &mut self,
        parameter: &'static Parameter,
    ) -> Result<T, Problem<GateCode>> {
        let default = || serde_json::from_str(parameter.default?).ok();
        self.optional(parameter)?.or_else(default).ok_or_else(lost)
    }

    /// The value of an optional parameter.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        parameter: &'static Parameter,
    ) -> Result<Option<T>, Problem<GateCode>> {
        let is_it = |(known, _): &(&Parameter, Value)| std::ptr::eq(*known, parameter);
        let Some(place) = self.values.iter().position(is_it) else {
            return Ok(None);
        };
        let (_, value) = self.values.swap_remove(place);
        let root = at(parameter.source);
        self.typed(value, &root.name(parameter.name)).map(Some)
    }

    /// The value of a required body.
    pub fn body<T: DeserializeOwned>(&mut self) -> Result<T, Problem<GateCode>> {
        self.optional_body()?.ok_or_else(lost)
    }

    /// The value of an optional body.
    pub fn optional_body<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Problem<GateCode>> {
        match self.body.take() {
            Some(value) => self.typed(value, &At::BODY).map(Some),
            None => Ok(None),
        }
    }

    /// The raw bytes of the body.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The deprecated things that were used.
    pub fn used(&mut self) -> UsedDeprecations {
        self.report.used()
    }

    /// Splits the query, and reports unknown and undecodable parameters.
    fn split(&mut self, parameters: &[&'static Parameter]) {
        let known = |name: &str| {
            let is_it = |known: &&&Parameter| known.source == Source::Query && known.name == name;
            parameters.iter().find(is_it).is_some()
        };
        let text = self.head.uri.query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let at = At::QUERY.name(&name);
            if !known(&name) {
                self.report.add(
                    &at,
                    "unknown_parameter",
                    "The operation has no such query parameter.",
                );
            } else if !is_sound(&value, text) {
                self.report.add(
                    &at,
                    "encoding",
                    "Must be percent-encoded UTF-8 without NUL.",
                );
            } else {
                self.query.push((name, value));
            }
        }
        for (name, value) in &self.path {
            if value.contains('\0') {
                self.report
                    .add(&At::PATH.name(name), "encoding", "Must not hold NUL.");
            }
        }
    }

    fn parameter(&mut self, parameter: &'static Parameter) {
        let root = at(parameter.source);
        let at = root.name(parameter.name);
        let before = self.report.found();
        let texts = self.texts(parameter.source, parameter.name);
        let Some((first, rest)) = texts.split_first() else {
            // A value that could not be read was reported when it was read.
            if parameter.required && parameter.default.is_none() && self.report.found() == before {
                self.report.add(&at, "required", "Is missing.");
            }
            return;
        };
        if let Some(deprecation) = parameter.deprecation {
            self.report.uses(deprecation);
        }
        let value = match parameter.shape {
            Shape::Repeated(scalar) if parameter.source == Source::Query => list(
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
        let Some(value) = value else { return };
        if self.judge(&value, &at, parameter.check) {
            self.values.push((parameter, value));
        }
    }

    /// Reads the body as JSON. An error if it is not JSON at all.
    fn json(&mut self, check: Check, required: bool) -> Result<(), Problem<GateCode>> {
        if self.bytes.is_empty() {
            if required {
                self.report.add(&At::BODY, "required", "Is missing.");
            }
            return Ok(());
        }
        let value = json::parse(self.bytes).map_err(|malformed| {
            Problem::new(
                GateCode::MALFORMED_JSON,
                format!("The body cannot be read as JSON: {malformed}."),
            )
            .with("reason", malformed.reason)
            .with("pointer", malformed.pointer)
            .with("line", malformed.line)
            .with("column", malformed.column)
        })?;
        if self.judge(&value, &At::BODY, check) {
            self.body = Some(value);
        }
        Ok(())
    }

    fn form(&mut self, form: &Form, check: Check) {
        let before = self.report.found();
        let value = form::read(self.bytes, form, &mut self.report);
        let unread = self.report.found() > before;
        // Report the other failures too.
        if self.judge(&value, &At::BODY, check) && !unread {
            self.body = Some(value);
        }
    }

    /// Whether a value passes its check.
    fn judge(&mut self, value: &Value, at: &At<'_>, check: Check) -> bool {
        let before = self.report.found();
        check(value, at, &mut self.report);
        self.report.found() == before
    }

    fn typed<T: DeserializeOwned>(
        &mut self,
        value: Value,
        at: &At<'_>,
    ) -> Result<T, Problem<GateCode>> {
        serde_json::from_value(value).map_err(|error| self.misfit(at, &error))
    }

    /// The problem for a value that passed its check and does not fit its type.
    fn misfit(&mut self, at: &At<'_>, error: &serde_json::Error) -> Problem<GateCode> {
        let message = format!("Does not have the documented form: {error}.");
        self.report.add(at, "type", message);
        self.report.problem()
    }

    fn sound(&mut self) -> Result<(), Problem<GateCode>> {
        match self.report.is_clean() {
            true => Ok(()),
            false => Err(self.report.problem()),
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

/// The problem for a value that passed all checks and is missing all the same: the default of its parameter does not fit its
/// type.
fn lost() -> Problem<GateCode> {
    Problem::new(
        GateCode::INTERNAL,
        "A default of the contract does not fit its parameter.",
    )
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
