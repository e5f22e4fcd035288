//! The size of a tree: the expansion of aliases is counted before they are copied.

use super::{Content, Node};

/// The most nodes in a tree, with aliases expanded.
pub const MOST_NODES: usize = 500_000;
/// The most bytes of text in a tree, with aliases expanded.
const MOST_TEXT: usize = 64 * 1024 * 1024;

#[derive(Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) nodes: usize,
    pub(super) text: usize,
    pub(super) depth: usize,
}

impl Weight {
    pub(super) fn of(node: &Node) -> Weight {
        match &node.content {
            Content::Text(text) => Weight {
                nodes: 1,
                text: text.len(),
                depth: 0,
            },
            Content::List(list) => list.iter().fold(
                Weight {
                    nodes: 1,
                    text: 0,
                    depth: 1,
                },
                Weight::around,
            ),
            Content::Map(map) => map.iter().fold(
                Weight {
                    nodes: 1,
                    text: 0,
                    depth: 1,
                },
                |sum, (key, member)| {
                    let sum = sum.around(&member.node);
                    Weight {
                        text: sum.text + key.len(),
                        ..sum
                    }
                },
            ),
            _ => Weight {
                nodes: 1,
                text: 0,
                depth: 0,
            },
        }
    }

    fn around(self, child: &Node) -> Weight {
        let child = Weight::of(child);
        Weight {
            nodes: self.nodes + child.nodes,
            text: self.text + child.text,
            depth: self.depth.max(child.depth + 1),
        }
    }

    pub(super) fn add(&mut self, other: Weight) {
        self.nodes += other.nodes;
        self.text += other.text;
    }

    pub(super) fn is_too_much(&self) -> bool {
        self.nodes > MOST_NODES || self.text > MOST_TEXT
    }
}
