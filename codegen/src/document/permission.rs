//! The root's `x-permissions`: the meaning of the permissions, and the scope that grants each to a key.

use super::Document;
use crate::diagnostic::Location;
use crate::source::{Node, escape};

/// An entry of the root's `x-permissions`: its meaning as a text, or `{description, scope}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission<'d> {
    pub name: &'d str,
    /// None if it is not given.
    pub description: Option<&'d str>,
    /// The scope that grants it to a key. None: no scope does.
    pub scope: Option<&'d str>,
    /// Unknown keys of the entry.
    pub unknown: Vec<&'d str>,
    pub at: Location,
}

impl Document {
    /// All entries of `x-permissions`, in the order of the document.
    pub fn permissions(&self) -> Vec<Permission<'_>> {
        let registry = self.source.get("x-permissions").and_then(Node::as_map);
        let entries = registry.into_iter().flatten();
        entries
            .map(|(name, member)| {
                let text = |key| member.node.get(key).and_then(Node::as_str);
                let keys = member.node.as_map().into_iter().flatten();
                Permission {
                    name,
                    description: member.node.as_str().or_else(|| text("description")),
                    scope: text("scope"),
                    unknown: keys
                        .map(|(key, _)| key.as_str())
                        .filter(|key| !["description", "scope"].contains(key))
                        .collect(),
                    at: Location::of_node(
                        &self.at.file,
                        &member.key,
                        format!("/x-permissions/{}", escape(name)),
                    ),
                }
            })
            .collect()
    }
}
