//! Lowers a contract to the OpenAPI 3.0.3 that the client generator (progenitor) understands: vendor `+json` becomes
//! `application/json`, each operation has one type of success and one of error, every parameter, body and answer names
//! its schema, and schemas take their 3.0 forms. Parts that cannot be expressed that way are refused with a diagnostic.
//! Response headers and examples are left out: headers are typed by the runtime.

mod body;
mod check;
mod operation;
mod parameter;
mod schema;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

pub(crate) use body::{essence, is_json};

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::document::{Document, Requirement, Schema};
use crate::hoist::hoist;

/// A contract in the profile.
#[derive(Debug)]
pub struct Lowered {
    /// The OpenAPI 3.0.3 document.
    pub json: Value,
    /// The contract from which it was made, with a name for every schema that becomes a type.
    pub hoisted: Document,
    /// Schemas that have a name only in the lowered document, by name.
    pub parts: IndexMap<String, Part>,
}

/// A schema of a parameter, body or answer that does not become its own type.
#[derive(Debug, Clone)]
pub struct Part {
    pub schema: Schema,
    pub shape: Shape,
}

/// The form in which a value is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Unchanged.
    Plain,
    /// The items of a list in one value, separated by commas.
    CommaSeparated,
    /// JSON text in a parameter.
    JsonText,
    /// An optional body.
    Optional,
    /// The body of a failure, which depends on its status. The schema's reference names the enum of failures.
    Failure,
}

/// Lowers a contract, or a consumer's slice of one; else returns all findings.
pub fn lower(document: &Document) -> Result<Lowered, Vec<Diagnostic>> {
    let (hoisted, found) = hoist(document);
    let mut lowering = Lowering {
        document: &hoisted,
        parts: IndexMap::new(),
        found,
    };
    let mut paths: Map<String, Value> = Map::new();
    for operation in &hoisted.operations {
        let lowered = lowering.operation(operation);
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.as_str().to_ascii_lowercase(), lowered);
        }
    }
    check::names(&hoisted, &lowering.parts, &mut lowering.found);
    let mut schemas = Map::new();
    for (name, schema) in &hoisted.schemas {
        let lowered = lowering.schema(schema);
        schemas.insert(name.clone(), lowered);
    }
    for (name, part) in &lowering.parts.clone() {
        let lowered = lowering.part(part);
        schemas.insert(name.clone(), lowered);
    }
    let Lowering { parts, found, .. } = lowering;
    if !found.is_empty() {
        return Err(found.into_sorted());
    }
    let json = whole(&hoisted, paths, schemas);
    Ok(Lowered {
        json,
        hoisted,
        parts,
    })
}

/// A lowering that is under way.
struct Lowering<'d> {
    document: &'d Document,
    parts: IndexMap<String, Part>,
    found: Diagnostics,
}

impl Lowering<'_> {
    fn refuse(
        &mut self,
        rule: &'static str,
        at: &Location,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.found.report(rule, at, message, mend);
    }

    /// A reference to the schema of a parameter, body or answer. A schema without a name gets `name`.
    fn named(&mut self, schema: &Schema, shape: Shape, name: &str) -> Value {
        if shape == Shape::Plain
            && let Some(component) = schema.as_ref_name()
        {
            return reference(component);
        }
        let part = Part {
            schema: schema.clone(),
            shape,
        };
        self.parts.entry(name.to_owned()).or_insert(part);
        reference(name)
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", crate::source::escape(name)) })
}

fn whole(document: &Document, paths: Map<String, Value>, schemas: Map<String, Value>) -> Value {
    let mut info = Map::new();
    info.insert("title".to_owned(), json!(document.title));
    info.insert("version".to_owned(), json!(document.version));
    if let Some(description) = &document.description {
        info.insert("description".to_owned(), json!(description));
    }
    if let Some(media_type) = &document.media_type {
        info.insert("x-media-type".to_owned(), json!(media_type));
    }
    let tags: Vec<Value> = document
        .tags
        .iter()
        .map(|tag| match &tag.description {
            Some(description) => json!({ "name": tag.name, "description": description }),
            None => json!({ "name": tag.name }),
        })
        .collect();
    let schemes: Map<String, Value> = document
        .security_schemes
        .iter()
        .map(|(name, scheme)| {
            let mut lowered = Map::new();
            lowered.insert("type".to_owned(), json!(scheme.kind));
            if let Some(http) = &scheme.scheme {
                lowered.insert("scheme".to_owned(), json!(http));
            }
            if let Some(description) = &scheme.description {
                lowered.insert("description".to_owned(), json!(description));
            }
            (name.clone(), Value::Object(lowered))
        })
        .collect();
    let mut root = Map::new();
    root.insert("openapi".to_owned(), json!("3.0.3"));
    root.insert("info".to_owned(), Value::Object(info));
    root.insert("tags".to_owned(), Value::Array(tags));
    root.insert("paths".to_owned(), Value::Object(paths));
    root.insert(
        "components".to_owned(),
        json!({ "schemas": schemas, "securitySchemes": schemes }),
    );
    for keyword in ["x-error-codes"] {
        if let Some(extension) = document.source.get(keyword) {
            root.insert(keyword.to_owned(), extension.to_json());
        }
    }
    Value::Object(root)
}

fn security(requirements: &[Requirement]) -> Value {
    requirements
        .iter()
        .map(|requirement| json!({ (requirement.scheme.clone()): requirement.scopes }))
        .collect()
}
