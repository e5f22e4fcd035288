//! The server of one version: for each tag its requests, responses and errors, a trait with a method per operation and
//! no default bodies, and the router from bytes to handlers and back.

mod codes;
mod deprecations;
mod errors;
mod failures;
mod gone;
mod operations;
mod parameters;
mod properties;
mod requests;
mod responses;
mod routes;
mod traits;
mod translations;
mod uses;
mod validation;

use std::collections::HashSet;

use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::quote;

pub use codes::codes;
use deprecations::Deprecations;
use parameters::Parameters;
pub use translations::Asked;
use uses::Uses;

use super::shapes::{Shapes, references};
use super::versions::{self, OperationParts, Part, Version, Way, shared_types};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Operation};
use crate::names;

/// The module `server`, and its parts, which an older version may share.
pub fn server(
    shapes: &Shapes<'_>,
    newer: Option<&Version>,
    shared: &HashSet<String>,
    found: &mut Diagnostics,
) -> (TokenStream, Made) {
    let document = shapes.document;
    let deprecations = Deprecations::of(shapes);
    let uses = Uses::of(shapes, &deprecations);
    let scope = Scope {
        shapes,
        deprecations: &deprecations,
        uses: &uses,
    };
    let checks = validation::checks(&scope, found);
    let shared_checks = match newer {
        Some(newer) => shared_types(&newer.checks, &checks),
        None => HashSet::new(),
    };
    let parameters = Parameters::of(&scope, found);
    let (noted, noting): (HashSet<&str>, Vec<TokenStream>) = document
        .operations
        .iter()
        .filter_map(|operation| Some((operation.id.as_str(), responses::uses(&scope, operation)?)))
        .unzip();
    let mut parts: IndexMap<String, OperationParts> = IndexMap::new();
    for operation in &document.operations {
        let statics = parameters.of_operation(operation);
        let leans_on: TokenStream = parameters.items(statics).cloned().collect();
        let way = Way {
            data: Part::new(operations::one(operation, &deprecations), []),
            read: Part::leaning(
                requests::read(&scope, operation, statics, found),
                &leans_on,
                validation::asked(operation).flat_map(references),
            ),
            noted: noted.contains(operation.id.as_str()),
            served_by: document.major,
        };
        let mut own = parts_of(shapes, operation, way, newer, shared, found);
        if let Some(there) = newer.and_then(|newer| newer.operations.get(&operation.id))
            && own.handled_by == there.handled_by
            && is_same_way(&own.way, &there.way, &checks, &shared_checks)
        {
            own.way.served_by = there.way.served_by;
        }
        parts.insert(operation.id.clone(), own);
    }
    let tags = document.tags_in_use();
    for tag in &tags {
        if RESERVED.contains(&names::value_name(tag).as_str()) {
            let message = format!("`{tag}` is the name of a module of the generated code");
            found.report(
                "tag-reserved",
                &document.at,
                message,
                "call the tag otherwise",
            );
        }
    }
    let modules = tags
        .iter()
        .map(|tag| module(document, tag, &parts, newer, shared));
    let traits = tags
        .iter()
        .filter_map(|tag| traits::handlers(document, tag, &parts));
    let own = || {
        let served_here = |operation: &&Operation| {
            let parts = parts.get(&operation.id);
            parts.is_some_and(|parts| parts.way.served_by == document.major)
        };
        document.operations.iter().filter(served_here)
    };
    let read = own().filter_map(|operation| Some(&parts.get(&operation.id)?.way.read.tokens));
    let routes = routes::routes(shapes, &parts, found);
    let statics = operations::module(document, &parts);
    let of_parameters = parameters.module(own(), |part| {
        let newer = newer?;
        let there = newer.parameters.values().any(|there| {
            part.is_same(there, &shared_checks)
                && !tells(part)
                && !reached(part, &checks).any(tells)
        });
        there.then(|| server_of(newer.major))
    });
    let of_checks = validation::module(shapes, &checks, own(), |name| {
        let part = checks.get(name)?;
        let newer = newer.filter(|_| shared_checks.contains(name))?;
        let stays = tells(part) || reached(part, &checks).any(tells);
        (!stays).then(|| server_of(newer.major))
    });
    let of_properties = properties::properties(shapes, shared);
    let uses = uses.module(&noting);
    let deprecations = deprecations.module();
    let removed = gone::removed(document);
    let tokens = quote! {
        use super::types;
        #[allow(unused_imports)]
        use ::crm_runtime::server::Problem;

        #statics
        #deprecations
        #removed
        #(#modules)*
        #(#traits)*
        #routes

        /// Reads and checks requests; a problem lists all failures of one.
        #[allow(unused_imports, unused_variables)]
        mod read {
            use super::{checks, deprecations, parameters, types};
            use ::crm_runtime::pattern;
            use ::crm_runtime::server::{
                Asked, Body, GateCode, Problem, check, check::{Bound, Count, Rule},
            };

            #(#read)*
        }

        #of_parameters
        #of_checks
        #of_properties
        #uses
    };
    let made = Made {
        checks,
        parameters: parameters.statics,
        operations: parts,
    };
    (tokens, made)
}

/// The parts of a server.
pub struct Made {
    /// By name of the schema.
    pub checks: IndexMap<String, Part>,
    /// By name of the static.
    pub parameters: IndexMap<String, Part>,
    /// By id of the operation.
    pub operations: IndexMap<String, OperationParts>,
}

/// Whether requests come and answers go in the same way in a newer version. What tells of something that is
/// going away belongs to its version.
fn is_same_way(
    here: &Way,
    there: &Way,
    checks: &IndexMap<String, Part>,
    shared_checks: &HashSet<String>,
) -> bool {
    !here.noted
        && !there.noted
        && here.data.is_same(&there.data, shared_checks)
        && here.read.is_same(&there.read, shared_checks)
        && !tells(&here.data)
        && !tells(&here.read)
        && !reached(&here.read, checks).any(tells)
}

/// Whether a part tells of something that is going away.
fn tells(part: &Part) -> bool {
    part.names_module("deprecations")
}

/// The module `server` of another version.
fn server_of(major: u32) -> TokenStream {
    let version = versions::module(major);
    quote!(crate::#version::server)
}

/// The checks that a part leads to.
fn reached<'c>(part: &Part, checks: &'c IndexMap<String, Part>) -> impl Iterator<Item = &'c Part> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut found = Vec::new();
    let mut waiting: Vec<&'c Part> = Vec::new();
    let mut next = Some(part);
    while let Some(part) = next {
        for name in part.references() {
            if let Some((name, check)) = checks.get_key_value(name)
                && seen.insert(name)
            {
                waiting.push(check);
                found.push(check);
            }
        }
        next = waiting.pop();
    }
    found.into_iter()
}

/// The modules beside those of the tags.
const RESERVED: &[&str] = &[
    "checks",
    "deprecations",
    "operations",
    "parameters",
    "read",
    "removed",
    "serve",
    "types",
    "uses",
];

/// The input for the parts of a server.
struct Scope<'a, 'd> {
    shapes: &'a Shapes<'d>,
    deprecations: &'a Deprecations,
    uses: &'a Uses<'a, 'd>,
}

/// The generated parts of an operation, and the version that handles it: a newer one if all of its parts are equal
/// there.
fn parts_of(
    shapes: &Shapes<'_>,
    operation: &Operation,
    way: Way,
    newer: Option<&Version>,
    shared: &HashSet<String>,
    found: &mut Diagnostics,
) -> OperationParts {
    let asked = validation::asked(operation).flat_map(references);
    let answered: Vec<&str> = operation
        .successes()
        .flat_map(|(_, response)| response.schemas())
        .flat_map(references)
        .collect();
    let failed: Vec<&str> = operation
        .failures()
        .iter()
        .flat_map(|(_, response)| response.schemas())
        .flat_map(references)
        .collect();
    let errors = errors::errors(shapes.document, operation);
    let failures = failures::failures(shapes, operation, found);
    let mut parts = OperationParts {
        request: Part::new(requests::request(shapes, operation), asked),
        asked: translations::asked(shapes, operation),
        response: Part::new(responses::responses(shapes, operation, found), answered),
        error: Part::new(quote!(#errors #failures), failed),
        handled_by: shapes.document.major,
        way,
    };
    let there = newer.and_then(|newer| newer.operations.get(&operation.id));
    if let Some(there) = there
        && parts
            .all()
            .iter()
            .zip(there.all())
            .all(|(here, there)| here.is_same(there, shared))
    {
        parts.handled_by = there.handled_by;
    }
    parts
}

fn module(
    document: &Document,
    tag: &str,
    parts: &IndexMap<String, OperationParts>,
    newer: Option<&Version>,
    shared: &HashSet<String>,
) -> TokenStream {
    let ident = names::value_ident(tag);
    let docs = super::doc_lines(&format!("Requests, responses and errors of `{tag}`."));
    let mut items = Vec::new();
    for operation in document.operations_of(tag) {
        let Some(parts) = parts.get(&operation.id) else {
            continue;
        };
        let there =
            newer.and_then(|newer| Some((newer.major, newer.operations.get(&operation.id)?)));
        for (place, part) in parts.all().into_iter().enumerate() {
            let same = there.filter(|(_, there)| {
                there
                    .all()
                    .get(place)
                    .is_some_and(|other| part.is_same(other, shared))
            });
            items.push(match same {
                Some((major, _)) => {
                    let version = versions::module(major);
                    part.named(&quote!(crate::#version::server::#ident))
                }
                None => part.tokens.clone(),
            });
        }
        if let Some((major, there)) = there
            && !parts.request.is_same(&there.request, shared)
        {
            let server = server_of(major);
            let (older, newer) = (&parts.asked, &there.asked);
            items.extend(translations::translation(
                operation, older, newer, &server, shared,
            ));
        }
    }
    quote! {
        #docs
        pub mod #ident {
            #[allow(unused_imports)]
            use super::types;

            #(#items)*
        }
    }
}

/// The name of what belongs to an operation: `CreateRequest`, `CreateError`.
fn name_of(operation: &Operation, what: &str) -> proc_macro2::Ident {
    names::ident(&format!("{}{what}", names::type_name(&operation.name)))
}
