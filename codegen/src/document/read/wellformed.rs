//! What can be judged only once everything is read: ids that stand twice, path templates and their
//! parameters, bounds that leave nothing, patterns that are none, references that never arrive.

use std::collections::{HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

use serde_json::Number;

use super::Reader;
use crate::conforms::compile;
use crate::diagnostic::Location;
use crate::document::{Document, Kind, MOST_HOPS, Operation, ParameterLocation, Schema};

/// Compiling a pattern costs milliseconds: more than this many different ones are not tried.
const MOST_PATTERNS: usize = 500;
/// One that is refused costs most; so many of them tell enough.
const MOST_REFUSED: usize = 10;

#[derive(Default)]
struct Patterns<'d> {
    tried: HashSet<&'d str>,
    refused: usize,
    /// That there were too many has been told.
    told: bool,
}

impl Reader<'_> {
    pub(super) fn wellformed(&mut self, document: &Document) {
        self.operation_ids(document);
        self.path_collisions(document);
        for operation in &document.operations {
            self.path_parameters(operation);
        }
        let mut patterns = Patterns::default();
        for schema in all_schemas(document) {
            self.constraints(schema, &mut patterns);
        }
        for schema in document.schemas.values() {
            let chained =
                matches!(schema.kind, Kind::Ref(_)) && document.chain(schema) == MOST_HOPS;
            if chained {
                self.report(
                    "reference-chain",
                    &schema.at,
                    format!("more than {MOST_HOPS} references lead from here to the next, and to nothing else"),
                    "refer to the last of them",
                );
            }
        }
        for schema in endless(document) {
            let name = schema.at.pointer.rsplit('/').next().unwrap_or_default();
            self.report(
                "reference-cycle",
                &schema.at,
                format!("`{name}` is made of itself and never of anything else"),
                "let it hold itself as a property or an item, or remove one of the references",
            );
        }
    }

    fn report(&mut self, rule: &'static str, at: &Location, message: String, mend: &str) {
        self.diagnostics.report(rule, at, message, mend);
    }

    fn operation_ids(&mut self, document: &Document) {
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
                    "give each operation an id of its own",
                );
            }
        }
    }

    /// Two templates that differ only in the names of their parameters are one path.
    fn path_collisions(&mut self, document: &Document) {
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

    fn path_parameters(&mut self, operation: &Operation) {
        let names = match template(&operation.path) {
            Ok(names) => names,
            Err(why) => {
                let message = format!("the path `{}` is no template: {why}", operation.path);
                self.report(
                    "path",
                    &operation.at,
                    message,
                    "write parameters as {name}, each with a name of its own",
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

    fn constraints<'d>(&mut self, schema: &'d Schema, patterns: &mut Patterns<'d>) {
        match &schema.kind {
            Kind::String(rules) => {
                self.counts(schema, "length", rules.min_length, rules.max_length);
                if let Some(pattern) = &rules.pattern {
                    self.pattern(schema, pattern, patterns);
                }
            }
            Kind::Integer(rules) | Kind::Number(rules) => {
                let low = greatest(rules.minimum.as_ref(), rules.exclusive_minimum.as_ref());
                let high = greatest(rules.maximum.as_ref(), rules.exclusive_maximum.as_ref());
                let low = low.map(|low| (low, rules.exclusive_minimum.is_some()));
                let high = high.map(|high| (high, rules.exclusive_maximum.is_some()));
                if let (Some((low, open_low)), Some((high, open_high))) = (low, high)
                    && (low > high || (low == high && (open_low || open_high)))
                {
                    let message = format!("no number is at least {low} and at most {high}");
                    self.report("bounds", &schema.at, message, "correct the bounds");
                }
                if rules
                    .multiple_of
                    .as_ref()
                    .and_then(Number::as_f64)
                    .is_some_and(|factor| factor <= 0.0)
                {
                    self.report(
                        "bounds",
                        &schema.at,
                        "multipleOf must be above 0".to_owned(),
                        "correct it",
                    );
                }
            }
            Kind::Array(rules) => {
                self.counts(schema, "number of items", rules.min_items, rules.max_items)
            }
            Kind::Object(rules) => {
                self.counts(
                    schema,
                    "number of properties",
                    rules.min_properties,
                    rules.max_properties,
                );
            }
            _ => {}
        }
    }

    fn pattern<'d>(&mut self, schema: &Schema, pattern: &'d str, patterns: &mut Patterns<'d>) {
        if patterns.tried.contains(pattern) || patterns.told {
            return;
        }
        if patterns.tried.len() == MOST_PATTERNS || patterns.refused == MOST_REFUSED {
            patterns.told = true;
            let message = format!(
                "the patterns from here on are not looked at: at most {MOST_PATTERNS} are, and {MOST_REFUSED} that are refused"
            );
            self.report(
                "too-much",
                &schema.at,
                message,
                "use formats, or share schemas",
            );
            return;
        }
        patterns.tried.insert(pattern);
        if let Err(error) = compile(pattern) {
            patterns.refused += 1;
            let why = error.to_string();
            let why = why
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            let message = format!("the pattern `{pattern}` cannot be checked: {why}");
            let mend = "use a regular expression without look-around and back-references; bound lengths by maxLength";
            self.report("pattern", &schema.at, message, mend);
        }
    }

    fn counts(&mut self, schema: &Schema, what: &str, least: Option<u64>, most: Option<u64>) {
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let message = format!("no {what} is at least {least} and at most {most}");
            self.report("bounds", &schema.at, message, "correct the bounds");
        }
    }
}

fn greatest(a: Option<&Number>, b: Option<&Number>) -> Option<f64> {
    a.and_then(Number::as_f64)
        .into_iter()
        .chain(b.and_then(Number::as_f64))
        .reduce(f64::max)
}

/// Every schema of the document, inner ones included; copies of a shared one only once. (The parts of a
/// composed schema share its place, so the kind tells them apart.)
fn all_schemas(document: &Document) -> Vec<&Schema> {
    let mut open: Vec<&Schema> = document.roots().collect();
    let mut seen: HashSet<(&str, Discriminant<Kind>)> = HashSet::new();
    let mut all = Vec::new();
    while let Some(schema) = open.pop() {
        if seen.insert((&schema.at.pointer, discriminant(&schema.kind))) {
            open.extend(schema.children());
            all.push(schema);
        }
    }
    all
}

/// Component schemas that references and compositions lead back to with nothing in between: no value
/// of its own (a property, an item) begins on the way. What leads nowhere, and what nothing leads to, is
/// taken away until only circles are left.
fn endless(document: &Document) -> Vec<&Schema> {
    let edges: Vec<Vec<usize>> = document
        .schemas
        .values()
        .map(|schema| made_of(document, schema))
        .collect();
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for target in targets {
            back[*target].push(from);
        }
    }
    let mut left: Vec<bool> = vec![true; edges.len()];
    for (out, into) in [(&edges, &back), (&back, &edges)] {
        let mut degree: Vec<usize> = out
            .iter()
            .map(|targets| targets.iter().filter(|target| left[**target]).count())
            .collect();
        let mut ends: Vec<usize> = (0..out.len())
            .filter(|node| left[*node] && degree[*node] == 0)
            .collect();
        while let Some(node) = ends.pop() {
            left[node] = false;
            for from in into[node].iter().filter(|from| left[**from]) {
                degree[*from] = degree[*from].saturating_sub(1);
                if degree[*from] == 0 {
                    ends.push(*from);
                }
            }
        }
    }
    document
        .schemas
        .values()
        .zip(left)
        .filter(|(_, left)| *left)
        .map(|(schema, _)| schema)
        .collect()
}

/// The component schemas that a schema is, or may be, itself; by index.
fn made_of(document: &Document, schema: &Schema) -> Vec<usize> {
    let mut open = vec![schema];
    let mut targets = Vec::new();
    while let Some(schema) = open.pop() {
        match &schema.kind {
            Kind::Ref(target) => targets.extend(document.schemas.get_index_of(target)),
            Kind::OneOf { variants, .. } | Kind::AnyOf { variants, .. } => open.extend(variants),
            Kind::AllOf(parts) => open.extend(parts),
            _ => {}
        }
    }
    targets
}

/// The names in a path template, in order.
pub(super) fn template(path: &str) -> Result<Vec<&str>, &'static str> {
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

/// The template with its parameters' names blotted out.
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
