//! Names that would collide in a generated client, and the test whether two schemas become the same type.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::Part;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Operation, Parameter, ParameterLocation, Schema};
use crate::names;
use crate::progenitor_name;

/// Names that a builder uses itself: its other methods, and a local variable.
const TAKEN: [&str; 5] = ["new", "send", "stream", "pages", "header_map"];

/// The key of a schema's type: equal texts mean the same type.
pub(super) fn key(schema: &Schema) -> String {
    match schema.as_ref_name() {
        Some(name) => format!("#{name}{}", if schema.nullable { "?" } else { "" }),
        None => format!("{}{}", schema.at.pointer, schema.at.file),
    }
}

/// Checks parameters, which become methods of one builder; each placeholder of the path needs its parameter.
pub(super) fn parameters(operation: &Operation, found: &mut Diagnostics) {
    let mut seen: HashMap<String, &Parameter> = HashMap::new();
    for parameter in &operation.parameters {
        let name = progenitor_name::value(&parameter.name);
        if TAKEN.contains(&name.as_str()) || (name == "body" && operation.body.is_some()) {
            let message = format!(
                "the parameter `{}` would be called like a method that every call has",
                parameter.name
            );
            found.report(
                "lower-parameter-name",
                &parameter.at,
                message,
                "give it another name",
            );
        }
        if let Some(other) = seen.insert(name, parameter) {
            let message = format!(
                "the parameters `{}` and `{}` would get the same name",
                other.name, parameter.name
            );
            found.report(
                "lower-parameter-name",
                &parameter.at,
                message,
                "name them apart",
            );
        }
        if parameter.location == ParameterLocation::Path {
            if !operation.path.contains(&format!("{{{}}}", parameter.name)) {
                let message = format!("the path {} has no {{{}}}", operation.path, parameter.name);
                found.report(
                    "lower-path",
                    &parameter.at,
                    message,
                    "name the parameter as the path does",
                );
            }
            if !parameter.required {
                let message = format!("the path parameter `{}` is not required", parameter.name);
                found.report("lower-path", &parameter.at, message, "add `required: true`");
            }
        }
    }
    for placeholder in operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
    {
        if operation
            .parameter(ParameterLocation::Path, placeholder)
            .is_none()
        {
            let message = format!("`{{{placeholder}}}` of the path has no parameter");
            found.report("lower-path", &operation.at, message, "add the parameter");
        }
    }
}

/// Checks names: operations become methods of one client, and schemas types of one module.
pub(super) fn names(document: &Document, parts: &IndexMap<String, Part>, found: &mut Diagnostics) {
    let mut methods: HashMap<String, &Operation> = HashMap::new();
    for operation in &document.operations {
        let method = progenitor_name::value(&operation.id);
        if matches!(
            method.as_str(),
            "new" | "settings" | "baseurl" | "client" | "inner" | "api_version"
        ) {
            let message = format!(
                "`{}` would be called like a method that every client has",
                operation.id
            );
            found.report(
                "lower-operation-name",
                &operation.at,
                message,
                "name it `family_verb`",
            );
        }
        if let Some(other) = methods.insert(method, operation) {
            let message = format!(
                "the operations `{}` and `{}` would get the same method",
                other.id, operation.id
            );
            found.report(
                "lower-operation-name",
                &operation.at,
                message,
                "name them apart",
            );
        }
    }
    let mut types: HashMap<String, &str> = HashMap::new();
    let named = document
        .schemas
        .iter()
        .map(|(name, schema)| (name, &schema.at));
    for (name, at) in named.chain(parts.iter().map(|(name, part)| (name, &part.schema.at))) {
        if let Some(other) = types.insert(progenitor_name::of_type(name), name)
            && other != names::type_name(name)
        {
            let message = format!("the schemas `{other}` and `{name}` would get the same name");
            found.report("lower-schema-name", at, message, "name them apart");
        }
    }
}
