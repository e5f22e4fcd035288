//! Schemas: `nullable` for the type null, an enumeration of one value for `const`, flags for exclusive bounds, one
//! example, and `allOf` around a reference with other keywords.

use super::keywords::{SAME, is_annotation};
use super::{Map, Writer, content, member, text};
use crate::source::{Content, Node};

impl<'a> Writer<'a> {
    pub(super) fn schema(&mut self, schema: &'a Node) -> Node {
        match schema.as_bool() {
            Some(true) => return content(Content::Map(Map::new())),
            Some(false) => return not_anything(),
            None => {}
        }
        let Some(map) = schema.as_map() else {
            return schema.clone();
        };
        let mut out = Map::new();
        for (key, old) in map {
            let length = self.step(key);
            self.keyword(&mut out, schema, key, &old.node);
            self.pointer.truncate(length);
        }
        if out.get("type").and_then(|kind| kind.node.as_str()) == Some("array")
            && !out.contains_key("items")
        {
            put(&mut out, "items", content(Content::Map(Map::new())));
        }
        // 3.0 ignores keywords beside a reference.
        if out.len() > 1
            && let Some(position) = out.get_index_of("$ref")
            && let Some((_, reference)) = out.shift_remove_index(position)
        {
            let mut inner = Map::new();
            inner.insert("$ref".to_owned(), reference);
            also(&mut out, content(Content::Map(inner)));
        }
        content(Content::Map(out))
    }

    fn keyword(&mut self, out: &mut Map, schema: &'a Node, key: &str, node: &'a Node) {
        match key {
            "type" => self.kind(out, node),
            "const" => put(out, "enum", content(Content::List(vec![node.clone()]))),
            // The narrower of the two.
            "enum" if schema.get("const").is_some() => {}
            "examples" => {
                if let Some(first) = node.as_list().and_then(<[Node]>::first) {
                    put(out, "example", first.clone());
                }
            }
            "example" => put(out, "example", node.clone()),
            "exclusiveMinimum" => self.bound(out, schema, ["minimum", key], node, |a, b| a >= b),
            "exclusiveMaximum" => self.bound(out, schema, ["maximum", key], node, |a, b| a <= b),
            "minimum" | "maximum" => {
                if !out.contains_key(key) {
                    put(out, key, node.clone());
                }
            }
            "properties" => {
                let written = self.each_named(node);
                put(out, key, written);
            }
            "items" | "not" => {
                let written = self.schema(node);
                put(out, key, written);
            }
            "additionalProperties" => {
                let written = match node.as_bool() {
                    Some(_) => node.clone(),
                    None => self.schema(node),
                };
                put(out, key, written);
            }
            "allOf" => {
                let parts = self.list(node, Writer::schema);
                for part in parts.as_list().unwrap_or_default() {
                    also(out, part.clone());
                }
            }
            "oneOf" | "anyOf" => self.union(out, key, node),
            "contentMediaType" => put(out, "x-content-media-type", node.clone()),
            "contentEncoding" => put(out, "x-content-encoding", node.clone()),
            "contentSchema" => {
                let written = self.schema(node);
                put(out, "x-content-schema", written);
            }
            "$comment" => put(out, "x-comment", node.clone()),
            _ if SAME.contains(&key) || is_annotation(key) => put(out, key, node.clone()),
            _ => self.refuse(
                node,
                &format!("OpenAPI 3.0 has no `{key}`"),
                "say it with properties, enumerations and oneOf, or in the description",
            ),
        }
    }

    /// Names of properties are not keywords, not even those that begin with `x-`.
    fn each_named(&mut self, node: &'a Node) -> Node {
        self.members(node, |writer, _, node| Some(writer.schema(node)))
    }

    fn kind(&mut self, out: &mut Map, node: &'a Node) {
        let names: Vec<&str> = match node.as_list() {
            Some(list) => list.iter().filter_map(Node::as_str).collect(),
            None => node.as_str().into_iter().collect(),
        };
        let kinds: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| *name != "null")
            .collect();
        let null = kinds.len() < names.len();
        match kinds.as_slice() {
            [] => put(out, "enum", content(Content::List(vec![Node::default()]))),
            [only] => put(out, "type", text(only)),
            several => {
                let of = |kind: &&str| {
                    let mut branch = Map::new();
                    put(&mut branch, "type", text(kind));
                    if *kind == "array" {
                        put(&mut branch, "items", content(Content::Map(Map::new())));
                    }
                    if null {
                        put(&mut branch, "nullable", content(Content::Bool(true)));
                    }
                    content(Content::Map(branch))
                };
                let branches = several.iter().map(of).collect();
                unite(out, "anyOf", content(Content::List(branches)));
                return;
            }
        }
        if null {
            put(out, "nullable", content(Content::Bool(true)));
        }
    }

    /// Null among the variants becomes `nullable` of the union.
    fn union(&mut self, out: &mut Map, key: &str, node: &'a Node) {
        let is_null = |variant: &&Node| variant.get("type").and_then(Node::as_str) == Some("null");
        let null = node
            .as_list()
            .unwrap_or_default()
            .iter()
            .any(|variant| is_null(&variant));
        let written = self.list(node, Writer::schema);
        let pairs = node
            .as_list()
            .unwrap_or_default()
            .iter()
            .zip(written.as_list().unwrap_or_default());
        let mut variants: Vec<Node> = pairs
            .filter(|(variant, _)| !is_null(variant))
            .map(|(_, written)| written.clone())
            .collect();
        match (variants.len(), null) {
            (1, true) => also(out, variants.remove(0)),
            _ => unite(out, key, content(Content::List(variants))),
        }
        if null {
            put(out, "nullable", content(Content::Bool(true)));
        }
    }

    /// 3.0 has one bound and a flag; of two bounds the narrower one is kept.
    fn bound(
        &mut self,
        out: &mut Map,
        schema: &'a Node,
        [inclusive, flag]: [&str; 2],
        node: &'a Node,
        narrower: impl Fn(f64, f64) -> bool,
    ) {
        let value = |node: &Node| node.as_number().and_then(serde_json::Number::as_f64);
        let beside = schema.get(inclusive).and_then(value);
        if value(node)
            .zip(beside)
            .is_none_or(|(exclusive, inclusive)| narrower(exclusive, inclusive))
        {
            put(out, inclusive, node.clone());
            put(out, flag, content(Content::Bool(true)));
        }
    }
}

fn put(out: &mut Map, key: &str, node: Node) {
    out.insert(key.to_owned(), member(node));
}

/// Adds a part that must match too.
fn also(out: &mut Map, part: Node) {
    let parts = out
        .entry("allOf".to_owned())
        .or_insert_with(|| member(content(Content::List(Vec::new()))));
    if let Content::List(parts) = &mut parts.node.content {
        parts.push(part);
    }
}

/// Adds a union; a second one with the same keyword must match too.
fn unite(out: &mut Map, key: &str, variants: Node) {
    if !out.contains_key(key) {
        put(out, key, variants);
        return;
    }
    let mut part = Map::new();
    put(&mut part, key, variants);
    also(out, content(Content::Map(part)));
}

fn not_anything() -> Node {
    let mut out = Map::new();
    put(&mut out, "not", content(Content::Map(Map::new())));
    content(Content::Map(out))
}
