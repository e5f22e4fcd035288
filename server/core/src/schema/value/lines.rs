//! The lines of a document: description, quantity, price, and optional properties.

use serde_json::{Map, Value};

use super::{
    Judge, MAX_LINES, as_integer,
    text::{is_plain, nfc, trimmed},
};
use crate::failure::At;

/// Thousandths.
const MAX_QUANTITY: i64 = 1_000_000_000_000;
const MAX_PPM: i64 = 1_000_000;

impl Judge<'_> {
    pub(super) fn lines(&mut self, value: Value, at: &At<'_>) -> Value {
        let Value::Array(lines) = value else {
            return self.wrong(at, "a list of lines", &value);
        };
        let most = self
            .field
            .definition
            .max_length
            .unwrap_or(MAX_LINES)
            .min(MAX_LINES);
        if !self.form_alone && lines.len() > most {
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

    pub(super) fn line(&mut self, line: Value, at: &At<'_>) -> Value {
        let Value::Object(mut line) = line else {
            return self.wrong(at, "objects as lines", &line);
        };
        let mut normal = Map::new();
        for (name, least, most, required, lines) in [
            ("description", 1, 1_000, true, true),
            ("unit", 0, 40, false, false),
        ] {
            let value = match line.remove(name) {
                Some(Value::String(text)) if is_plain(&text, lines) => {
                    Some(Value::String(trimmed(nfc(text))))
                }
                other => other,
            };
            match value {
                None | Some(Value::Null) if !required => {}
                Some(Value::String(text)) if !is_plain(&text, lines) => {
                    let message = format!("The {name} of a line takes no control characters.");
                    self.fail(&at.name(name), "characters", message);
                }
                Some(Value::String(text)) if !required && text.is_empty() => {}
                Some(Value::String(text)) if (least..=most).contains(&text.chars().count()) => {
                    normal.insert(name.to_owned(), Value::String(text));
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
