//! Names every schema that becomes its own type: inline objects, enumerations and unions move to `schemas`, named after
//! their place, and a reference replaces them. The generators of types, servers and clients all read the hoisted
//! document, so they use the same names.
//!
//! | place | name |
//! | --- | --- |
//! | property `state` of `Job` | `JobState` |
//! | item of that | `JobStateItem`; value of a map `...Value`; variant of a union its title, else `...Variant1` |
//! | query parameter `sort` of `jobs_list` | `JobsListQuerySort` |
//! | `components.parameters.Sort` | `SortParameter`; likewise `...Header` |
//! | request body of `jobs_create` | `JobsCreateBody` |
//! | answer 201 of `jobs_create` | `JobsCreateCreatedBody`; of `components.responses.Problem`: `ProblemBody` |
//!
//! A name depends only on the place: a slice of a document has the same names as the whole.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostics, Location};
use crate::document::{
    Additional, Document, Header, Kind, Media, Operation, Parameter, Response, Schema, Status,
};
use crate::names;

/// The document with all necessary names. Two places with the same name are a finding.
pub fn hoist(document: &Document) -> (Document, Diagnostics) {
    let mut hoist = Hoist {
        schemas: IndexMap::new(),
        places: IndexMap::new(),
        found: Diagnostics::default(),
    };
    for (name, schema) in &document.schemas {
        hoist.claim(name, &schema.at);
    }
    for (name, schema) in &document.schemas {
        let schema = hoist.inside(schema.clone(), name);
        hoist.schemas.insert(name.clone(), schema);
    }
    let mut out = document.clone();
    for operation in &mut out.operations {
        hoist.operation(operation);
    }
    for (name, parameter) in &mut out.parameters {
        hoist.schema(&mut parameter.schema, &names::nested(name, "Parameter"));
    }
    for (name, header) in &mut out.headers {
        hoist.schema(&mut header.schema, &names::nested(name, "Header"));
    }
    for (name, response) in &mut out.responses {
        hoist.response(response, &names::type_name(name));
    }
    out.schemas = hoist.schemas;
    (out, hoist.found)
}

/// Whether a schema becomes its own type and needs a name.
pub fn needs_name(schema: &Schema) -> bool {
    match &schema.kind {
        Kind::String(_) => {
            schema.extensible.is_some()
                || (schema.string_enum().is_some() && schema.constant.is_none())
        }
        Kind::Object(rules) => {
            !rules.properties.is_empty() || matches!(rules.additional, Additional::Refused)
        }
        Kind::OneOf { .. } | Kind::AnyOf { .. } | Kind::AllOf(_) => true,
        _ => false,
    }
}

/// Extensions that belong to the type itself and not to its use in one place.
const OF_THE_TYPE: [&str; 5] = [
    "x-extensible-enum",
    "x-deprecated-values",
    "x-closed",
    "x-record-type",
    "x-type-parameter",
];

struct Hoist {
    schemas: IndexMap<String, Schema>,
    /// The place of each type's name.
    places: IndexMap<String, Location>,
    found: Diagnostics,
}

impl Hoist {
    fn operation(&mut self, operation: &mut Operation) {
        let prefix = names::type_name(&operation.id);
        for parameter in &mut operation.parameters {
            let name = parameter_name(&prefix, parameter);
            self.schema(&mut parameter.schema, &name);
        }
        if let Some(body) = &mut operation.body {
            self.content(&mut body.content, &format!("{prefix}Body"));
        }
        for (status, response) in &mut operation.responses {
            let name = match &response.component {
                Some(component) => names::type_name(component),
                None => format!("{prefix}{}", status_name(*status)),
            };
            self.response(response, &name);
        }
    }

    fn response(&mut self, response: &mut Response, name: &str) {
        self.content(&mut response.content, &format!("{name}Body"));
        for (header_name, header) in &mut response.headers {
            let name = header_type_name(name, header_name, header);
            self.schema(&mut header.schema, &name);
        }
    }

    fn content(&mut self, content: &mut IndexMap<String, Media>, name: &str) {
        for media in content.values_mut() {
            if let Some(schema) = &mut media.schema {
                self.schema(schema, name);
            }
        }
    }

    fn schema(&mut self, schema: &mut Schema, name: &str) {
        let at = schema.at.clone();
        let taken = std::mem::replace(schema, Schema::of(Kind::Any, at));
        *schema = self.place(taken, name);
    }

    /// Moves the schema at a place to its name if it needs one, else the schemas inside of it.
    fn place(&mut self, schema: Schema, name: &str) -> Schema {
        let schema = only_part(schema);
        if !needs_name(&schema) {
            return self.inside(schema, name);
        }
        let mut reference = Schema {
            kind: Kind::Ref(name.to_owned()),
            ..schema.clone()
        };
        reference.enumeration = None;
        reference.extensible = None;
        reference
            .extensions
            .retain(|name, _| !OF_THE_TYPE.contains(&name.as_str()));
        if !self
            .places
            .get(&names::type_name(name))
            .is_some_and(|place| *place == schema.at)
        {
            self.claim(name, &schema.at);
            let inner = Schema {
                nullable: false,
                default: None,
                deprecation: None,
                ..schema
            };
            let inner = self.inside(inner, name);
            self.schemas.entry(name.to_owned()).or_insert(inner);
        }
        reference
    }

    /// The schema with the schemas inside of it moved.
    fn inside(&mut self, mut schema: Schema, name: &str) -> Schema {
        match &mut schema.kind {
            Kind::Array(rules) => self.schema(&mut rules.items, &names::nested(name, "Item")),
            Kind::Object(rules) => {
                for (property_name, property) in &mut rules.properties {
                    self.schema(&mut property.schema, &names::nested(name, property_name));
                }
                if let Additional::Schema(value) = &mut rules.additional {
                    self.schema(value, &names::nested(name, "Value"));
                }
            }
            Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => {
                for (index, variant) in variants.iter_mut().enumerate() {
                    let part = variant
                        .title
                        .clone()
                        .unwrap_or_else(|| format!("Variant{}", index + 1));
                    self.schema(variant, &names::nested(name, &part));
                }
            }
            // The parts are merged into one type, so schemas inside of a part belong to the whole.
            Kind::AllOf(parts) => {
                for part in parts {
                    let at = part.at.clone();
                    let taken = std::mem::replace(part, Schema::of(Kind::Any, at));
                    *part = self.inside(taken, name);
                }
            }
            _ => {}
        }
        schema
    }

    fn claim(&mut self, name: &str, at: &Location) {
        let type_name = names::type_name(name);
        match self.places.get(&type_name) {
            Some(other) => {
                let message = format!(
                    "the type of this schema is called `{type_name}`, as is that of {other}"
                );
                self.found.report(
                    "schema-name-taken",
                    at,
                    message,
                    "name one of the two under `components.schemas`",
                );
            }
            None => {
                self.places.insert(type_name, at.clone());
            }
        }
    }
}

/// The name of a parameter's inline schema.
pub(crate) fn parameter_name(operation: &str, parameter: &Parameter) -> String {
    match &parameter.component {
        Some(component) => names::nested(component, "Parameter"),
        None => {
            let place = names::type_name(parameter.location.name());
            format!("{operation}{place}{}", names::type_name(&parameter.name))
        }
    }
}

fn header_type_name(response: &str, name: &str, header: &Header) -> String {
    match &header.component {
        Some(component) => names::nested(component, "Header"),
        None => format!("{response}{}Header", names::type_name(name)),
    }
}

/// The name of a status: `NotFound`, `Status4xx`, `Default`.
pub(crate) fn status_name(status: Status) -> String {
    match status {
        Status::Code(code) => names::status_name(code),
        Status::Range(digit) => format!("Status{digit}xx"),
        Status::Default => "Default".to_owned(),
    }
}

/// `allOf` with a single non-empty part becomes that part, with the annotations beside it.
fn only_part(schema: Schema) -> Schema {
    let Kind::AllOf(parts) = &schema.kind else {
        return schema;
    };
    let mut telling = parts.iter().filter(|part| !says_nothing(part));
    match (telling.next(), telling.next()) {
        (Some(part), None) => {
            let mut only = part.clone();
            only.nullable |= schema.nullable;
            only.title = schema.title.or(only.title);
            only.description = schema.description.or(only.description);
            only.default = schema.default.or(only.default);
            only.deprecation = schema.deprecation.or(only.deprecation);
            only.read_only |= schema.read_only;
            only.write_only |= schema.write_only;
            only.extensions.extend(schema.extensions);
            only
        }
        _ => schema,
    }
}

fn says_nothing(schema: &Schema) -> bool {
    matches!(schema.kind, Kind::Any)
        && schema.enumeration.is_none()
        && schema.extensible.is_none()
        && schema.constant.is_none()
        && schema.unsupported.is_empty()
}
