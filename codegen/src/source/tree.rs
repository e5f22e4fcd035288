//! Builds the tree from the events of a parser, without recursion, and enforces its bounds: nesting, number of nodes,
//! bytes of text, and the expansion of aliases. Duplicate keys are findings.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::weight::{MOST_NODES, Weight};
use super::{Content, Member, Node, Position, escape};
use crate::diagnostic::{Diagnostics, Location};

/// The deepest nesting of lists and maps. Contracts that people write stay below 40.
pub const DEEPEST: usize = 128;

/// The reading cannot go on; the reason has been reported.
pub(super) struct Stop;

pub(super) type Step = Result<(), Stop>;

pub(super) struct Tree<'d> {
    file: Arc<str>,
    diagnostics: &'d mut Diagnostics,
    stack: Vec<Frame>,
    root: Option<Node>,
    total: Weight,
    /// Finished values that an alias may name, and their size.
    anchors: HashMap<usize, Anchored>,
    kept: Weight,
}

struct Frame {
    position: Position,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        members: IndexMap<String, Member>,
        key: Option<(String, Position)>,
    },
}

struct Anchored {
    node: Node,
    weight: Weight,
}
impl<'d> Tree<'d> {
    pub(super) fn new(file: Arc<str>, diagnostics: &'d mut Diagnostics) -> Self {
        Tree {
            file,
            diagnostics,
            stack: Vec::new(),
            root: None,
            total: Weight::default(),
            anchors: HashMap::new(),
            kept: Weight::default(),
        }
    }

    /// The finished tree; None if there was no value.
    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    pub(super) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// Whether an open map expects its next key.
    pub(super) fn wants_key(&self) -> bool {
        matches!(
            self.stack.last(),
            Some(Frame {
                inside: Inside::Map { key: None, .. },
                ..
            })
        )
    }

    pub(super) fn report(
        &mut self,
        rule: &'static str,
        at: &Position,
        message: impl Into<String>,
        mend: &str,
    ) {
        let location = self.location(at);
        self.diagnostics.report(rule, &location, message, mend);
    }

    pub(super) fn stop(
        &mut self,
        rule: &'static str,
        at: &Position,
        message: impl Into<String>,
        mend: &str,
    ) -> Step {
        self.report(rule, at, message, mend);
        Err(Stop)
    }

    pub(super) fn open_list(&mut self, position: Position, anchor: usize) -> Step {
        self.open(position, anchor, Inside::List(Vec::new()))
    }

    pub(super) fn open_map(&mut self, position: Position, anchor: usize) -> Step {
        self.open(
            position,
            anchor,
            Inside::Map {
                members: IndexMap::new(),
                key: None,
            },
        )
    }

    fn open(&mut self, position: Position, anchor: usize, inside: Inside) -> Step {
        if self.wants_key() {
            return self.stop(
                "key-kind",
                &position,
                "a list or map stands where a key is expected; JSON knows only text as a key",
                "use a plain text key",
            );
        }
        if self.stack.len() >= DEEPEST {
            return self.too_deep(&position);
        }
        self.count(
            &position,
            Weight {
                nodes: 1,
                text: 0,
                depth: 0,
            },
        )?;
        self.stack.push(Frame {
            position,
            anchor,
            inside,
        });
        Ok(())
    }

    pub(super) fn close(&mut self) -> Step {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let content = match frame.inside {
            Inside::List(list) => Content::List(list),
            Inside::Map { members, .. } => Content::Map(members),
        };
        self.settle(
            Node {
                position: frame.position,
                content,
            },
            frame.anchor,
        )
    }

    pub(super) fn key(&mut self, text: String, at: Position) -> Step {
        self.count(
            &at,
            Weight {
                nodes: 0,
                text: text.len(),
                depth: 0,
            },
        )?;
        let Some(Frame {
            inside: Inside::Map { members, key },
            ..
        }) = self.stack.last_mut()
        else {
            return Ok(());
        };
        let first = members.get(&text).map(|member| member.key.line);
        let message = first.map(|first| {
            format!("the key `{text}` is there a second time (first on line {first}); one of the two would be lost")
        });
        *key = Some((text, at.clone()));
        if let Some(message) = message {
            self.report(
                "duplicate-key",
                &at,
                message,
                "remove one of the two, or rename it",
            );
        }
        Ok(())
    }

    /// A value that is neither list nor map.
    pub(super) fn scalar(&mut self, position: Position, content: Content, anchor: usize) -> Step {
        let node = Node { position, content };
        self.count(&node.position, Weight::of(&node))?;
        self.settle(node, anchor)
    }

    pub(super) fn alias(&mut self, position: &Position, anchor: usize) -> Step {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return self.stop(
                "alias-cycle",
                position,
                "this alias is inside the value that it names, so the value would never end",
                "write the value out, or use $ref",
            );
        };
        let (node, weight) = (anchored.node.clone(), anchored.weight);
        if self.stack.len() + weight.depth > DEEPEST {
            return self.too_deep(position);
        }
        self.count(position, weight)?;
        if self.wants_key() {
            return match node.content {
                Content::Text(text) => self.key(text, position.clone()),
                _ => self.stop(
                    "key-kind",
                    position,
                    "this alias as a key does not name a text",
                    "write the key out",
                ),
            };
        }
        self.settle(node, 0)
    }

    /// Adds a finished value to its container.
    fn settle(&mut self, node: Node, anchor: usize) -> Step {
        if anchor != 0 {
            let weight = Weight::of(&node);
            self.kept.add(weight);
            if self.kept.is_too_much() {
                return self.too_much(&node.position);
            }
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    weight,
                },
            );
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame {
                inside: Inside::List(list),
                ..
            }) => list.push(node),
            Some(Frame {
                inside: Inside::Map { members, key },
                ..
            }) => {
                if let Some((text, at)) = key.take()
                    && let Entry::Vacant(entry) = members.entry(text)
                {
                    entry.insert(Member { key: at, node });
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, position: &Position, weight: Weight) -> Step {
        self.total.add(weight);
        if self.total.is_too_much() {
            self.too_much(position)
        } else {
            Ok(())
        }
    }

    fn too_much(&mut self, position: &Position) -> Step {
        self.stop(
            "too-much",
            position,
            format!("the document grows beyond {MOST_NODES} values here (aliases count as often as they are used)"),
            "use $ref instead of aliases, or split the contract",
        )
    }

    pub(super) fn too_deep(&mut self, position: &Position) -> Step {
        self.stop(
            "too-deep",
            position,
            format!("lists and maps are nested more than {DEEPEST} deep here"),
            "name inner schemas under components.schemas and refer to them",
        )
    }

    fn location(&self, at: &Position) -> Location {
        let mut pointer = String::new();
        for frame in &self.stack {
            match &frame.inside {
                Inside::List(list) => pointer.push_str(&format!("/{}", list.len())),
                Inside::Map {
                    key: Some((key, _)),
                    ..
                } => pointer.push_str(&format!("/{}", escape(key))),
                Inside::Map { key: None, .. } => {}
            }
        }
        Location {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            pointer,
        }
    }
}
