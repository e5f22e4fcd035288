//! `allOf`: the parts of an object are merged to one object, which becomes one type and one check.

use crate::diagnostic::Diagnostics;
use crate::document::{Additional, Document, Kind, ObjectRules, Schema};

/// The deepest nesting of parts.
const DEEPEST: usize = 32;

/// The schema itself, or its merged `allOf`. Parts that are not objects are a finding.
pub fn merge(document: &Document, schema: &Schema, found: &mut Diagnostics) -> Schema {
    if !matches!(schema.kind, Kind::AllOf(_)) {
        return schema.clone();
    }
    let mut whole = Schema {
        kind: Kind::Any,
        ..schema.clone()
    };
    let mut rules = ObjectRules::default();
    add(document, schema, &mut whole, &mut rules, found, 0);
    let required = std::mem::take(&mut rules.required_elsewhere);
    for name in required {
        match rules.properties.get_mut(&name) {
            Some(property) => property.required = true,
            None => rules.required_elsewhere.push(name),
        }
    }
    whole.kind = Kind::Object(Box::new(rules));
    whole
}

fn add(
    document: &Document,
    part: &Schema,
    whole: &mut Schema,
    rules: &mut ObjectRules,
    found: &mut Diagnostics,
    depth: usize,
) {
    if depth > DEEPEST {
        let message = "`allOf` leads back to itself or is nested too deep";
        found.report(
            "all-of-cycle",
            &part.at,
            message,
            "name the properties in one schema",
        );
        return;
    }
    for (name, value) in &part.extensions {
        whole
            .extensions
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    match &part.kind {
        Kind::Any => {}
        Kind::Ref(name) => {
            if let Some(target) = document.schemas.get(name) {
                add(document, target, whole, rules, found, depth + 1);
            }
        }
        Kind::AllOf(parts) => {
            for part in parts {
                add(document, part, whole, rules, found, depth + 1);
            }
        }
        Kind::Object(more) => unite(rules, more),
        _ => found.report(
            "all-of-not-object",
            &part.at,
            "a part of `allOf` is not an object, so the parts cannot become one type",
            "leave `allOf` to objects, and write other rules in one schema",
        ),
    }
}

fn unite(rules: &mut ObjectRules, more: &ObjectRules) {
    for (name, property) in &more.properties {
        match rules.properties.get_mut(name) {
            Some(known) => {
                let required = known.required || property.required;
                *known = property.clone();
                known.required = required;
            }
            None => {
                rules.properties.insert(name.clone(), property.clone());
            }
        }
    }
    rules.additional = match (std::mem::take(&mut rules.additional), &more.additional) {
        (Additional::Unsaid, other) => other.clone(),
        (own, Additional::Unsaid | Additional::Allowed) => own,
        (_, other) => other.clone(),
    };
    rules.min_properties = rules.min_properties.max(more.min_properties);
    rules.max_properties = match (rules.max_properties, more.max_properties) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    rules
        .required_elsewhere
        .extend(more.required_elsewhere.iter().cloned());
}
