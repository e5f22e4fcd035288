//! The schemas of the parts of a value: all that may describe a property, an item or an unnamed member, whichever of
//! them applies. References count as well as their targets.

use crate::source::{Node, escape, unescape};

/// The most schemas of one value; no contract of people has so many.
const MOST: usize = 256;

/// A schema and its place.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) pointer: String,
    pub(super) node: &'a Node,
}

/// All schemas that describe one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Places<'a>(pub(super) Vec<Place<'a>>);

/// A place, and its target if it is a reference.
pub(super) fn followed<'a>(root: &'a Node, pointer: &str) -> Option<Vec<Place<'a>>> {
    let mut places = Vec::new();
    let mut pointer = pointer.to_owned();
    for _ in 0..32 {
        let node = root.at(&pointer)?;
        let next = node.get("$ref").and_then(Node::as_str).map(str::to_owned);
        places.push(Place { pointer, node });
        match next.as_deref().and_then(|text| text.strip_prefix('#')) {
            Some(there) => pointer = there.to_owned(),
            None => break,
        }
    }
    Some(places)
}

impl<'a> Places<'a> {
    /// All schemas that describe the value of the schema at `pointer`.
    pub(super) fn of(root: &'a Node, pointer: &str) -> Places<'a> {
        let mut places = Places::default();
        places.add(root, pointer.to_owned());
        places
    }

    fn add(&mut self, root: &'a Node, pointer: String) {
        let mut open = vec![pointer];
        while let Some(pointer) = open.pop() {
            if self.0.len() >= MOST || self.0.iter().any(|place| place.pointer == pointer) {
                continue;
            }
            let Some(node) = root.at(&pointer) else {
                continue;
            };
            if let Some(there) = node.get("$ref").and_then(Node::as_str)
                && let Some(there) = there.strip_prefix('#')
            {
                open.push(there.to_owned());
            }
            for keyword in ["allOf", "anyOf", "oneOf"] {
                let count = node
                    .get(keyword)
                    .and_then(Node::as_list)
                    .map_or(0, <[_]>::len);
                open.extend((0..count).map(|index| format!("{pointer}/{keyword}/{index}")));
            }
            for keyword in ["if", "then", "else"] {
                if node.get(keyword).is_some() {
                    open.push(format!("{pointer}/{keyword}"));
                }
            }
            self.0.push(Place { pointer, node });
        }
    }

    /// The schemas of the property with this name; empty if none names it.
    pub(super) fn property(&self, root: &'a Node, name: &str) -> Places<'a> {
        let mut found = Places::default();
        for place in &self.0 {
            let properties = place.node.get("properties");
            if properties.and_then(|map| map.get(name)).is_some() {
                found.add(
                    root,
                    format!("{}/properties/{}", place.pointer, escape(name)),
                );
            }
        }
        found
    }

    /// The schemas of items and of unnamed members.
    pub(super) fn any(&self, root: &'a Node) -> Places<'a> {
        let mut found = Places::default();
        for Place { pointer, node } in &self.0 {
            for keyword in ["items", "additionalProperties"] {
                if node.get(keyword).and_then(Node::as_map).is_some() {
                    found.add(root, format!("{pointer}/{keyword}"));
                }
            }
            for keyword in ["prefixItems", "patternProperties"] {
                let Some(node) = node.get(keyword) else {
                    continue;
                };
                for index in 0..node.as_list().map_or(0, <[_]>::len) {
                    found.add(root, format!("{pointer}/{keyword}/{index}"));
                }
                for name in node.as_map().into_iter().flat_map(|map| map.keys()) {
                    found.add(root, format!("{pointer}/{keyword}/{}", escape(name)));
                }
            }
        }
        found
    }

    /// Whether the property of this name has the type of a type parameter.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|place| place.node.get("x-type-parameter").and_then(Node::as_str) == Some(name))
    }

    /// The schemas to which a token of a pin's pointer leads.
    pub(super) fn step(&self, root: &'a Node, token: &str) -> Places<'a> {
        if token == "*" {
            return self.any(root);
        }
        let name = unescape(token);
        if let Some((name, record)) = name.strip_suffix(')').and_then(|name| name.split_once('('))
            && self.is_parameter(name)
        {
            return record_type(root, record);
        }
        self.property(root, &name)
    }
}

/// The fields of a built-in record type.
pub(super) fn record_type<'a>(root: &'a Node, record: &str) -> Places<'a> {
    let schemas = root.at("/components/schemas").and_then(Node::as_map);
    let found = schemas.into_iter().flatten().find(|(_, member)| {
        member.node.get("x-record-type").and_then(Node::as_str) == Some(record)
    });
    found.map_or_else(Places::default, |(name, _)| {
        Places::of(root, &format!("/components/schemas/{}", escape(name)))
    })
}
