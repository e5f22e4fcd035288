//! Reads a form body into the JSON object that it represents, so that the checks of generated code apply to it as to
//! JSON.

use serde_json::{Map, Value};

use super::{
    decode::{is_sound, parse},
    invalid::{At, Report},
};
use crate::form::{FieldShape, Form};
use crate::json;

/// Reads a form. Reports fields that are given twice, not UTF-8, or not JSON where the contract has JSON. Text that is
/// not of its field's kind stays text, and unknown fields are kept, so that the checks report them.
pub fn read(bytes: &[u8], form: &Form, report: &mut Report) -> Value {
    let written = String::from_utf8_lossy(bytes);
    let mut object = Map::new();
    for (name, text) in url::form_urlencoded::parse(bytes) {
        let at = At::BODY.name(&name);
        if !is_sound(&text, &written) || !is_sound(&name, &written) {
            report.add(
                &at,
                "encoding",
                "Must be percent-encoded UTF-8 without NUL.",
            );
            continue;
        }
        let field = form.fields.iter().find(|field| field.name == name);
        let (path, shape) = match field {
            Some(field) => (field.path, field.shape),
            None => (&[&*name] as &[&str], FieldShape::One(form.rest)),
        };
        let Some(place) = place(&mut object, path) else {
            report.add(&at, "repeated", "Must be given once.");
            continue;
        };
        if let FieldShape::Repeated { item, .. } = shape
            && let Value::Array(items) = place
        {
            items.push(parse(&text, item));
            continue;
        }
        if !place.is_null() {
            report.add(&at, "repeated", "Must be given once.");
            continue;
        }
        *place = match shape {
            FieldShape::One(scalar) => parse(&text, scalar),
            FieldShape::Repeated { item, .. } => Value::Array(vec![parse(&text, item)]),
            FieldShape::Joined { item, between } => {
                let items = text.split(between).filter(|_| !text.is_empty());
                items.map(|text| parse(text, item)).collect()
            }
            FieldShape::Json => json::parse(text.as_bytes()).unwrap_or_else(|malformed| {
                report.add(&at, "json", format!("Is not JSON: {malformed}."));
                Value::String(text.clone().into_owned())
            }),
        };
    }
    for field in form.fields {
        if let FieldShape::Repeated {
            absent_is_empty: true,
            ..
        } = field.shape
            && let Some(place) = place(&mut object, field.path)
            && place.is_null()
        {
            *place = Value::Array(Vec::new());
        }
    }
    Value::Object(object)
}

/// The place of a value, null if there is none yet. None if another value is in its path.
fn place<'o>(object: &'o mut Map<String, Value>, path: &[&str]) -> Option<&'o mut Value> {
    let (first, rest) = path.split_first()?;
    let mut place = object.entry((*first).to_owned()).or_insert(Value::Null);
    for step in rest {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = place
            .as_object_mut()?
            .entry((*step).to_owned())
            .or_insert(Value::Null);
    }
    Some(place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::{Field, Scalar};

    const fn field(name: &'static str, path: &'static [&'static str], shape: FieldShape) -> Field {
        Field { name, path, shape }
    }

    const FORM: Form = Form {
        fields: &[
            field("name", &["name"], FieldShape::One(Scalar::Text)),
            field("count", &["count"], FieldShape::One(Scalar::Integer)),
            field(
                "tags",
                &["tags"],
                FieldShape::Repeated {
                    item: Scalar::Text,
                    absent_is_empty: true,
                },
            ),
            field(
                "ids",
                &["ids"],
                FieldShape::Joined {
                    item: Scalar::Integer,
                    between: '|',
                },
            ),
            field("at[city]", &["at", "city"], FieldShape::One(Scalar::Text)),
            field("at[zip]", &["at", "zip"], FieldShape::One(Scalar::Text)),
            field("more", &["more"], FieldShape::Json),
        ],
        rest: Scalar::Text,
    };

    fn found(text: &str) -> (Value, Vec<(String, &'static str)>) {
        let mut report = Report::new();
        let value = read(text.as_bytes(), &FORM, &mut report);
        let failures = report.failures().iter();
        let failures = failures.map(|failure| (failure.pointer.clone(), failure.rule));
        (value, failures.collect())
    }

    #[test]
    fn a_form_is_an_object() {
        let (value, failures) = found(
            "name=a%26+b&count=3&tags=x&ids=1%7C2&tags=y&at%5Bcity%5D=Ulm&at[zip]=89073&more=%7B%22k%22:1%7D",
        );
        assert!(failures.is_empty(), "{failures:?}");
        assert_eq!(
            value,
            json!({
                "name": "a& b", "count": 3, "tags": ["x", "y"], "ids": [1, 2],
                "at": {"city": "Ulm", "zip": "89073"}, "more": {"k": 1},
            })
        );
    }

    #[test]
    fn lists_without_items() {
        assert_eq!(found("ids=").0, json!({"ids": [], "tags": []}));
        assert_eq!(found("").0, json!({"tags": []}));
    }

    #[test]
    fn what_is_not_of_its_kind_stays_text_for_the_checks() {
        let (value, failures) = found("count=x&ids=1%7Cy&other=1");
        assert!(failures.is_empty());
        assert_eq!(
            value,
            json!({"count": "x", "ids": [1, "y"], "other": "1", "tags": []})
        );
    }

    #[test]
    fn what_is_ambiguous_is_noted_at_its_place() {
        for (text, pointer, rule) in [
            ("name=a&name=b", "/body/name", "repeated"),
            ("ids=1&ids=2", "/body/ids", "repeated"),
            ("other=1&other=2", "/body/other", "repeated"),
            ("at=1&at%5Bcity%5D=Ulm", "/body/at[city]", "repeated"),
            ("name=%FF", "/body/name", "encoding"),
            ("name=%00", "/body/name", "encoding"),
            ("more=%7B", "/body/more", "json"),
        ] {
            assert_eq!(found(text).1, [(pointer.to_owned(), rule)], "{text}");
        }
    }

    #[test]
    fn the_first_of_two_counts() {
        assert_eq!(found("name=a&name=b").0["name"], json!("a"));
    }
}
