//! Overlays (OpenAPI Overlay Specification 1.0): a list of actions, each of which updates or removes what a JSONPath
//! (RFC 9535) selects. The result keeps the places of the document; values from an overlay have no place.

use std::sync::Arc;

use serde_json_path::JsonPath;

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::source::{self, Content, MOST_NODES, Member, Node, Position, unescape};

/// The most actions of an overlay.
const MOST_ACTIONS: usize = 5_000;
/// The longest target, in characters.
const MOST_CHARACTERS: usize = 2_000;
/// The most `..` in one target, since each multiplies the work.
const MOST_DESCENTS: usize = 3;

/// A valid overlay.
#[derive(Debug)]
pub struct Overlay {
    actions: Vec<Action>,
}

#[derive(Debug)]
struct Action {
    at: Location,
    target: String,
    path: JsonPath,
    update: Option<Node>,
    remove: bool,
}

/// A document after an overlay.
#[derive(Debug)]
pub struct Applied {
    pub document: Node,
    /// Actions that selected nothing. The specification allows them, but mostly they are mistakes.
    pub idle: Vec<Diagnostic>,
}

impl Overlay {
    /// Reads YAML or JSON.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Overlay, Vec<Diagnostic>> {
        let mut reader = Reader {
            file,
            found: Diagnostics::default(),
        };
        let Some(root) = source::read(file, bytes, &mut reader.found) else {
            return Err(reader.found.into_sorted());
        };
        let actions = reader.overlay(&root);
        if reader.found.is_empty() {
            Ok(Overlay { actions })
        } else {
            Err(reader.found.into_sorted())
        }
    }

    /// Applies the actions in order, each to the result of the ones before.
    pub fn apply(&self, document: &Node) -> Result<Applied, Vec<Diagnostic>> {
        let mut document = document.clone();
        let mut found = Diagnostics::default();
        let mut idle = Vec::new();
        for action in &self.actions {
            let value = document.to_json();
            let mut targets: Vec<String> = action
                .path
                .query_located(&value)
                .iter()
                .map(|node| node.location().to_json_pointer())
                .collect();
            if targets.is_empty() {
                idle.push(Diagnostic::new(
                    "overlay-target",
                    &action.at,
                    format!(
                        "`{}` selects nothing, so the action changes nothing",
                        action.target
                    ),
                    "correct the target, or remove the action",
                ));
            }
            // Later items first, so that the indexes of earlier ones stay valid; inner nodes before their owners.
            targets.sort_by(|a, b| tokens(b).cmp(&tokens(a)));
            targets.dedup();
            if !action.remove
                && let Some(update) = &action.update
                && weight(&document) + targets.len() * weight(update) > MOST_NODES
            {
                let message = format!("the document would grow beyond {MOST_NODES} values");
                found.report("too-much", &action.at, message, "select less");
                break;
            }
            for target in targets {
                action.apply(&mut document, &target, &mut found);
            }
        }
        if found.is_empty() {
            Ok(Applied { document, idle })
        } else {
            Err(found.into_sorted())
        }
    }
}

impl Action {
    fn apply(&self, document: &mut Node, pointer: &str, found: &mut Diagnostics) {
        if self.remove {
            if let Err(message) = remove(document, pointer) {
                found.report("overlay-remove", &self.at, message, "select what is inside");
            }
            return;
        }
        let (Some(update), Some(target)) = (&self.update, node_mut(document, pointer)) else {
            return;
        };
        let merged = match (&mut target.content, &update.content) {
            (Content::List(list), Content::List(more)) => {
                list.extend(more.iter().cloned());
                Ok(())
            }
            (Content::List(list), _) => {
                list.push(update.clone());
                Ok(())
            }
            (Content::Map(_), Content::Map(_)) => merge(target, update, pointer),
            (Content::Map(_), _) => Err(format!(
                "`{}` selects a map at {pointer}, and the update is {}",
                self.target,
                update.kind()
            )),
            (_, _) => Err(format!(
                "`{}` selects {} at {pointer}; only maps and lists can be updated",
                self.target,
                target.kind()
            )),
        };
        if let Err(message) = merged {
            found.report(
                "overlay-update",
                &self.at,
                message,
                "select the map that holds it, and let the update be a map",
            );
        }
    }
}

/// Adds new members, merges maps, appends to lists, and replaces other values.
fn merge(target: &mut Node, update: &Node, pointer: &str) -> Result<(), String> {
    match (&mut target.content, &update.content) {
        (Content::Map(map), Content::Map(more)) => {
            for (key, member) in more {
                let at = format!("{pointer}/{}", source::escape(key));
                match map.get_mut(key) {
                    Some(known) => merge(&mut known.node, &member.node, &at)?,
                    None => {
                        map.insert(key.clone(), member.clone());
                    }
                }
            }
            Ok(())
        }
        (Content::List(list), Content::List(more)) => {
            list.extend(more.iter().cloned());
            Ok(())
        }
        (Content::Map(_) | Content::List(_), _) | (_, Content::Map(_) | Content::List(_)) => {
            Err(format!(
                "{pointer} is {} and its update is {}; they cannot be merged",
                target.kind(),
                update.kind()
            ))
        }
        _ => {
            target.content = update.content.clone();
            Ok(())
        }
    }
}

pub(crate) fn remove(document: &mut Node, pointer: &str) -> Result<(), String> {
    let Some((owner, key)) = pointer.rsplit_once('/') else {
        return Err("the document itself cannot be removed".to_owned());
    };
    match node_mut(document, owner).map(|node| &mut node.content) {
        Some(Content::Map(map)) => {
            map.shift_remove(&unescape(key));
        }
        Some(Content::List(list)) => {
            if let Ok(index) = key.parse::<usize>()
                && index < list.len()
            {
                list.remove(index);
            }
        }
        _ => {}
    }
    Ok(())
}

pub(crate) fn node_mut<'n>(document: &'n mut Node, pointer: &str) -> Option<&'n mut Node> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(document, |node, token| {
            let token = unescape(token);
            match &mut node.content {
                Content::Map(map) => map.get_mut(&token).map(|member| &mut member.node),
                Content::List(list) => list.get_mut(token.parse::<usize>().ok()?),
                _ => None,
            }
        })
}

/// The tokens of a pointer, with indexes as numbers for sorting.
pub(crate) fn tokens(pointer: &str) -> Vec<(usize, &str)> {
    pointer
        .split('/')
        .map(|token| (token.parse::<usize>().unwrap_or(0), token))
        .collect()
}

fn weight(node: &Node) -> usize {
    match &node.content {
        Content::List(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Content::Map(map) => {
            1 + map
                .values()
                .map(|member| weight(&member.node))
                .sum::<usize>()
        }
        _ => 1,
    }
}

/// The node without places, since they would be looked up in the wrong file.
fn unplaced(node: &Node) -> Node {
    let content = match &node.content {
        Content::List(list) => Content::List(list.iter().map(unplaced).collect()),
        Content::Map(map) => Content::Map(
            map.iter()
                .map(|(key, member)| {
                    let member = Member {
                        key: Position::default(),
                        node: unplaced(&member.node),
                    };
                    (key.clone(), member)
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        position: Position::default(),
        content,
    }
}

struct Reader<'f> {
    file: &'f str,
    found: Diagnostics,
}

impl Reader<'_> {
    fn at(&self, node: &Node, pointer: &str) -> Location {
        Location::of_node(&Arc::from(self.file), &node.position, pointer)
    }

    fn report(
        &mut self,
        rule: &'static str,
        node: &Node,
        pointer: &str,
        message: &str,
        mend: &str,
    ) {
        let at = self.at(node, pointer);
        self.found.report(rule, &at, message, mend);
    }

    /// Reports members that overlays do not have here.
    fn known(&mut self, node: &Node, pointer: &str, known: &[&str]) {
        for (key, member) in node.as_map().into_iter().flatten() {
            if !known.contains(&key.as_str()) && !key.starts_with("x-") {
                let at = format!("{pointer}/{}", source::escape(key));
                let message = format!("an overlay has no `{key}` here; it would be ignored");
                let mend = format!(
                    "possible here: {}; extensions begin with x-",
                    known.join(", ")
                );
                self.report("unknown-field", &member.node, &at, &message, &mend);
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node, pointer: &str, key: &str) -> Option<&'n str> {
        let Some(child) = node.get(key) else {
            let message = format!("`{key}` is missing here");
            self.report("missing", node, pointer, &message, &format!("add `{key}`"));
            return None;
        };
        if child.as_str().is_none() {
            let message = format!("a text is expected here, this is {}", child.kind());
            self.report(
                "kind",
                child,
                &format!("{pointer}/{key}"),
                &message,
                "write a text",
            );
        }
        child.as_str()
    }

    fn overlay(&mut self, root: &Node) -> Vec<Action> {
        if root.as_map().is_none() {
            let message = format!("a map is expected here, this is {}", root.kind());
            self.report("kind", root, "", &message, "write an overlay");
            return Vec::new();
        }
        self.known(root, "", &["overlay", "info", "extends", "actions"]);
        if let Some(version) = self.text(root, "", "overlay")
            && !version.starts_with("1.0.")
        {
            let message = format!("overlays of version {version} are not read here");
            self.report(
                "overlay-version",
                root,
                "/overlay",
                &message,
                "write `overlay: 1.0.0`",
            );
        }
        match root.get("info") {
            Some(info) => {
                self.known(info, "/info", &["title", "version"]);
                self.text(info, "/info", "title");
                self.text(info, "/info", "version");
            }
            None => self.report(
                "missing",
                root,
                "",
                "`info` is missing here",
                "add `info` with title and version",
            ),
        }
        let Some(list) = root.get("actions").and_then(Node::as_list) else {
            self.report(
                "missing",
                root,
                "",
                "a list of `actions` is missing here",
                "add `actions`",
            );
            return Vec::new();
        };
        if list.is_empty() || list.len() > MOST_ACTIONS {
            let message = format!(
                "an overlay has 1 to {MOST_ACTIONS} actions, this one {}",
                list.len()
            );
            self.report(
                "too-much",
                root,
                "/actions",
                &message,
                "add some, or split it",
            );
            return Vec::new();
        }
        list.iter()
            .enumerate()
            .filter_map(|(index, node)| self.action(node, &format!("/actions/{index}")))
            .collect()
    }

    fn action(&mut self, node: &Node, pointer: &str) -> Option<Action> {
        if node.as_map().is_none() {
            let message = format!("a map is expected here, this is {}", node.kind());
            self.report(
                "kind",
                node,
                pointer,
                &message,
                "write an action with a target",
            );
            return None;
        }
        self.known(
            node,
            pointer,
            &["target", "description", "update", "remove"],
        );
        let target = self.text(node, pointer, "target")?.to_owned();
        let at = format!("{pointer}/target");
        if target.chars().count() > MOST_CHARACTERS || target.matches("..").count() > MOST_DESCENTS
        {
            let message = format!(
                "a target has at most {MOST_CHARACTERS} characters and {MOST_DESCENTS} times `..`"
            );
            self.report("too-much", node, &at, &message, "select step by step");
            return None;
        }
        let path = match JsonPath::parse(&target) {
            Ok(path) => path,
            Err(error) => {
                let message = format!("`{target}` is no JSONPath (RFC 9535): {error}");
                let place = node.get("target").unwrap_or(node);
                let mend = "begin it with $, and write names with other characters as ['/name']";
                self.report("overlay-target", place, &at, &message, mend);
                return None;
            }
        };
        let remove = match node.get("remove").map(|node| (node, node.as_bool())) {
            None => false,
            Some((_, Some(remove))) => remove,
            Some((written, None)) => {
                let message = format!("true or false is expected here, this is {}", written.kind());
                let at = format!("{pointer}/remove");
                self.report("kind", written, &at, &message, "write true or false");
                false
            }
        };
        let update = node.get("update").map(unplaced);
        if update.is_none() && !remove {
            self.report(
                "overlay-action",
                node,
                pointer,
                "this action neither updates nor removes anything",
                "add `update`, or `remove: true`",
            );
        }
        Some(Action {
            at: self.at(node, pointer),
            target,
            path,
            update,
            remove,
        })
    }
}
