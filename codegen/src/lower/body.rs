//! Bodies: vendor types of JSON become `application/json`; a body that is neither JSON nor a form nor plain text
//! becomes raw bytes.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{Lowering, Shape};
use crate::diagnostic::Location;
use crate::document::{Media, Operation, Schema};
use crate::generate::forms;

/// The lowered content of an answer.
pub(super) enum Content {
    None,
    /// JSON, with the schema that all of its media types have.
    Json(Box<Schema>),
    /// A stream of bytes.
    Bytes,
}

impl Lowering<'_> {
    pub(super) fn request_body(&mut self, operation: &Operation, prefix: &str) -> Option<Value> {
        let body = operation.body.as_ref()?;
        let name = if body.required {
            format!("{prefix}Body")
        } else {
            format!("{prefix}OptionalBody")
        };
        let shape = if body.required {
            Shape::Plain
        } else {
            Shape::Optional
        };
        let (media_type, schema) = match (self.json(&body.content), forms::typed(operation)) {
            (Some(schema), _) if !operation.raw_body => {
                self.only_json(&body.content, &body.at);
                ("application/json", self.named(&schema, shape, &name))
            }
            // The client generator sees a typed form as JSON; the form encoding is added afterwards.
            (_, Some(typed)) => {
                self.only_one(operation, &body.content, &body.at);
                if let Err(refusal) = forms::form(self.document, typed) {
                    self.found.push(refusal);
                }
                ("application/json", self.named(typed.schema, shape, &name))
            }
            _ => self.bytes(operation, &body.content, &body.at)?,
        };
        let mut out = Map::new();
        out.insert("required".to_owned(), json!(body.required));
        if let Some(description) = &body.description {
            out.insert("description".to_owned(), json!(description));
        }
        let mut content = Map::new();
        content.insert(media_type.to_owned(), json!({ "schema": schema }));
        out.insert("content".to_owned(), Value::Object(content));
        if (media_type == "application/octet-stream" || forms::typed(operation).is_some())
            && let Some(written) = body.content.keys().next()
        {
            out.insert("x-content-type".to_owned(), json!(written));
        }
        Some(Value::Object(out))
    }

    /// A body of bytes.
    fn bytes(
        &mut self,
        operation: &Operation,
        content: &IndexMap<String, Media>,
        at: &Location,
    ) -> Option<(&'static str, Value)> {
        content.first()?;
        self.only_one(operation, content, at);
        Some((
            "application/octet-stream",
            json!({ "type": "string", "format": "binary" }),
        ))
    }

    fn only_one(
        &mut self,
        operation: &Operation,
        content: &IndexMap<String, Media>,
        at: &Location,
    ) {
        if content.len() > 1 {
            self.refuse(
                "lower-media-types",
                at,
                format!(
                    "`{}` takes bodies of several media types, and a client sends one",
                    operation.id
                ),
                "keep one media type, or make an operation of each",
            );
        }
    }

    /// Lowers the content of an answer.
    pub(super) fn content(&mut self, content: &IndexMap<String, Media>, at: &Location) -> Content {
        match self.json(content) {
            Some(schema) => {
                self.only_json(content, at);
                Content::Json(Box::new(schema))
            }
            None if content.is_empty() => Content::None,
            None => {
                for (media_type, media) in
                    content.iter().filter(|(media_type, _)| is_json(media_type))
                {
                    let message = format!("the {media_type} of this body has no schema");
                    self.refuse(
                        "lower-no-schema",
                        &media.at,
                        message,
                        "name the schema of the JSON",
                    );
                }
                Content::Bytes
            }
        }
    }

    /// The schema of the JSON in a body. All JSON media types of one body have the same schema.
    fn json(&mut self, content: &IndexMap<String, Media>) -> Option<Schema> {
        let mut schemas = content
            .iter()
            .filter(|(media_type, _)| is_json(media_type))
            .filter_map(|(_, media)| media.schema.as_ref());
        let first = schemas.next()?.clone();
        for other in schemas {
            if super::check::key(other) != super::check::key(&first) {
                self.refuse(
                    "lower-media-types",
                    &other.at,
                    "the JSON types of one body have different schemas, and a client reads one",
                    "refer to the same schema from all of them",
                );
            }
        }
        Some(first)
    }

    fn only_json(&mut self, content: &IndexMap<String, Media>, at: &Location) {
        if content.keys().any(|media_type| !is_json(media_type)) {
            self.refuse(
                "lower-media-types",
                at,
                "a body is either JSON or something else: a client could not tell which it gets",
                "make an operation of each",
            );
        }
    }
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether a media type is JSON, by itself or by its suffix (RFC 6839).
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence.ends_with("+json")
}
