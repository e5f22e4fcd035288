//! Every schema of a document once, with the context that rules need: the property that has it, and whether it is used
//! in requests, in answers, or both.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use crate::document::{Document, Kind, Schema};

pub(super) struct Site<'d> {
    pub(super) schema: &'d Schema,
    /// The name of the property, and its object.
    pub(super) property: Option<(&'d str, &'d Schema)>,
    /// Part of a request: a body or a parameter.
    pub(super) asked: bool,
    /// Part of an answer: a body or a header.
    pub(super) answered: bool,
    /// Part of an answer's header, which may have the form of an RFC.
    pub(super) header: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Use {
    asked: bool,
    answered: bool,
    header: bool,
}

impl Use {
    fn covers(self, other: Use) -> bool {
        (self.asked || !other.asked)
            && (self.answered || !other.answered)
            && (self.header || !other.header)
    }
}

type Key<'d> = (&'d str, Discriminant<Kind>);
type Open<'d> = Vec<(&'d Schema, Option<(&'d str, &'d Schema)>, Use)>;

pub(super) fn of(document: &Document) -> Vec<Site<'_>> {
    let mut sites: Vec<Site<'_>> = Vec::new();
    let mut index: HashMap<Key<'_>, usize> = HashMap::new();
    let mut open: Open<'_> = Vec::new();
    start(document, &mut open);
    while let Some((schema, property, usage)) = open.pop() {
        // The parts of a composed schema share its place; their kind distinguishes them.
        let key = (schema.at.pointer.as_str(), discriminant(&schema.kind));
        let known = index.get(&key).and_then(|known| sites.get_mut(*known));
        match known {
            Some(site) => {
                let before = Use {
                    asked: site.asked,
                    answered: site.answered,
                    header: site.header,
                };
                if before.covers(usage) {
                    continue;
                }
                site.asked |= usage.asked;
                site.answered |= usage.answered;
                site.header |= usage.header;
            }
            None => {
                index.insert(key, sites.len());
                let Use {
                    asked,
                    answered,
                    header,
                } = usage;
                sites.push(Site {
                    schema,
                    property,
                    asked,
                    answered,
                    header,
                });
            }
        }
        match &schema.kind {
            Kind::Ref(name) => open.extend(
                document
                    .schemas
                    .get(name)
                    .map(|target| (target, None, usage)),
            ),
            Kind::Object(rules) => {
                let named = rules.properties.iter();
                open.extend(
                    named
                        .map(|(name, inner)| (&inner.schema, Some((name.as_str(), schema)), usage)),
                );
                if let crate::document::Additional::Schema(inner) = &rules.additional {
                    open.push((inner, None, usage));
                }
            }
            // A variant or part has the context of the whole.
            Kind::OneOf { .. } | Kind::AnyOf { .. } | Kind::AllOf(_) => {
                open.extend(
                    schema
                        .children()
                        .into_iter()
                        .map(|child| (child, property, usage)),
                );
            }
            _ => open.extend(
                schema
                    .children()
                    .into_iter()
                    .map(|child| (child, None, usage)),
            ),
        }
    }
    sites
}

fn start<'d>(document: &'d Document, open: &mut Open<'d>) {
    let asked = Use {
        asked: true,
        ..Use::default()
    };
    let answered = Use {
        answered: true,
        ..Use::default()
    };
    let header = Use {
        answered: true,
        header: true,
        ..Use::default()
    };
    open.extend(
        document
            .schemas
            .values()
            .map(|schema| (schema, None, Use::default())),
    );
    open.extend(
        document
            .parameters
            .values()
            .map(|parameter| (&parameter.schema, None, asked)),
    );
    open.extend(
        document
            .headers
            .values()
            .map(|shared| (&shared.schema, None, header)),
    );
    let responses = document
        .operations
        .iter()
        .flat_map(|operation| operation.responses.values());
    for response in document.responses.values().chain(responses) {
        open.extend(
            response
                .headers
                .values()
                .map(|own| (&own.schema, None, header)),
        );
        let bodies = response
            .content
            .values()
            .filter_map(|media| media.schema.as_ref());
        open.extend(bodies.map(|schema| (schema, None, answered)));
    }
    for operation in &document.operations {
        open.extend(
            operation
                .parameters
                .iter()
                .map(|parameter| (&parameter.schema, None, asked)),
        );
        let bodies = operation
            .body
            .iter()
            .flat_map(|body| body.content.values())
            .filter_map(|media| media.schema.as_ref());
        open.extend(bodies.map(|schema| (schema, None, asked)));
    }
}
