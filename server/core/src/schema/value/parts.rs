//! Values that are objects with fixed properties: money, addresses, points on the globe.

use serde_json::{Map, Value};

use super::{
    Judge, MAX_INTEGER, as_integer,
    text::{is_plain, nfc, trimmed},
};
use crate::{failure::At, schema::currency};

impl Judge<'_> {
    pub(super) fn money(&mut self, value: Value, at: &At<'_>) -> Value {
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
        let currency = currency.as_str().map(str::trim);
        let Some(currency) = currency.filter(|code| currency::is_known(code)) else {
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

    /// An address is empty if all its parts are missing, null or empty texts.
    pub(super) fn address(&mut self, value: Value, at: &At<'_>) -> Value {
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
        let says_nothing = object.is_empty();
        let mut normal = Map::new();
        for (name, most) in PARTS {
            match object.remove(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => {
                    let is_plain = is_plain(&text, false);
                    let text = trimmed(nfc(text));
                    if is_plain && text.is_empty() {
                        continue;
                    }
                    if !is_plain || (!self.form_alone && text.chars().count() > most) {
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
        if says_nothing {
            let message = format!("{} has at least one part; null clears it.", self.label());
            return self.fail(at, "min_properties", message);
        }
        match normal.is_empty() {
            true => Value::Null,
            false => Value::Object(normal),
        }
    }

    pub(super) fn geo(&mut self, value: Value, at: &At<'_>) -> Value {
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
}
