//! The published documents of a contract: each version, whole and per consumer, in both forms of OpenAPI and as a page,
//! in the order of the source. The whole one in YAML and 3.1 is the source itself, comments included.

use crate::diagnostic::Diagnostics;
use crate::document::Document;
use crate::openapi30::openapi30;
use crate::page::{Pages, page};
use crate::slice;
use crate::source::Node;

/// One version for one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub version: u32,
    /// None: the whole contract.
    pub consumer: Option<String>,
    pub json: String,
    pub yaml: String,
    pub json_3_0: String,
    pub yaml_3_0: String,
    pub page: String,
}

/// A version, and its source text.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub document: &'a Document,
    pub text: &'a str,
}

/// For each version, the lowest first, the whole contract and then each consumer's part.
pub fn publish(versions: &[Source<'_>]) -> (Vec<Publication>, Diagnostics) {
    let mut found = Diagnostics::default();
    let mut publications = Vec::new();
    let numbers: Vec<u32> = versions
        .iter()
        .map(|source| source.document.major)
        .collect();
    for source in versions {
        let consumers = slice::consumers(source.document);
        for consumer in
            std::iter::once(None).chain(consumers.iter().map(|name| Some(name.as_str())))
        {
            let pages = Pages {
                consumer,
                consumers: &consumers,
                versions: &numbers,
            };
            publications.extend(publication(*source, pages, &mut found));
        }
    }
    (publications, found)
}

fn publication(
    source: Source<'_>,
    pages: Pages<'_>,
    found: &mut Diagnostics,
) -> Option<Publication> {
    let whole = source.document;
    let sliced = match pages.consumer {
        Some(consumer) => {
            let node = slice::slice(whole, consumer).ok()?;
            Some(Document::from_node(&whole.at.file, node))
        }
        None => None,
    };
    let document = match &sliced {
        Some(Ok(sliced)) => sliced,
        Some(Err(diagnostics)) => {
            found.extend(diagnostics.clone());
            return None;
        }
        None => whole,
    };
    let node_3_0 = match openapi30(&document.source, &document.at) {
        Ok(node) => node,
        Err(diagnostics) => {
            found.extend(diagnostics);
            return None;
        }
    };
    let (json, yaml) = texts(&document.source, document, found)?;
    let (json_3_0, yaml_3_0) = texts(&node_3_0, document, found)?;
    Some(Publication {
        version: whole.major,
        consumer: pages.consumer.map(str::to_owned),
        json,
        yaml: if pages.consumer.is_none() {
            source.text.to_owned()
        } else {
            yaml
        },
        json_3_0,
        yaml_3_0,
        page: page(document, pages),
    })
}

fn texts(node: &Node, document: &Document, found: &mut Diagnostics) -> Option<(String, String)> {
    let json = serde_json::to_string(node).map_err(|error| error.to_string());
    let yaml = serde_norway::to_string(node).map_err(|error| error.to_string());
    match json.and_then(|json| Ok((json, yaml?))) {
        Ok(texts) => Some(texts),
        Err(message) => {
            found.report(
                "generator",
                &document.at,
                format!("the document cannot be printed: {message}"),
                "report this: the generator failed on a valid document",
            );
            None
        }
    }
}
