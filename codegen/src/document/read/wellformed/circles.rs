//! Schemas that consist only of themselves.

use crate::document::{Document, Kind, Schema};

/// Component schemas to which references and compositions lead back without a property or item on the way. Schemas
/// without an outgoing or an incoming edge are removed until only circles are left.
pub(super) fn endless(document: &Document) -> Vec<&Schema> {
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

/// The component schemas that a schema itself is or may be, by index.
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
