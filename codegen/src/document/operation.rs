//! An operation: one method on one path, with everything that it takes and answers.

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Deprecation, Header, Parameter, ParameterLocation, Schema, Style};
use crate::diagnostic::Location;

#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`: `family_verb`. Made from method and path if the document has none.
    pub id: String,
    /// The first tag, the family; the part of `id` before the underscore if there is none.
    pub tag: String,
    /// All tags as written; the conventions want exactly one.
    pub tags: Vec<String>,
    /// `operationId` after its first underscore: `records_create_many` is `create_many`. The whole id if it has no
    /// underscore.
    pub name: String,
    pub method: Method,
    /// The template as written: `/records/{type}/{id}`.
    pub path: String,
    pub summary: Option<String>,
    pub description: Option<String>,
    /// Any one suffices; empty means public. The document's own `security` if the operation has none.
    pub security: Vec<Requirement>,
    /// `x-consumers`.
    pub consumers: Vec<String>,
    /// `x-permission`: the permission that a user needs.
    pub permission: Option<String>,
    /// `x-no-permission`: why every signed-in caller may use it.
    pub no_permission: Option<String>,
    /// Exactly the codes that the operation lists (`applies: own`), in its order.
    pub own_codes: Vec<String>,
    /// All codes it may answer with: its own, then those implied by `applies`, in the registry's order.
    pub codes: Vec<String>,
    /// The path's parameters first, unless the operation overrides them, then its own; references resolved.
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status, in the order of the document; references resolved.
    pub responses: IndexMap<Status, Response>,
    /// `x-raw-body`: the handler gets the raw bytes.
    pub raw_body: bool,
    pub deprecation: Option<Deprecation>,
    /// All `x-` keywords as written, including those with their own field here.
    pub extensions: serde_json::Map<String, Value>,
    pub at: Location,
}

impl Operation {
    /// Whether the operation takes the `Idempotency-Key` header.
    pub fn takes_idempotency_key(&self) -> bool {
        self.parameter(ParameterLocation::Header, "Idempotency-Key")
            .is_some()
    }

    /// Finds a parameter; header names are case-insensitive.
    pub fn parameter(&self, location: ParameterLocation, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| {
            parameter.location == location
                && match location {
                    ParameterLocation::Header => parameter.name.eq_ignore_ascii_case(name),
                    _ => parameter.name == name,
                }
        })
    }

    /// The outermost schemas of parameters, body and answers.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        let parameters = self.parameters.iter().map(|parameter| &parameter.schema);
        let body = self
            .body
            .iter()
            .flat_map(|body| body.content.values())
            .filter_map(|media| media.schema.as_ref());
        parameters
            .chain(body)
            .chain(self.responses.values().flat_map(Response::schemas))
    }

    /// `x-typed-failures`: failures have their documented bodies. The value is the schema of a generated server's own
    /// refusals, which may have any status.
    pub fn typed_failures(&self) -> Option<&str> {
        self.extensions.get("x-typed-failures")?.as_str()
    }

    /// The documented failures if they are typed: single statuses first, `default` last.
    pub fn failures(&self) -> Vec<(Status, &Response)> {
        let typed = self.typed_failures().is_some();
        let mut failures: Vec<(Status, &Response)> = self
            .responses
            .iter()
            .filter(|(status, _)| typed && status.is_failure())
            .map(|(status, response)| (*status, response))
            .collect();
        failures.sort_by_key(|(status, _)| *status);
        failures
    }

    /// The responses with an explicit 2xx or 3xx status.
    pub fn successes(&self) -> impl Iterator<Item = (u16, &Response)> {
        self.responses
            .iter()
            .filter_map(|(status, response)| match status {
                Status::Code(code) if (200..400).contains(code) => Some((*code, response)),
                _ => None,
            })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Options,
    Head,
    Patch,
    Trace,
}

impl Method {
    pub const ALL: [Method; 8] = [
        Method::Get,
        Method::Put,
        Method::Post,
        Method::Delete,
        Method::Options,
        Method::Head,
        Method::Patch,
        Method::Trace,
    ];

    /// The method in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Head => "HEAD",
            Method::Patch => "PATCH",
            Method::Trace => "TRACE",
        }
    }

    /// Parses the lower-case name in a document.
    pub fn parse(key: &str) -> Option<Method> {
        Method::ALL
            .into_iter()
            .find(|method| method.as_str().to_ascii_lowercase() == key)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One alternative of `security`: a scheme, and the scopes that its token needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub scheme: String,
    pub scopes: Vec<String>,
    pub at: Location,
}

#[derive(Debug, Clone)]
pub struct Body {
    pub required: bool,
    pub description: Option<String>,
    /// By media type, as written.
    pub content: IndexMap<String, Media>,
    pub at: Location,
}

/// The content of a body in one media type.
#[derive(Debug, Clone)]
pub struct Media {
    pub schema: Option<Schema>,
    /// The encodings of a form's properties, by name; others have the default encoding.
    pub encoding: IndexMap<String, Encoding>,
    /// By name; a lone `example` is called `example`.
    pub examples: IndexMap<String, Example>,
    pub at: Location,
}

/// The encoding of a form's property (OpenAPI 3.1, 4.8.15).
#[derive(Debug, Clone)]
pub struct Encoding {
    /// The media type of the text in its field.
    pub content_type: Option<String>,
    pub style: Option<Style>,
    /// `explode`, or the default of its style.
    pub explode: bool,
}

#[derive(Debug, Clone)]
pub struct Example {
    pub summary: Option<String>,
    pub description: Option<String>,
    pub value: Value,
    /// The extensions beside the value, as written.
    pub extensions: serde_json::Map<String, Value>,
    /// The place of the value.
    pub at: Location,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub description: String,
    /// By name as written; references resolved.
    pub headers: IndexMap<String, Header>,
    /// By media type, as written. Empty: an answer without a body.
    pub content: IndexMap<String, Media>,
    /// The name under `components.responses` if it was a reference.
    pub component: Option<String>,
    pub at: Location,
}

impl Response {
    /// The outermost schemas of its headers and contents.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        let headers = self.headers.values().map(|header| &header.schema);
        headers.chain(
            self.content
                .values()
                .filter_map(|media| media.schema.as_ref()),
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    Code(u16),
    /// `4XX` is `Range(4)`.
    Range(u8),
    Default,
}

impl Status {
    /// 4xx, 5xx, or `default`.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Status::Code(400..=599) | Status::Range(4 | 5) | Status::Default
        )
    }

    pub fn parse(key: &str) -> Option<Status> {
        let bytes = key.as_bytes();
        match bytes {
            b"default" => Some(Status::Default),
            [d @ b'1'..=b'5', b'X', b'X'] => Some(Status::Range(d - b'0')),
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => key.parse().ok().map(Status::Code),
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Code(code) => write!(f, "{code}"),
            Status::Range(digit) => write!(f, "{digit}XX"),
            Status::Default => f.write_str("default"),
        }
    }
}

/// A path without the names of its parameters: two paths that differ in nothing else are one.
pub(crate) fn template(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push('{');
            }
            '}' => {
                inside = false;
                out.push('}');
            }
            _ if inside => {}
            c => out.push(c),
        }
    }
    out
}
