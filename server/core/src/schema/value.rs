//! Checks one value against its field's definition, and makes the normal form that is stored. All failures are
//! collected. A normal form is its own normal form.

use serde_json::{Map, Value};

use super::field::{Definition, Field, Kind};
use crate::{
    failure::{At, Failures},
    fold,
};

mod lines;
mod parts;
mod text;

pub use text::{is_e164, is_plain, nfc};

/// The greatest integer that JavaScript, JSON and D1 represent exactly.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;
/// Bounds that hold for every definition and keep rows and indexes small.
pub const MAX_TEXT: usize = 2_000;
pub const MAX_LONG_TEXT: usize = 100_000;
pub const MAX_ENTRIES: usize = 200;
pub const MAX_ENTRY: usize = 254;
pub const MAX_LINES: usize = 500;
/// The greatest number that an import may state for a counted field. Enough numbers beyond it stay free.
pub const MAX_NUMBER: i64 = 1_000_000_000_000_000;
/// The greatest length, in characters, of a text that the pattern may have to match.
pub fn most_characters(definition: &Definition) -> usize {
    let most = match definition.kind {
        Kind::Text | Kind::Url => MAX_TEXT,
        Kind::LongText => MAX_LONG_TEXT,
        // For a list, `max_length` bounds the number of entries, not their length.
        _ => return MAX_ENTRY,
    };
    definition.max_length.unwrap_or(most).min(most)
}

const FIRST_DAY: i64 = -719_528;
const LAST_DAY: i64 = 2_932_896;

/// The normal form of `value`, which must not be null. White space alone becomes an empty text, an address without a
/// text becomes null. None if a failure was added.
pub fn normalise(
    field: &Field,
    value: Value,
    at: &At<'_>,
    failures: &mut Failures,
) -> Option<Value> {
    let mut judge = Judge {
        field,
        failures,
        failed: false,
        form_alone: false,
    };
    let value = judge.value(value, at);
    if judge.failed { None } else { Some(value) }
}

/// The form in which a value of this field is stored, whatever the current definition allows. None if the kind does not
/// have such a value.
pub fn form(field: &Field, value: Value) -> Option<Value> {
    let mut failures = Failures::default();
    let mut judge = Judge {
        field,
        failures: &mut failures,
        failed: false,
        form_alone: true,
    };
    let value = judge.value(value, &At::Root(""));
    (!judge.failed).then_some(value)
}

struct Judge<'a> {
    field: &'a Field,
    failures: &'a mut Failures,
    failed: bool,
    /// Do not check what may change in a definition: options, bounds, lengths, the pattern.
    form_alone: bool,
}

impl Judge<'_> {
    fn fail(&mut self, at: &At<'_>, rule: &'static str, message: impl Into<String>) -> Value {
        self.failed = true;
        self.failures.add(at.pointer(), rule, message);
        Value::Null
    }

    fn label(&self) -> &str {
        &self.field.definition.label
    }

    fn value(&mut self, value: Value, at: &At<'_>) -> Value {
        let definition = &self.field.definition;
        match definition.kind {
            Kind::Text => self.text(value, at, MAX_TEXT, false),
            Kind::LongText => self.text(value, at, MAX_LONG_TEXT, true),
            Kind::Integer | Kind::AutoNumber if self.field.is_counted() => {
                self.integer(value, at, 0, MAX_NUMBER)
            }
            Kind::Integer | Kind::Decimal | Kind::AutoNumber | Kind::Datetime => {
                self.integer(value, at, -MAX_INTEGER, MAX_INTEGER)
            }
            Kind::Duration => self.integer(value, at, 0, MAX_INTEGER),
            Kind::Date => self.integer(value, at, FIRST_DAY, LAST_DAY),
            Kind::Rating => {
                let most = definition.max.unwrap_or(5);
                self.integer(value, at, 0, most)
            }
            Kind::Boolean => match value {
                Value::Bool(_) => value,
                other => self.wrong(at, "true or false", &other),
            },
            Kind::Select => match value {
                Value::String(text) => self.choice(text, at),
                other => self.wrong(at, "text", &other),
            },
            Kind::MultiSelect => self.entries(value, at, Self::choice),
            Kind::RelationList => self.entries(value, at, Self::id),
            Kind::FileList => self.entries(value, at, Self::nowhere),
            Kind::Relation | Kind::User => match value {
                Value::String(text) => self.id(text, at),
                other => self.wrong(at, "an id", &other),
            },
            Kind::Team => match value {
                Value::String(text) => self.nowhere(text, at),
                other => self.wrong(at, "an id", &other),
            },
            Kind::Money => {
                let value = self.money(value, at);
                if let Some(amount) = value.get("amount").and_then(Value::as_i64) {
                    self.bounds(amount, at);
                }
                value
            }
            Kind::Email => match value {
                Value::String(text) => self.email(&text, at),
                other => self.wrong(at, "text", &other),
            },
            Kind::Phone => match value {
                Value::String(text) => self.phone(&text, at),
                other => self.wrong(at, "text", &other),
            },
            Kind::Url => match value {
                Value::String(text) => self.url(text, at),
                other => self.wrong(at, "text", &other),
            },
            Kind::Address => self.address(value, at),
            Kind::Geo => self.geo(value, at),
            Kind::Lines => self.lines(value, at),
        }
    }

    fn wrong(&mut self, at: &At<'_>, expected: &str, got: &Value) -> Value {
        let got = match got {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let message = format!("{} takes {expected}, not {got}.", self.label());
        self.fail(at, "type", message)
    }

    fn bounds(&mut self, number: i64, at: &At<'_>) {
        if self.form_alone {
            return;
        }
        let definition = &self.field.definition;
        if let Some(min) = definition.min.filter(|min| number < *min) {
            let message = format!("{} is at least {min}.", self.label());
            self.fail(at, "min", message);
        }
        if let Some(max) = definition.max.filter(|max| number > *max) {
            let message = format!("{} is at most {max}.", self.label());
            self.fail(at, "max", message);
        }
    }

    fn integer(&mut self, value: Value, at: &At<'_>, least: i64, most: i64) -> Value {
        let Some(number) = as_integer(&value) else {
            return self.wrong(at, "an integer", &value);
        };
        if !self.form_alone && (number < least || number > most) {
            let message = format!("{} lies between {least} and {most}.", self.label());
            return self.fail(at, "range", message);
        }
        self.bounds(number, at);
        number.into()
    }

    fn id(&mut self, text: String, at: &At<'_>) -> Value {
        if crm_runtime::server::format::is_uuidv7(&text) {
            return Value::String(text);
        }
        let message = format!("{} takes an id: a UUIDv7, lower case.", self.label());
        self.fail(at, "id", message)
    }

    /// An id of a team or a file. A value must point to something that exists, and fields cannot point to these yet, so
    /// every id is refused.
    fn nowhere(&mut self, text: String, at: &At<'_>) -> Value {
        let (rule, what) = match self.field.kind() {
            Kind::Team => ("team", "team"),
            _ => ("file", "file"),
        };
        match self.id(text, at) {
            Value::String(id) if !self.form_alone => {
                let message = format!("{}: there is no {what} {id}.", self.label());
                self.fail(at, rule, message)
            }
            other => other,
        }
    }

    fn entries(
        &mut self,
        value: Value,
        at: &At<'_>,
        entry: fn(&mut Self, String, &At<'_>) -> Value,
    ) -> Value {
        let Value::Array(entries) = value else {
            return self.wrong(at, "a list", &value);
        };
        let definition = &self.field.definition;
        let most = definition
            .max_length
            .unwrap_or(MAX_ENTRIES)
            .min(MAX_ENTRIES);
        let least = definition.min_length.unwrap_or(0);
        if !self.form_alone && !(least..=most).contains(&entries.len()) {
            let rule = if entries.len() > most {
                "max_length"
            } else {
                "min_length"
            };
            let message = format!(
                "{} has {least} to {most} entries, not {}.",
                self.label(),
                entries.len()
            );
            return self.fail(at, rule, message);
        }
        let mut normal: Vec<Value> = Vec::with_capacity(entries.len());
        for (index, value) in entries.into_iter().enumerate() {
            let at = at.index(index);
            let value = match value {
                Value::String(text) => entry(self, text, &at),
                other => self.wrong(&at, "texts", &other),
            };
            // A list is an ordered set: duplicates are removed. Email addresses are duplicates if unique fields treat
            // them as equal.
            if !normal.iter().any(|other| is_same(other, &value)) {
                normal.push(value);
            }
        }
        Value::Array(normal)
    }

    fn no_more(&mut self, object: &Map<String, Value>, at: &At<'_>) {
        for name in object.keys() {
            let message = format!("{} has no property {name}.", self.label());
            self.fail(&at.name(name), "unknown_property", message);
        }
    }
}

/// Whether an earlier program stored `stored` where this one stores `normal`. It kept white space at the ends of texts,
/// and the case of domains in lists of email addresses.
pub fn is_written_as(field: &Field, stored: &Value, normal: &Value) -> bool {
    let keeps = matches!(
        field.kind(),
        Kind::Text | Kind::MultiSelect | Kind::Address | Kind::Lines
    );
    keeps && !normal.is_null() && form(field, stored.clone()).as_ref() == Some(normal)
}

/// Whether two entries of a list are duplicates. Email addresses are compared as unique fields do, others exactly.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) if fold::is_address(one) => {
            fold::exact(one) == fold::exact(other)
        }
        _ => one == other,
    }
}

/// The integer, also if it is written as `1.0`.
fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= MAX_INTEGER as f64).then_some(number as i64)
    })
}
