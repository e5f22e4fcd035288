//! Parameters: each names its schema; the form in which a list or JSON is sent becomes the shape of a part.

use serde_json::{Map, Value, json};

use super::schema::put;
use super::{Lowering, Shape};
use crate::document::{Kind, Parameter, ParameterLocation, Schema, Style};
use crate::hoist;

impl Lowering<'_> {
    pub(super) fn parameter(&mut self, operation: &str, parameter: &Parameter) -> Value {
        let shape = self.shape(parameter);
        let name = hoist::parameter_name(operation, parameter);
        let schema = self.named(&parameter.schema, shape, &name);
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(parameter.name));
        out.insert("in".to_owned(), json!(parameter.location.name()));
        out.insert("required".to_owned(), json!(parameter.required));
        put(&mut out, "description", parameter.description.as_ref());
        if parameter.deprecation.is_some() {
            out.insert("deprecated".to_owned(), json!(true));
        }
        if shape != Shape::JsonText {
            out.insert("style".to_owned(), json!(parameter.style.name()));
            out.insert("explode".to_owned(), json!(parameter.explode));
        }
        put(&mut out, "x-content", parameter.content.as_ref());
        out.insert("schema".to_owned(), schema);
        for (name, value) in &parameter.extensions {
            out.insert(name.clone(), value.clone());
        }
        Value::Object(out)
    }

    fn shape(&mut self, parameter: &Parameter) -> Shape {
        use ParameterLocation::{Cookie, Header, Path, Query};
        let place = parameter.location;
        if place == Cookie {
            self.refuse(
                "lower-cookie",
                &parameter.at,
                format!(
                    "the parameter `{}` travels in a cookie, which generated clients do not send",
                    parameter.name
                ),
                "use a header",
            );
        }
        if place == Header && http_name(&parameter.name).is_none() {
            self.refuse(
                "lower-header-name",
                &parameter.at,
                format!("`{}` cannot be the name of a header", parameter.name),
                "use letters, digits and hyphens",
            );
        }
        if let Some(media_type) = &parameter.content {
            if !super::body::is_json(media_type) {
                let message = format!(
                    "the parameter `{}` holds {media_type}, and only JSON is known",
                    parameter.name
                );
                self.refuse(
                    "lower-parameter-content",
                    &parameter.at,
                    message,
                    "use application/json, or a plain schema",
                );
            }
            return Shape::JsonText;
        }
        let known = matches!(
            (place, parameter.style),
            (Query | Cookie, Style::Form) | (Path | Header, Style::Simple)
        );
        if !known {
            let message = format!(
                "generated clients do not write the style `{}`",
                parameter.style.name()
            );
            self.refuse(
                "lower-style",
                &parameter.at,
                message,
                "use `form` in the query and `simple` elsewhere",
            );
        }
        match self
            .document
            .resolve(&parameter.schema)
            .map(|schema| &schema.kind)
        {
            Some(Kind::Array(rules)) => {
                let items = rules.items.clone();
                self.scalar(parameter, &items);
                if place == Query && parameter.explode {
                    Shape::Plain
                } else {
                    Shape::CommaSeparated
                }
            }
            _ => {
                self.scalar(parameter, &parameter.schema);
                Shape::Plain
            }
        }
    }

    /// Refuses lists of lists, objects and unions, which a parameter cannot carry.
    fn scalar(&mut self, parameter: &Parameter, schema: &Schema) {
        let is_scalar = matches!(
            self.document.resolve(schema).map(|schema| &schema.kind),
            Some(Kind::Boolean | Kind::String(_) | Kind::Integer(_) | Kind::Number(_))
        );
        if !is_scalar {
            self.refuse(
                "lower-parameter-schema",
                &schema.at,
                format!(
                    "the parameter `{}` holds neither text, number or boolean nor a list of those",
                    parameter.name
                ),
                "give it `content: application/json` instead of `schema`",
            );
        }
    }
}

/// A header's name, if it is one (RFC 9110: a token).
fn http_name(name: &str) -> Option<&str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_token)).then_some(name)
}
