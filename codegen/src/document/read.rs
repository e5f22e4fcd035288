//! Reads the model from the source tree. Faults are reported and skipped, so that one run finds all; code is generated
//! only from a document without findings.

mod codes;
mod content;
mod gone;
mod operations;
mod parameters;
mod place;
mod references;
mod root;
mod schemas;
mod security;
mod wellformed;

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Document;
use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::source::{Node, Written};
use place::Place;

/// The most parts (schemas, parameters, values of examples) of a document, after the targets of references to
/// parameters, headers and responses have been copied.
const MOST_PARTS: usize = 250_000;

/// The result of reading a source.
#[derive(Debug)]
pub struct Reading {
    /// The readable part of the contract; None if the source cannot be parsed at all.
    pub document: Option<Document>,
    /// Sorted by place; empty if and only if the document is well formed.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// Reads a well-formed OpenAPI 3.0 or 3.1 document, YAML or JSON; else returns all findings.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Document, Vec<Diagnostic>> {
        read(file, bytes).into_result()
    }

    /// The same for a contract that may be written in several files.
    pub fn of(written: Written) -> Result<Document, Vec<Diagnostic>> {
        reading(written).into_result()
    }

    /// The same for a tree that was parsed or built before. Nodes without a place are reported by pointer only.
    pub fn from_node(file: &str, source: Node) -> Result<Document, Vec<Diagnostic>> {
        let mut diagnostics = Diagnostics::default();
        let document = document(file, source, &mut diagnostics);
        Reading {
            document: Some(document),
            diagnostics: diagnostics.into_sorted(),
        }
        .into_result()
    }
}

impl Reading {
    fn into_result(self) -> Result<Document, Vec<Diagnostic>> {
        match self.document {
            Some(document) if self.diagnostics.is_empty() => Ok(document),
            _ => Err(self.diagnostics),
        }
    }
}

/// Reads as much as possible, for further findings on a document with faults.
pub fn read(file: &str, bytes: &[u8]) -> Reading {
    match Written::of_bytes(file, bytes) {
        Ok(written) => reading(written),
        Err(diagnostics) => Reading {
            document: None,
            diagnostics,
        },
    }
}

/// The same for a contract that may be written in several files.
pub fn reading(written: Written) -> Reading {
    let mut diagnostics = Diagnostics::default();
    diagnostics.extend(written.found);
    let document = document(&written.file, written.root, &mut diagnostics);
    Reading {
        document: Some(document),
        diagnostics: diagnostics.into_sorted(),
    }
}

fn document(file: &str, source: Node, diagnostics: &mut Diagnostics) -> Document {
    let file: Arc<str> = Arc::from(file);
    let mut reader = Reader {
        file,
        root: &source,
        dialect: Dialect::V31,
        diagnostics,
        parts: 0,
        schemes: BTreeSet::new(),
        unsupported: Vec::new(),
    };
    let mut document = reader.document();
    document.source = source;
    document
}

/// The form of OpenAPI of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V30,
    V31,
}

struct Reader<'a> {
    file: Arc<str>,
    root: &'a Node,
    dialect: Dialect,
    diagnostics: &'a mut Diagnostics,
    parts: usize,
    schemes: BTreeSet<String>,
    unsupported: Vec<(String, Location)>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Document {
        let root = Place::root(self.root);
        let at = self.at(&root);
        let is_map = self.map(&root).is_some();
        let openapi = if is_map {
            self.required_text(&root, "openapi").unwrap_or_default()
        } else {
            String::new()
        };
        self.dialect = if openapi.starts_with("3.0.") {
            Dialect::V30
        } else {
            Dialect::V31
        };
        if is_map
            && !openapi.is_empty()
            && !(openapi.starts_with("3.0.") || openapi.starts_with("3.1."))
        {
            self.report_at(
                "openapi-version",
                &root.child("openapi").unwrap_or_else(|| root.clone()),
                format!("OpenAPI {openapi} is not read here"),
                "write the contract as OpenAPI 3.1 (`openapi: 3.1.0`) or 3.0",
            );
        }
        self.known(
            &root,
            &[
                "openapi",
                "info",
                "jsonSchemaDialect",
                "servers",
                "paths",
                "components",
                "security",
                "tags",
                "externalDocs",
            ],
            &["webhooks"],
        );
        let info = self.required(&root, "info");
        let (title, version, description, media_type) = self.info(info.as_ref());
        let major = self.major(&version, info.as_ref());
        let components = root.child("components");
        if let Some(components) = &components {
            self.known(
                components,
                &[
                    "schemas",
                    "responses",
                    "parameters",
                    "examples",
                    "requestBodies",
                    "headers",
                    "securitySchemes",
                    "pathItems",
                ],
                &["links", "callbacks"],
            );
        }
        let section = |name: &str| {
            components
                .as_ref()
                .and_then(|components| components.child(name))
        };
        let security_schemes = self.security_schemes(section("securitySchemes"));
        self.schemes = security_schemes.keys().cloned().collect();
        let codes = self.codes(&root);
        let schemas = self.component_schemas(section("schemas"));
        let parameters = self.section(section("parameters"), |reader, place| {
            reader.parameter(place)
        });
        let headers = self.section(section("headers"), |reader, place| reader.header(place));
        let responses = self.section(section("responses"), |reader, place| reader.response(place));
        let operations = self.operations(&root, &codes);
        let mut document = Document {
            openapi,
            title,
            description,
            version,
            major,
            media_type,
            servers: self.servers(&root),
            tags: self.tags(&root),
            security_schemes,
            codes,
            schemas,
            parameters,
            headers,
            responses,
            operations,
            gone: self.gone(&root),
            unsupported: Vec::new(),
            source: Node::default(),
            at,
        };
        self.wellformed(&document);
        document.unsupported = std::mem::take(&mut self.unsupported);
        document
    }

    /// Reads the members of a section of `components`.
    fn section<T>(
        &mut self,
        section: Option<Place<'a>>,
        read: impl Fn(&mut Self, &Place<'a>) -> Option<T>,
    ) -> IndexMap<String, T> {
        let Some(section) = section else {
            return IndexMap::new();
        };
        let mut all = IndexMap::new();
        for (name, place) in self.members(&section) {
            self.component_name(&name, &place);
            if let Some(value) = read(self, &place) {
                all.insert(name, value);
            }
        }
        all
    }

    fn component_name(&mut self, name: &str, place: &Place<'a>) {
        let fits = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !fits {
            self.report_at(
                "component-name",
                place,
                format!(
                    "`{name}` is not a valid name of a component: OpenAPI allows A-Z a-z 0-9 . _ -"
                ),
                "rename it, and the references to it",
            );
        }
    }
}
