//! Finds a pin in a contract: the places that describe it, so that findings can name the consumers that they affect.

use std::collections::HashMap;

use super::schemas::{Places, followed};
use super::{Element, Pin};
use crate::document::{Method, template};
use crate::source::{Node, escape};

/// The places of a contract that describe a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The operation, as the contract writes it.
    pub method: Method,
    pub path: String,
    /// JSON pointers, the nearest first: the thing itself, and its other descriptions.
    pub places: Vec<String>,
}

/// An operation and its place.
pub(super) struct Called<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) pointer: String,
    pub(super) node: &'a Node,
}

/// A contract in which pins are looked up.
pub struct Contract<'a> {
    root: &'a Node,
    by_id: HashMap<&'a str, Called<'a>>,
}

impl<'a> Contract<'a> {
    pub fn new(root: &'a Node) -> Contract<'a> {
        let by_id = operations(root)
            .filter_map(|called| Some((called.id()?, called)))
            .collect();
        Contract { root, by_id }
    }

    /// The places of a pin; None if the contract does not have it.
    pub fn find(&self, pin: &Pin) -> Option<Found> {
        let called = self.by_id.get(pin.operation.as_str())?;
        let places = called.places(self.root, &pin.element)?;
        Some(Found {
            method: called.method,
            path: called.path.to_owned(),
            places,
        })
    }

    /// The `operationId` of an operation in this contract: the same id, or the id that its method and path have now.
    pub(crate) fn operation_of(&self, id: &str, method: Method, path: &str) -> Option<String> {
        if self.by_id.contains_key(id) {
            return Some(id.to_owned());
        }
        let path = template(path);
        let there = self
            .by_id
            .values()
            .find(|called| called.method == method && template(called.path) == path);
        there.and_then(Called::id).map(str::to_owned)
    }
}

/// All operations of a contract.
pub(super) fn operations(root: &Node) -> impl Iterator<Item = Called<'_>> {
    let paths = root.get("paths").and_then(Node::as_map);
    paths.into_iter().flatten().flat_map(move |(path, _)| {
        let item = followed(root, &format!("/paths/{}", escape(path)));
        item.and_then(|mut places| places.pop())
            .into_iter()
            .flat_map(move |item| {
                let map = item.node.as_map();
                map.into_iter().flatten().filter_map(move |(key, member)| {
                    Some(Called {
                        method: Method::parse(key)?,
                        path,
                        pointer: format!("{}/{key}", item.pointer),
                        node: &member.node,
                    })
                })
            })
    })
}

impl<'a> Called<'a> {
    pub(super) fn id(&self) -> Option<&'a str> {
        self.node.get("operationId").and_then(Node::as_str)
    }

    pub(super) fn places(&self, root: &'a Node, element: &Element) -> Option<Vec<String>> {
        match element {
            Element::Operation => {
                let mut places = vec![self.pointer.clone()];
                // Descriptions of a whole body belong to the operation.
                let bodies = std::iter::once(self.request(root));
                let bodies =
                    bodies.chain(self.statuses().map(|status| self.response(root, status)));
                places.extend(bodies.flat_map(|body| pointers(&body)));
                Some(places)
            }
            Element::Parameter(name) => self.parameter(root, name),
            Element::Sent(property) => property_of(root, self.request(root), property),
            Element::Read { status, property } => {
                property_of(root, self.response(root, status), property)
            }
            Element::Code(code) => self.code(root, code),
        }
    }

    /// The statuses under `responses`.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let map = self.node.get("responses").and_then(Node::as_map);
        map.into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }

    /// The schemas of a request's body.
    pub(super) fn request(&self, root: &'a Node) -> Places<'a> {
        bodies(root, &format!("{}/requestBody", self.pointer))
    }

    /// The key under `responses` for a status: the status itself, its range, or `default`.
    pub(super) fn answer(&self, status: &str) -> Option<&'a str> {
        let range = format!("{}XX", status.get(..1).unwrap_or_default());
        [status, &range, "default"].into_iter().find_map(|wanted| {
            self.statuses()
                .find(|known| known.eq_ignore_ascii_case(wanted))
        })
    }

    /// The schemas of an answer's body.
    pub(super) fn response(&self, root: &'a Node, status: &str) -> Places<'a> {
        match self.answer(status) {
            Some(key) => bodies(root, &format!("{}/responses/{}", self.pointer, escape(key))),
            None => Places::default(),
        }
    }

    /// The places of a parameter such as `query limit`, of the operation or of its path.
    pub(super) fn parameter(&self, root: &'a Node, name: &str) -> Option<Vec<String>> {
        let item = self.pointer.rsplit_once('/').map(|(item, _)| item)?;
        let (place, name) = name.split_once(' ')?;
        for owner in [self.pointer.as_str(), item] {
            let list = root
                .at(&format!("{owner}/parameters"))
                .and_then(Node::as_list);
            for index in 0..list.map_or(0, <[_]>::len) {
                let mut all = followed(root, &format!("{owner}/parameters/{index}"))?;
                let last = all.last()?;
                let text = |key: &str| last.node.get(key).and_then(Node::as_str);
                let is_name = text("name").is_some_and(|other| {
                    other == name || place == "header" && other.eq_ignore_ascii_case(name)
                });
                if is_name && text("in") == Some(place) {
                    let schema = format!("{}/schema", last.pointer);
                    let schema = Places::of(root, &schema);
                    let mut found: Vec<String> = all.drain(..).map(|at| at.pointer).collect();
                    found.extend(pointers(&schema));
                    return Some(found);
                }
            }
        }
        None
    }

    /// The places of a code: one of the operation's own, or an implied one of the registry.
    fn code(&self, root: &'a Node, code: &str) -> Option<Vec<String>> {
        let registry = format!("/x-error-codes/{}", escape(code));
        let entry = root.at(&registry)?;
        let own = self.node.get("x-error-codes").and_then(Node::as_list);
        let index = own.and_then(|own| own.iter().position(|item| item.as_str() == Some(code)));
        let implied = entry.get("applies").and_then(Node::as_str);
        match index {
            Some(index) => Some(vec![
                format!("{}/x-error-codes/{index}", self.pointer),
                registry,
            ]),
            None if implied.is_some_and(|applies| applies != "own") => Some(vec![registry]),
            None => None,
        }
    }
}

fn property_of<'a>(root: &'a Node, body: Places<'a>, property: &str) -> Option<Vec<String>> {
    let mut here = body;
    for token in property.strip_prefix('/')?.split('/') {
        here = here.step(root, token);
    }
    (!here.0.is_empty()).then(|| pointers(&here))
}

/// The schemas under all media types of a request body or response.
fn bodies<'a>(root: &'a Node, pointer: &str) -> Places<'a> {
    let mut found = Places::default();
    let Some(body) = followed(root, pointer).and_then(|mut places| places.pop()) else {
        return found;
    };
    let content = body.node.get("content").and_then(Node::as_map);
    for media in content.into_iter().flat_map(|map| map.keys()) {
        let schema = format!("{}/content/{}/schema", body.pointer, escape(media));
        found.0.extend(Places::of(root, &schema).0);
    }
    found
}

fn pointers(places: &Places<'_>) -> Vec<String> {
    places.0.iter().map(|place| place.pointer.clone()).collect()
}
