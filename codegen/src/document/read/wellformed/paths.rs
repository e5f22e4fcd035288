//! Ids of operations, path templates and the parameters in them.

use std::collections::HashMap;

use crate::diagnostic::Location;
use crate::document::read::Reader;
use crate::document::{Document, Operation, ParameterLocation};

impl Reader<'_> {
    pub(super) fn operation_ids(&mut self, document: &Document) {
        let mut first: HashMap<&str, &Location> = HashMap::new();
        for operation in &document.operations {
            if let Some(other) = first.insert(&operation.id, &operation.at) {
                let message = format!(
                    "the operationId `{}` is taken already (line {})",
                    operation.id, other.line
                );
                self.report(
                    "duplicate-operation-id",
                    &operation.at,
                    message,
                    "give each operation its own id",
                );
            }
        }
    }

    /// Reports templates that differ only in the names of their parameters, which are one path.
    pub(super) fn path_collisions(&mut self, document: &Document) {
        let mut first: HashMap<String, &Operation> = HashMap::new();
        for operation in &document.operations {
            let shape = shape(&operation.path);
            match first.get(&shape) {
                Some(other) if other.path != operation.path => {
                    let message = format!(
                        "`{}` and `{}` (line {}) are the same path",
                        operation.path, other.path, other.at.line
                    );
                    self.report(
                        "path-collision",
                        &operation.at,
                        message,
                        "bring the operations under one path",
                    );
                }
                Some(_) => {}
                None => {
                    first.insert(shape, operation);
                }
            }
        }
    }

    pub(super) fn path_parameters(&mut self, operation: &Operation) {
        let names = match template(&operation.path) {
            Ok(names) => names,
            Err(why) => {
                let message = format!(
                    "the path `{}` is not a valid template: {why}",
                    operation.path
                );
                self.report(
                    "path",
                    &operation.at,
                    message,
                    "write parameters as {name}, each with its own name",
                );
                return;
            }
        };
        for name in &names {
            if operation.parameter(ParameterLocation::Path, name).is_none() {
                let message = format!(
                    "the path parameter `{name}` of `{}` is not declared",
                    operation.path
                );
                self.report(
                    "path-parameter-missing",
                    &operation.at,
                    message,
                    "add it to `parameters` with `in: path`",
                );
            }
        }
        for parameter in &operation.parameters {
            if parameter.location == ParameterLocation::Path
                && !names.contains(&parameter.name.as_str())
            {
                let message = format!("`{}` has no parameter `{}`", operation.path, parameter.name);
                self.report(
                    "path-parameter-unused",
                    &operation.at,
                    message,
                    "remove it, or put it into the path",
                );
            }
        }
    }
}

/// The names in a path template, in order.
fn template(path: &str) -> Result<Vec<&str>, &'static str> {
    let mut names: Vec<&str> = Vec::new();
    let mut rest = path;
    while let Some(open) = rest.find(['{', '}']) {
        let (_, from) = rest.split_at(open);
        let Some(inner) = from.strip_prefix('{') else {
            return Err("a } stands without its {");
        };
        let Some((name, after)) = inner.split_once('}') else {
            return Err("a { has no }");
        };
        if name.is_empty() || name.contains(['{', '/', '?', '#']) {
            return Err("a parameter needs a plain name");
        }
        if names.contains(&name) {
            return Err("a parameter stands twice in it");
        }
        names.push(name);
        rest = after;
    }
    if path.contains(['?', '#']) {
        Err("query and fragment are no part of a path")
    } else {
        Ok(names)
    }
}

/// The template without the names of its parameters.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                shape.push_str("{}");
            }
            '}' => inside = false,
            _ if inside => {}
            _ => shape.push(c),
        }
    }
    shape
}
