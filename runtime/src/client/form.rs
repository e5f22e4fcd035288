//! Writes a body as a form.

use std::fmt;

use http::header::{CONTENT_TYPE, HeaderValue};
use reqwest::RequestBuilder;
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::form::{Field, FieldShape, Form};

/// A value that no field of the form can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// The field's name.
    pub field: String,
    pub reason: &'static str,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field `{}` {}", self.field, self.reason)
    }
}

impl std::error::Error for Unwritable {}

/// Sets the body of a request. `None` sends no body; properties that are `None` are left out.
pub fn form<T: Serialize>(
    request: RequestBuilder,
    body: &T,
    form: &Form,
) -> Result<RequestBuilder, Unwritable> {
    let value = serde_json::to_value(body).map_err(|_| Unwritable {
        field: String::new(),
        reason: "does not print",
    })?;
    if value.is_null() {
        return Ok(request);
    }
    let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok(request
        .header(CONTENT_TYPE, media_type)
        .body(write(&value, form)?))
}

fn write(value: &Value, form: &Form) -> Result<String, Unwritable> {
    let mut out = Serializer::new(String::new());
    for field in form.fields {
        let mut found = Some(value);
        for step in field.path {
            found = found.and_then(|value| value.get(step));
        }
        match found {
            None | Some(Value::Null) => {}
            Some(value) => write_field(value, field, &mut out)?,
        }
    }
    let named = |name: &str| {
        let mut first = form.fields.iter().filter_map(|field| field.path.first());
        first.any(|known| *known == name)
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        if !named(name) && !value.is_null() {
            out.append_pair(name, &scalar(value, name)?);
        }
    }
    Ok(out.finish())
}

fn write_field(
    value: &Value,
    field: &Field,
    out: &mut Serializer<'_, String>,
) -> Result<(), Unwritable> {
    let name = field.name;
    match (field.shape, value) {
        (FieldShape::Json, _) => {
            out.append_pair(name, &value.to_string());
        }
        (FieldShape::Repeated { .. }, Value::Array(items)) => {
            for item in items {
                out.append_pair(name, &scalar(item, name)?);
            }
        }
        (FieldShape::Joined { between, .. }, Value::Array(items)) => {
            let mut texts = Vec::new();
            for item in items {
                let text = scalar(item, name)?;
                if text.contains(between) {
                    return Err(Unwritable {
                        field: name.to_owned(),
                        reason: "has an item that contains the separator",
                    });
                }
                texts.push(text);
            }
            out.append_pair(name, &texts.join(between.encode_utf8(&mut [0; 4])));
        }
        _ => {
            out.append_pair(name, &scalar(value, name)?);
        }
    }
    Ok(())
}

fn scalar(value: &Value, field: &str) -> Result<String, Unwritable> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(Unwritable {
            field: field.to_owned(),
            reason: "has a value that is not a single value",
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::Scalar;

    const FORM: Form = Form {
        fields: &[
            field(&["name"], "name", FieldShape::One(Scalar::Text)),
            field(
                &["tags"],
                "tags",
                FieldShape::Repeated {
                    item: Scalar::Text,
                    absent_is_empty: false,
                },
            ),
            field(
                &["ids"],
                "ids",
                FieldShape::Joined {
                    item: Scalar::Text,
                    between: ',',
                },
            ),
            field(&["at", "city"], "at[city]", FieldShape::One(Scalar::Text)),
            field(&["more"], "more", FieldShape::Json),
        ],
        rest: Scalar::Text,
    };

    const fn field(path: &'static [&'static str], name: &'static str, shape: FieldShape) -> Field {
        Field { name, path, shape }
    }

    #[test]
    fn each_field_is_written_as_it_travels() {
        let value = json!({
            "name": "a&b", "tags": ["x", "y"], "ids": [1, 2], "at": {"city": "Ulm"}, "more": {"k": [1]},
            "none": null, "rest": true,
        });
        assert_eq!(
            write(&value, &FORM).unwrap(),
            "name=a%26b&tags=x&tags=y&ids=1%2C2&at%5Bcity%5D=Ulm&more=%7B%22k%22%3A%5B1%5D%7D&rest=true"
        );
    }

    #[test]
    fn what_would_be_read_otherwise_is_not_written() {
        for (value, name) in [
            (json!({"ids": ["1,2"]}), "ids"),
            (json!({"name": ["a"]}), "name"),
            (json!({"rest": {}}), "rest"),
        ] {
            assert_eq!(write(&value, &FORM).unwrap_err().field, name);
        }
    }
}
