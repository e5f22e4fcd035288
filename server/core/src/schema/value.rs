//! The judgement of one value against its field's definition, and the normal form in which it is stored. Every failure
//! is collected; a normal form judged again is itself.

use serde_json::{Map, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{
    currency,
    failure::{At, Failures},
    field::{Field, Kind},
};

/// The largest integer that JavaScript, JSON and D1 agree on.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;
/// Bounds that hold whatever a definition says, so that rows and indexes stay small.
pub const MAX_TEXT: usize = 2_000;
pub const MAX_LONG_TEXT: usize = 100_000;
pub const MAX_ENTRIES: usize = 200;
pub const MAX_ENTRY: usize = 254;
pub const MAX_LINES: usize = 500;
const MAX_QUANTITY: i64 = 1_000_000_000_000;
const MAX_PPM: i64 = 1_000_000;
const FIRST_DAY: i64 = -719_528;
const LAST_DAY: i64 = 2_932_896;

/// The normal form of `value`, which is not null. None if a failure was added.
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
    };
    let value = judge.value(value, at);
    if judge.failed { None } else { Some(value) }
}

struct Judge<'a> {
    field: &'a Field,
    failures: &'a mut Failures,
    failed: bool,
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
            Kind::Integer | Kind::Decimal | Kind::AutoNumber => {
                self.integer(value, at, -MAX_INTEGER, MAX_INTEGER)
            }
            Kind::Datetime => self.integer(value, at, -MAX_INTEGER, MAX_INTEGER),
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
            Kind::RelationList | Kind::FileList => self.entries(value, at, Self::id),
            Kind::Relation | Kind::User | Kind::Team => match value {
                Value::String(text) => self.id(text, at),
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

    fn text(&mut self, value: Value, at: &At<'_>, most: usize, lines: bool) -> Value {
        let Value::String(text) = value else {
            return self.wrong(at, "text", &value);
        };
        let text = nfc(text);
        if text
            .chars()
            // The last code point is none of Unicode's characters; empty values sort by it.
            .any(|c| {
                c == char::MAX || c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))
            })
        {
            let message = format!(
                "{} takes no {}control characters.",
                self.label(),
                if lines { "" } else { "line breaks and other " }
            );
            return self.fail(at, "characters", message);
        }
        self.length(&text, at, most);
        self.pattern(&text, at);
        Value::String(text)
    }

    fn length(&mut self, text: &str, at: &At<'_>, most: usize) {
        let definition = &self.field.definition;
        let most = definition.max_length.unwrap_or(most).min(most);
        let least = definition.min_length.unwrap_or(0);
        // Bytes bound characters from above: only a long text is counted.
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

    fn pattern(&mut self, text: &str, at: &At<'_>) {
        if let Some(pattern) = &self.field.pattern
            && !pattern.is_match(text)
        {
            let written = self.field.definition.pattern.as_deref().unwrap_or_default();
            let message = format!("{} has to match {written}.", self.label());
            self.fail(at, "pattern", message);
        }
    }

    fn bounds(&mut self, number: i64, at: &At<'_>) {
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
        if number < least || number > most {
            let message = format!("{} lies between {least} and {most}.", self.label());
            return self.fail(at, "range", message);
        }
        self.bounds(number, at);
        number.into()
    }

    fn choice(&mut self, text: String, at: &At<'_>) -> Value {
        let options = &self.field.definition.options;
        if options.is_empty() {
            let text = nfc(text);
            let count = text.chars().count();
            if !(1..=MAX_ENTRY).contains(&count)
                || text.chars().any(|c| c == char::MAX || c.is_control())
            {
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

    fn id(&mut self, text: String, at: &At<'_>) -> Value {
        if crm_runtime::server::format::is_uuidv7(&text) {
            return Value::String(text);
        }
        let message = format!("{} takes an id: a UUIDv7, lower case.", self.label());
        self.fail(at, "id", message)
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
        if entries.len() > most || entries.len() < least {
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
            // A list is a set in the order given: what is said twice is there once.
            if !normal.contains(&value) {
                normal.push(value);
            }
        }
        Value::Array(normal)
    }

    fn money(&mut self, value: Value, at: &At<'_>) -> Value {
        let Value::Object(mut object) = value else {
            return self.wrong(at, "{amount, currency}", &value);
        };
        let amount = object.remove("amount").unwrap_or_default();
        let currency = object.remove("currency").unwrap_or_default();
        self.no_more(&object, at);
        let Some(amount) = as_integer(&amount) else {
            let at = at.name("amount");
            return self.wrong(&at, "an integer of minor units as amount", &amount);
        };
        let Some(currency) = currency.as_str().filter(|code| currency::is_known(code)) else {
            let message = format!(
                "{} needs an ISO 4217 code, such as GBP, as currency.",
                self.label()
            );
            return self.fail(&at.name("currency"), "currency", message);
        };
        if !(-MAX_INTEGER..=MAX_INTEGER).contains(&amount) {
            let message = format!("{} lies within ±{MAX_INTEGER}.", self.label());
            return self.fail(&at.name("amount"), "range", message);
        }
        serde_json::json!({"amount": amount, "currency": currency})
    }

    fn no_more(&mut self, object: &Map<String, Value>, at: &At<'_>) {
        for name in object.keys() {
            let message = format!("{} has no property {name}.", self.label());
            self.fail(&at.name(name), "unknown_property", message);
        }
    }

    fn email(&mut self, text: &str, at: &At<'_>) -> Value {
        let text = nfc(text.trim().to_owned());
        let normal = match text.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
            None => text,
        };
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

    fn phone(&mut self, text: &str, at: &At<'_>) -> Value {
        let normal: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'))
            .collect();
        let digits = normal.strip_prefix('+').unwrap_or_default();
        if !(7..=15).contains(&digits.len())
            || digits.starts_with('0')
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            let message = format!(
                "{} is a telephone number with its country code, such as +441632960147.",
                self.label()
            );
            return self.fail(at, "phone", message);
        }
        self.pattern(&normal, at);
        Value::String(normal)
    }

    fn url(&mut self, text: String, at: &At<'_>) -> Value {
        let trimmed = text.trim();
        let known = url::Url::parse(trimmed)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        if !known || trimmed.chars().any(|c| c.is_whitespace() || c.is_control()) {
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

    fn address(&mut self, value: Value, at: &At<'_>) -> Value {
        const PARTS: [(&str, usize); 6] = [
            ("line1", 200),
            ("line2", 200),
            ("city", 100),
            ("region", 100),
            ("postal_code", 20),
            ("country", 100),
        ];
        let Value::Object(mut object) = value else {
            return self.wrong(at, "an address", &value);
        };
        let mut normal = Map::new();
        for (name, most) in PARTS {
            match object.remove(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => {
                    let text = nfc(text);
                    if text.chars().count() > most || text.chars().any(char::is_control) {
                        let message = format!(
                            "The {name} of {} has at most {most} characters in one line.",
                            self.label()
                        );
                        self.fail(&at.name(name), "max_length", message);
                    }
                    normal.insert(name.to_owned(), Value::String(text));
                }
                Some(other) => {
                    self.wrong(&at.name(name), "text in each part", &other);
                }
            }
        }
        self.no_more(&object, at);
        if normal.is_empty() && !self.failed {
            let message = format!("{} has at least one part; null clears it.", self.label());
            return self.fail(at, "min_properties", message);
        }
        Value::Object(normal)
    }

    fn geo(&mut self, value: Value, at: &At<'_>) -> Value {
        let Value::Object(mut object) = value else {
            return self.wrong(at, "{latitude, longitude}", &value);
        };
        let mut normal = Map::new();
        for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
            let value = object.remove(name).unwrap_or_default();
            match value.as_f64().filter(|degrees| degrees.abs() <= most) {
                Some(degrees) => {
                    normal.insert(name.to_owned(), degrees.into());
                }
                None => {
                    let message = format!(
                        "The {name} of {} is a number of degrees within ±{most}.",
                        self.label()
                    );
                    self.fail(&at.name(name), "range", message);
                }
            }
        }
        self.no_more(&object, at);
        Value::Object(normal)
    }

    fn lines(&mut self, value: Value, at: &At<'_>) -> Value {
        let Value::Array(lines) = value else {
            return self.wrong(at, "a list of lines", &value);
        };
        let most = self
            .field
            .definition
            .max_length
            .unwrap_or(MAX_LINES)
            .min(MAX_LINES);
        if lines.len() > most {
            let message = format!(
                "{} has at most {most} lines, not {}.",
                self.label(),
                lines.len()
            );
            return self.fail(at, "max_length", message);
        }
        let lines = lines.into_iter().enumerate();
        Value::Array(
            lines
                .map(|(index, line)| self.line(line, &at.index(index)))
                .collect(),
        )
    }

    fn line(&mut self, line: Value, at: &At<'_>) -> Value {
        let Value::Object(mut line) = line else {
            return self.wrong(at, "objects as lines", &line);
        };
        let mut normal = Map::new();
        for (name, least, most, required) in
            [("description", 1, 1_000, true), ("unit", 0, 40, false)]
        {
            match line.remove(name) {
                None | Some(Value::Null) if !required => {}
                Some(Value::String(text)) if (least..=most).contains(&text.chars().count()) => {
                    normal.insert(name.to_owned(), Value::String(nfc(text)));
                }
                _ => {
                    let message =
                        format!("The {name} of a line is a text of {least} to {most} characters.");
                    self.fail(&at.name(name), name_rule(required), message);
                }
            }
        }
        for (name, most, required) in [
            ("quantity", MAX_QUANTITY, true),
            ("tax_ppm", MAX_PPM, false),
        ] {
            match line.remove(name) {
                None | Some(Value::Null) if !required => {}
                value => match value
                    .as_ref()
                    .and_then(as_integer)
                    .filter(|n| (0..=most).contains(n))
                {
                    Some(number) => {
                        normal.insert(name.to_owned(), number.into());
                    }
                    None => {
                        let message =
                            format!("The {name} of a line is an integer from 0 to {most}.");
                        self.fail(&at.name(name), "range", message);
                    }
                },
            }
        }
        for (name, required) in [("unit_price", true), ("discount", false)] {
            match line.remove(name) {
                None | Some(Value::Null) if !required => {}
                value => {
                    let money = self.money(value.unwrap_or_default(), &at.name(name));
                    normal.insert(name.to_owned(), money);
                }
            }
        }
        for name in ["price_item", "tax_rate"] {
            match line.remove(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(id)) => {
                    let id = self.id(id, &at.name(name));
                    normal.insert(name.to_owned(), id);
                }
                Some(other) => {
                    self.wrong(&at.name(name), "an id here", &other);
                }
            }
        }
        self.no_more(&line, at);
        Value::Object(normal)
    }
}

fn name_rule(required: bool) -> &'static str {
    if required { "required" } else { "max_length" }
}

/// An integer, however it is written (`1.0` is one).
fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= MAX_INTEGER as f64).then_some(number as i64)
    })
}

/// Texts that look the same are stored the same: Unicode normal form C.
pub fn nfc(text: String) -> String {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text
    } else {
        text.nfc().collect()
    }
}
