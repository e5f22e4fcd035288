//! The tool chain's model of a contract. OpenAPI 3.0 and 3.1 are both read into it: references to parameters, headers
//! and responses are resolved, implied error codes are added, and every part has its place in the source. Only schemas
//! keep references, since they become types.

mod code;
mod deprecation;
mod gone;
mod operation;
mod parameter;
mod permission;
mod read;
mod schema;

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::Location;
use crate::source::Node;

pub use code::{Applies, ErrorCode};
pub use deprecation::{Date, Deprecation};
pub use gone::Gone;
pub(crate) use operation::template;
pub use operation::{
    Body, Encoding, Example, Media, Method, Operation, Requirement, Response, Status,
};
pub use parameter::{Header, Parameter, ParameterLocation, Style};
pub use permission::Permission;
pub use read::{Reading, read, reading};
pub use schema::{
    Additional, ArrayRules, Discriminator, Kind, NumberRules, ObjectRules, Property, Schema,
    StringRules,
};

/// The longest chain of references from schema to schema that is followed.
const MOST_HOPS: usize = 32;

/// A whole contract.
#[derive(Debug, Clone)]
pub struct Document {
    /// The `openapi` keyword, such as `3.1.0`.
    pub openapi: String,
    pub title: String,
    pub description: Option<String>,
    /// `info.version` as written.
    pub version: String,
    /// The leading integer of `info.version`: the version that `Accept` asks for.
    pub major: u32,
    /// `info.x-media-type`, such as `vnd.crm`; versioned media types are `application/<this>.v<major>+json`.
    pub media_type: Option<String>,
    pub servers: Vec<Server>,
    pub tags: Vec<Tag>,
    pub security_schemes: IndexMap<String, SecurityScheme>,
    /// The registry `x-error-codes`.
    pub codes: IndexMap<String, ErrorCode>,
    /// `components.schemas`; a [`Kind::Ref`] names one of these.
    pub schemas: IndexMap<String, Schema>,
    /// `components.parameters`. Operations hold their own resolved copies.
    pub parameters: IndexMap<String, Parameter>,
    /// `components.headers`. Responses hold their own resolved copies.
    pub headers: IndexMap<String, Header>,
    /// `components.responses`. Operations hold their own resolved copies.
    pub responses: IndexMap<String, Response>,
    /// In the order of the document.
    pub operations: Vec<Operation>,
    /// `x-gone`: operations that were removed.
    pub gone: Vec<Gone>,
    /// Parts of the document outside this model (callbacks, links ...), with their places.
    pub unsupported: Vec<(String, Location)>,
    /// The source tree.
    pub source: Node,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub description: Option<String>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityScheme {
    /// `http`, `apiKey`, `oauth2`, `openIdConnect`, `mutualTLS`.
    pub kind: String,
    /// For `http`: `bearer`, `basic` ...
    pub scheme: Option<String>,
    pub description: Option<String>,
    pub at: Location,
}

impl Document {
    /// The document as plain JSON, as written: references and extensions included.
    pub fn to_json(&self) -> Value {
        self.source.to_json()
    }

    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The operations of one tag, in the order of the document.
    pub fn operations_of<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations
            .iter()
            .filter(move |operation| operation.tag == tag)
    }

    /// The tags that have operations, in the order in which they first appear.
    pub fn tags_in_use(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = Vec::new();
        for operation in &self.operations {
            if !tags.contains(&operation.tag.as_str()) {
                tags.push(&operation.tag);
            }
        }
        tags
    }

    /// Follows references to a schema. Returns the schema itself if it is not a reference, and None if the chain is
    /// broken, endless or too long.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        let mut schema = schema;
        for _ in 0..=MOST_HOPS {
            match &schema.kind {
                Kind::Ref(name) => schema = self.schemas.get(name)?,
                _ => return Some(schema),
            }
        }
        None
    }

    /// The length of the chain of references from here, up to a bound.
    fn chain(&self, schema: &Schema) -> usize {
        let first = schema.as_ref_name();
        let names = std::iter::successors(first, |name| self.schemas.get(*name)?.as_ref_name());
        names.take(MOST_HOPS).count()
    }

    /// The outermost schemas: those of the components, then those of each operation's parameters, bodies,
    /// answers and headers (shared ones as often as they are used).
    pub fn roots(&self) -> impl Iterator<Item = &Schema> {
        let shared = self.parameters.values().map(|parameter| &parameter.schema);
        let headers = self.headers.values().map(|header| &header.schema);
        let responses = self.responses.values().flat_map(Response::schemas);
        let operations = self.operations.iter().flat_map(Operation::schemas);
        self.schemas
            .values()
            .chain(shared)
            .chain(headers)
            .chain(responses)
            .chain(operations)
    }

    /// Schemas marked `x-record-type`, with the record type that they describe.
    pub fn record_types(&self) -> impl Iterator<Item = (&str, &str, &Schema)> {
        self.schemas.iter().filter_map(|(name, schema)| {
            Some((
                schema.extension_text("x-record-type")?,
                name.as_str(),
                schema,
            ))
        })
    }

    /// If errors are problem details (RFC 9457), the prefix of their `type`, before the code (`info.x-problem-types`).
    pub fn problem_types(&self) -> Option<&str> {
        self.source.get("info")?.get("x-problem-types")?.as_str()
    }

    /// The media type of error answers.
    pub fn error_media_type(&self) -> &'static str {
        match self.problem_types() {
            Some(_) => "application/problem+json",
            None => "application/json",
        }
    }

    /// The versioned media type, such as `application/vnd.crm.v1+json`, where the document has a vendor name.
    pub fn versioned_media_type(&self) -> Option<String> {
        self.media_type
            .as_ref()
            .map(|name| format!("application/{name}.v{}+json", self.major))
    }
}
