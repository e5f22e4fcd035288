//! Which operations reach a component.

use std::collections::BTreeSet;

use crate::source::{Node, unescape};

/// Whether an operation, or its path item's parameters, lead to a component: section and name.
pub(super) fn reaches(root: &Node, operation: &str, component: &(String, String)) -> bool {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut open: Vec<&Node> = root.at(operation).into_iter().collect();
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
