//! The edits that make a contract generatable, reported with the place and the operation.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::document::Method;
use crate::source::{Node, Position, unescape};

pub(super) struct Edit {
    file: Arc<str>,
    pub(super) found: Diagnostics,
    /// Names that are taken by schemas.
    pub(super) schemas: Vec<String>,
    /// The operations that document the bodies of their failures.
    pub(super) failures: Vec<String>,
    /// The schema that is answered instead.
    pub(super) problem: String,
}

impl Edit {
    pub(super) fn new(file: &str, root: &Node) -> Edit {
        let schemas: Vec<String> = root
            .at("/components/schemas")
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect();
        let mut problem = "Problem".to_owned();
        let is_taken = |name: &str| {
            let name = crate::names::type_name(name);
            schemas
                .iter()
                .any(|known| crate::names::type_name(known) == name)
        };
        while is_taken(&problem) {
            problem.insert_str(0, "Generated");
        }
        Edit {
            problem,
            file: Arc::from(file),
            found: Diagnostics::default(),
            schemas,
            failures: Vec::new(),
        }
    }

    fn at(&self, root: &Node, pointer: &str) -> Location {
        let position = root
            .at(pointer)
            .map_or_else(Position::default, |node| node.position.clone());
        Location::of_node(&self.file, &position, pointer)
    }

    /// Reports that something is generated differently from the document.
    pub(super) fn say(
        &mut self,
        root: &Node,
        pointer: &str,
        rule: &'static str,
        message: &str,
        mend: &str,
    ) {
        let at = self.at(root, pointer);
        let message = format!("{}: {message}", name(pointer));
        self.found.push(Diagnostic::new(rule, &at, message, mend));
    }

    /// Adds one finding for all operations that document their failures.
    pub(super) fn tell_failures(&mut self, root: &Node) {
        let Some(first) = self.failures.first().cloned() else {
            return;
        };
        let others = self.failures.len() - 1;
        let message = format!(
            "what the generated server refuses by itself is answered as `code`, `message` and `context`, \
             not as documented, here and in {others} other operations"
        );
        let mend = "answer otherwise in the gate's `finish`";
        self.say(root, &first, "generate-failures", &message, mend);
    }

    pub(super) fn left_out(&mut self, root: &Node, operation: &str, why: &Diagnostic) {
        let at = self.at(root, operation);
        let place = if why.at.pointer.starts_with(operation) {
            String::new()
        } else {
            format!(" ({})", why.at)
        };
        let message = format!("{} is left out: {}{place}", name(operation), why.message);
        self.found.push(Diagnostic::new(
            "generate-operation",
            &at,
            message,
            why.mend.clone(),
        ));
    }
}

/// `GET /pets`, after the pointer of something inside of the operation.
pub(super) fn name(pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.split('/').collect();
    match tokens.as_slice() {
        ["", "paths", path, method, ..] if Method::parse(method).is_some() => {
            format!("`{} {}`", method.to_ascii_uppercase(), unescape(path))
        }
        ["", "paths", path, ..] => format!("`{}`", unescape(path)),
        _ => format!("`{pointer}`"),
    }
}

/// Makes a node from a value.
pub(super) fn node(value: serde_json::Value) -> Node {
    Node::from_json(&value)
}

/// Sets a member of a map.
pub(super) fn set(owner: &mut Node, key: &str, value: Node) {
    if let crate::source::Content::Map(map) = &mut owner.content {
        let member = crate::source::Member {
            key: Position::default(),
            node: value,
        };
        map.insert(key.to_owned(), member);
    }
}

/// Takes a member out of a map.
pub(super) fn take(owner: &mut Node, key: &str) -> Option<Node> {
    match &mut owner.content {
        crate::source::Content::Map(map) => map.shift_remove(key).map(|member| member.node),
        _ => None,
    }
}

/// Follows a reference to its target.
pub(super) fn followed<'n>(root: &'n Node, mut node: &'n Node) -> &'n Node {
    for _ in 0..32 {
        let target = node
            .get("$ref")
            .and_then(Node::as_str)
            .and_then(|text| root.at(text.strip_prefix('#')?));
        match target {
            Some(target) => node = target,
            None => break,
        }
    }
    node
}
