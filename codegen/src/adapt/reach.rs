//! Finds the operations that use a component.

use std::collections::BTreeSet;

use super::answers::failures_of;
use crate::source::{Node, unescape};

/// Whether an operation, or its path item's parameters, refer to a component (section and name).
pub(super) fn reaches(root: &Node, operation: &str, component: &(String, String)) -> bool {
    let start = root.at(operation).into_iter().collect();
    leads(root, operation, start, component)
}

/// Whether it refers to it outside its failures.
pub(super) fn reaches_otherwise(
    root: &Node,
    operation: &str,
    component: &(String, String),
) -> bool {
    let mut start: Vec<&Node> = Vec::new();
    let members = root.at(operation).and_then(Node::as_map);
    for (key, member) in members.into_iter().flatten() {
        if key != "responses" {
            start.push(&member.node);
            continue;
        }
        let failures = failures_of(&member.node);
        let answers = member.node.as_map().into_iter().flatten();
        let successes = answers.filter(|(status, _)| !failures.contains(status));
        start.extend(successes.map(|(_, member)| &member.node));
    }
    leads(root, operation, start, component)
}

fn leads<'n>(
    root: &'n Node,
    operation: &str,
    mut open: Vec<&'n Node>,
    component: &(String, String),
) -> bool {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let item = operation.rsplit_once('/').map_or("", |(item, _)| item);
    open.extend(root.at(item).and_then(|item| item.get("parameters")));
    while let Some(node) = open.pop() {
        for (key, member) in node.as_map().into_iter().flatten() {
            if let ("$ref", Some(text)) = (key.as_str(), member.node.as_str()) {
                let Some((section, name)) = text
                    .strip_prefix("#/components/")
                    .and_then(|rest| rest.split_once('/'))
                else {
                    continue;
                };
                let target = (section.to_owned(), unescape(name));
                if target == *component {
                    return true;
                }
                let there = root.at(&format!("/components/{section}/{name}"));
                if seen.insert(target) {
                    open.extend(there);
                }
            } else {
                open.push(&member.node);
            }
        }
        open.extend(node.as_list().into_iter().flatten());
    }
    false
}
