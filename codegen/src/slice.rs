//! A consumer's part of a contract: its operations, and the components that they use. Slicing drops operations, never
//! properties: data that a consumer may not see needs its own schema.

use std::collections::{BTreeSet, VecDeque};

use indexmap::IndexMap;
use thiserror::Error;

use crate::document::{Applies, Document, Method, Operation};
use crate::source::{Content, Member, Node, unescape};

/// No `x-consumers` has this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no operation names the consumer `{consumer}` in x-consumers; there are: {}", .known.join(", "))]
pub struct UnknownConsumer {
    pub consumer: String,
    pub known: Vec<String>,
}

/// The consumers that the operations of a document name, in the order in which they first appear.
pub fn consumers(document: &Document) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for consumer in document
        .operations
        .iter()
        .flat_map(|operation| &operation.consumers)
    {
        if !known.contains(consumer) {
            known.push(consumer.clone());
        }
    }
    known
}

/// The document of one consumer, as a tree in the order of the source and with its places; read it with
/// [`Document::from_node`].
pub fn slice(document: &Document, consumer: &str) -> Result<Node, UnknownConsumer> {
    let known = consumers(document);
    if !known.iter().any(|name| name == consumer) {
        return Err(UnknownConsumer {
            consumer: consumer.to_owned(),
            known,
        });
    }
    let kept: Vec<&Operation> = document
        .operations
        .iter()
        .filter(|operation| operation.consumers.iter().any(|name| name == consumer))
        .collect();
    let Some(root) = document.source.as_map() else {
        return Ok(document.source.clone());
    };
    let paths = paths(document, &kept);
    let components = components(document, &paths, &kept);
    let mut sliced: IndexMap<String, Member> = IndexMap::new();
    for (key, member) in root {
        let node = match key.as_str() {
            "paths" => paths.clone(),
            "components" => components.clone(),
            "tags" => tags(&member.node, &kept),
            "x-error-codes" => only(&member.node, |code| is_answered(document, code, &kept)),
            "x-permissions" => only(&member.node, |name| {
                kept.iter()
                    .any(|operation| operation.permission.as_deref() == Some(name))
            }),
            // Webhooks have no consumers.
            "webhooks" => continue,
            _ => member.node.clone(),
        };
        sliced.insert(
            key.clone(),
            Member {
                key: member.key.clone(),
                node,
            },
        );
    }
    Ok(Node {
        position: document.source.position.clone(),
        content: Content::Map(sliced),
    })
}

/// The path items that still have an operation, with only these operations.
fn paths(document: &Document, kept: &[&Operation]) -> Node {
    let Some(paths) = document.source.get("paths") else {
        return Node::default();
    };
    let mut sliced = IndexMap::new();
    for (path, member) in paths.as_map().into_iter().flatten() {
        let methods: BTreeSet<&str> = kept
            .iter()
            .filter(|operation| operation.path == *path)
            .map(|operation| operation.method.as_str())
            .collect();
        if methods.is_empty() {
            continue;
        }
        let item = resolve(document, &member.node);
        let node = only(item, |key| {
            Method::parse(key).is_none_or(|method| methods.contains(method.as_str()))
        });
        sliced.insert(
            path.clone(),
            Member {
                key: member.key.clone(),
                node,
            },
        );
    }
    Node {
        position: paths.position.clone(),
        content: Content::Map(sliced),
    }
}

/// A path item, which may be a reference to one. The chains are short, since the reader has checked them.
fn resolve<'a>(document: &'a Document, item: &'a Node) -> &'a Node {
    let mut item = item;
    for _ in 0..32 {
        let target = item
            .get("$ref")
            .and_then(Node::as_str)
            .and_then(|text| text.strip_prefix('#'));
        match target.and_then(|pointer| document.source.at(pointer)) {
            Some(target) => item = target,
            None => break,
        }
    }
    item
}

fn components(document: &Document, paths: &Node, kept: &[&Operation]) -> Node {
    let Some(components) = document.source.get("components") else {
        return Node::default();
    };
    let mut reached: BTreeSet<(String, String)> = BTreeSet::new();
    let mut open: VecDeque<&Node> = VecDeque::new();
    let mut found: Vec<(String, String)> = Vec::new();
    references(paths, &mut found);
    let mut generic = false;
    loop {
        for (section, name) in found.drain(..) {
            let node = components
                .get(&section)
                .and_then(|section| section.get(&name));
            if let Some(node) = node
                && reached.insert((section, name))
            {
                generic |= node.get("x-type-parameter").is_some();
                open.push_back(node);
            }
        }
        match open.pop_front() {
            Some(node) => references(node, &mut found),
            // Types with a parameter stand for every record type, without naming them.
            None if generic => {
                generic = false;
                let schemas = components
                    .get("schemas")
                    .and_then(Node::as_map)
                    .into_iter()
                    .flatten();
                found.extend(
                    schemas
                        .filter(|(_, member)| member.node.get("x-record-type").is_some())
                        .map(|(name, _)| ("schemas".to_owned(), name.clone()))
                        .filter(|key| !reached.contains(key)),
                );
                if found.is_empty() {
                    break;
                }
            }
            None => break,
        }
    }
    let schemes: BTreeSet<&str> = kept
        .iter()
        .flat_map(|operation| &operation.security)
        .map(|requirement| requirement.scheme.as_str())
        .collect();
    let mut sliced = IndexMap::new();
    for (section, member) in components.as_map().into_iter().flatten() {
        let node = if section.starts_with("x-") {
            member.node.clone()
        } else {
            only(&member.node, |name| match section.as_str() {
                "securitySchemes" => schemes.contains(name),
                _ => reached.contains(&(section.clone(), name.to_owned())),
            })
        };
        if node.as_map().is_some_and(IndexMap::is_empty) {
            continue;
        }
        sliced.insert(
            section.clone(),
            Member {
                key: member.key.clone(),
                node,
            },
        );
    }
    Node {
        position: components.position.clone(),
        content: Content::Map(sliced),
    }
}

fn is_answered(document: &Document, code: &str, kept: &[&Operation]) -> bool {
    document
        .codes
        .get(code)
        .is_some_and(|entry| entry.applies == Applies::Router)
        || kept
            .iter()
            .any(|operation| operation.codes.iter().any(|known| known == code))
}

fn tags(tags: &Node, kept: &[&Operation]) -> Node {
    let list = tags.as_list().unwrap_or_default();
    let used = |tag: &&Node| {
        let name = tag.get("name").and_then(Node::as_str);
        kept.iter()
            .any(|operation| operation.tags.iter().any(|tag| Some(tag.as_str()) == name))
    };
    Node {
        position: tags.position.clone(),
        content: Content::List(list.iter().filter(used).cloned().collect()),
    }
}

/// A map with only the members whose key passes.
fn only(node: &Node, passes: impl Fn(&str) -> bool) -> Node {
    match &node.content {
        Content::Map(map) => {
            let members = map
                .iter()
                .filter(|(key, _)| passes(key))
                .map(|(key, member)| (key.clone(), member.clone()));
            Node {
                position: node.position.clone(),
                content: Content::Map(members.collect()),
            }
        }
        _ => node.clone(),
    }
}

/// The components that a part of a document refers to: section and name. Values in examples, defaults and enumerations
/// that look like references do not count.
fn references(node: &Node, found: &mut Vec<(String, String)>) {
    for item in node.as_list().into_iter().flatten() {
        references(item, found);
    }
    for (key, member) in node.as_map().into_iter().flatten() {
        let child = &member.node;
        match key.as_str() {
            "$ref" => found.extend(child.as_str().and_then(component)),
            "example" | "default" | "enum" | "const" | "value" => {}
            "examples" => {
                let named = child.as_map().into_iter().flatten();
                found.extend(
                    named.filter_map(|(_, entry)| component(entry.node.get("$ref")?.as_str()?)),
                );
            }
            "mapping" => {
                let targets = child
                    .as_map()
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, target)| target.node.as_str());
                found.extend(targets.map(|text| {
                    component(text).unwrap_or_else(|| ("schemas".to_owned(), text.to_owned()))
                }));
            }
            // Their keys are names, which may equal the keywords above.
            "properties" | "headers" | "responses" | "content" | "paths" => {
                for (_, named) in child.as_map().into_iter().flatten() {
                    references(&named.node, found);
                }
            }
            // A schema in an extension: that of the text of a parameter.
            "x-content-schema" => references(child, found),
            _ if key.starts_with("x-") => {}
            _ => references(child, found),
        }
    }
}

fn component(reference: &str) -> Option<(String, String)> {
    let (section, name) = reference.strip_prefix("#/components/")?.split_once('/')?;
    Some((section.to_owned(), unescape(name)))
}
