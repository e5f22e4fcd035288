//! A document as its author wrote it: a tree of nodes with their places. YAML and JSON read into the same tree, in the
//! order of the file; everything else is derived from it.

mod families;
mod json;
mod read;
mod tree;
mod weight;
mod written;
mod yaml;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Number, Value};

pub use read::{MOST_BYTES, read};
pub use tree::DEEPEST;
pub use weight::MOST_NODES;
pub use written::Written;

/// Line and column, counted from 1 (0: not from a file).
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Position {
    /// The file if it is not the document's main file; a document may consist of several files.
    pub file: Option<Arc<str>>,
    pub line: u32,
    pub column: u32,
}

/// A value with its place. Serialises as plain JSON in the order of the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    pub position: Position,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Content {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(IndexMap<String, Member>),
}

/// A member of a map: its value, and the place of its key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Member {
    pub key: Position,
    pub node: Node,
}

impl Node {
    pub fn as_map(&self) -> Option<&IndexMap<String, Member>> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match &self.content {
            Content::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<&Number> {
        match &self.content {
            Content::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The member of a map; None if there is none or this is not a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|member| &member.node)
    }

    /// The node that an RFC 6901 pointer names.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, token| {
                let token = unescape(token);
                match &node.content {
                    Content::Map(map) => map.get(&token).map(|member| &member.node),
                    Content::List(list) => list.get(token.parse::<usize>().ok()?),
                    _ => None,
                }
            })
    }

    /// The kind of this value for messages: "a map", "text" ...
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(list) => Value::Array(list.iter().map(Node::to_json).collect()),
            Content::Map(map) => Value::Object(
                map.iter()
                    .map(|(key, member)| (key.clone(), member.node.to_json()))
                    .collect(),
            ),
        }
    }

    /// A tree without places, for documents that code builds.
    pub fn from_json(value: &Value) -> Node {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(number) => Content::Number(number.clone()),
            Value::String(text) => Content::Text(text.clone()),
            Value::Array(list) => Content::List(list.iter().map(Node::from_json).collect()),
            Value::Object(map) => Content::Map(
                map.iter()
                    .map(|(key, value)| {
                        (
                            key.clone(),
                            Member {
                                key: Position::default(),
                                node: Node::from_json(value),
                            },
                        )
                    })
                    .collect(),
            ),
        };
        Node {
            position: Position::default(),
            content,
        }
    }
}

/// One token of a JSON pointer, escaped (RFC 6901).
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The opposite of [`escape`].
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(value) => serializer.serialize_bool(*value),
            Content::Number(number) => number.serialize(serializer),
            Content::Text(text) => serializer.serialize_str(text),
            Content::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                for node in list {
                    seq.serialize_element(node)?;
                }
                seq.end()
            }
            Content::Map(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, member) in map {
                    out.serialize_entry(key, &member.node)?;
                }
                out.end()
            }
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}
