//! Checks that need the whole document: duplicate ids, path templates and their parameters, bounds that allow no value,
//! invalid patterns, circular references.

mod circles;
mod constraints;
mod paths;

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};

use super::Reader;
use crate::diagnostic::Location;
use crate::document::{Document, Kind, MOST_HOPS, Schema};
use circles::endless;
use constraints::Patterns;

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
}

/// Every schema of the document, including inner ones; copies of a shared one only once. (The parts of a composed
/// schema share its place, so the kind distinguishes them.)
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
