//! Compares two contracts, change by change: breaking changes and whom they break, changes to look at, and additions.
//! It works on any documents of either form of OpenAPI; differences of form only are not changes. The rules are in
//! [`rules`].

mod finding;
mod graph;
mod judge;
mod life;
mod pins;
mod render;
pub mod rules;
mod schema;
mod shape;
mod tree;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::consumers::Consumer;
use crate::diagnostic::{Diagnostic, Location};
use crate::document::Date;
use crate::source::{self, Node, Written};
use graph::{Graph, Side};
use life::{Announcement, Calendar, release_day};
use tree::{Id, Tree};
use walk::Walk;

pub use finding::{Concerned, Direction, Finding, Level};
pub use life::NOTICE_DAYS;
pub use render::{markdown, summary, text};
pub use rules::{RULES, Rule, rule};

/// A contract as it was written.
#[derive(Debug, Clone)]
pub struct Contract {
    pub file: String,
    pub root: Node,
}

/// Options of the comparison.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'c> {
    /// The day on which the new contract is released.
    pub today: Option<Date>,
    /// The releases that announced removals. The name of the file or folder contains their day.
    pub announced: &'c [Contract],
    /// The pins of consumers: findings name the pins that they touch, and removing something pinned is breaking.
    pub consumers: &'c [Consumer],
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// The gravest first.
    pub findings: Vec<Finding>,
    /// The number of steps, for tests that it grows linearly with the documents.
    pub work: usize,
}

impl Diff {
    /// The gravest level found.
    pub fn level(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}

impl Contract {
    /// Reads YAML or JSON. Documents other than OpenAPI 3.0 or 3.1 cannot be compared; faults within a document are
    /// compared as written.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Contract, Vec<Diagnostic>> {
        Contract::of(Written::of_bytes(file, bytes)?)
    }

    /// The same for a contract that may be written in several files.
    pub fn of(written: Written) -> Result<Contract, Vec<Diagnostic>> {
        let Written { file, root, .. } = written;
        let contract = Contract { file, root };
        match contract.fault() {
            None => Ok(contract),
            Some(fault) => Err(vec![fault]),
        }
    }

    fn fault(&self) -> Option<Diagnostic> {
        let file = Arc::from(self.file.as_str());
        let at = |node: &Node, pointer: &str| Location::of_node(&file, &node.position, pointer);
        let version = self.root.get("openapi").and_then(Node::as_str);
        if !version.is_some_and(|version| version.starts_with("3.0") || version.starts_with("3.1"))
        {
            return Some(Diagnostic::new(
                "openapi-version",
                &at(&self.root, ""),
                "this is not a contract in OpenAPI 3.0 or 3.1, so it cannot be compared",
                "begin it with `openapi: 3.1.0`",
            ));
        }
        ["paths", "webhooks", "components"].iter().find_map(|key| {
            let node = self.root.get(key)?;
            node.as_map().is_none().then(|| {
                Diagnostic::new(
                    "kind",
                    &at(node, &format!("/{key}")),
                    format!("a map is expected under `{key}`, this is {}", node.kind()),
                    "write a map",
                )
            })
        })
    }
}

/// Judges what changed from the old contract to the new one.
pub fn diff(old: &Contract, new: &Contract, options: &Options<'_>) -> Diff {
    let mut work = 0;
    let mut announced: HashMap<Id, Vec<Announcement>> = HashMap::new();
    for release in options.announced {
        let calendar = Calendar {
            released: release_day(&release.file),
            ..Calendar::default()
        };
        let mut graph = graph_of(release, old, calendar);
        let mut walk = Walk::new(&mut graph);
        walk.run();
        graph.run();
        work += graph.work;
        for (id, announcement) in graph.announced {
            announced.entry(id).or_default().push(announcement);
        }
    }
    let calendar = Calendar {
        today: options.today,
        released: release_day(&old.file),
        announced,
    };
    let mut graph = graph_of(old, new, calendar);
    graph.work = work;
    let mut walk = Walk::new(&mut graph);
    walk.run();
    walk.graph.run();
    let changed = judge::changed(walk.graph);
    walk.graph.overlaps(&changed);
    let schemas = reached(walk.graph, &walk.roots);
    walk.unreached((&schemas.0, &schemas.1));
    let Walk {
        ops, hits, roots, ..
    } = walk;
    let usage = judge::Usage::of(&mut graph, &roots, ops.len());
    let mut findings = judge::findings(&graph, &ops, hits, &usage);
    pins::touch(&graph, old, new, options.consumers, &mut findings);
    Diff {
        findings,
        work: graph.work,
    }
}

fn graph_of<'a>(old: &'a Contract, new: &'a Contract, calendar: Calendar) -> Graph<'a> {
    let side = |contract: &'a Contract| Side::new(Tree::new(&contract.file, &contract.root));
    let (old, new) = (side(old), side(new));
    let work = old.tree.len() + new.tree.len();
    let mut graph = Graph::new(old, new, calendar);
    graph.work = work;
    graph
}

/// The schemas that operations use.
fn reached(graph: &Graph<'_>, roots: &[(u32, u32, u8)]) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let mut seen = vec![false; graph.pairs.len()];
    let mut open: Vec<u32> = roots.iter().map(|(pair, _, _)| *pair).collect();
    let mut ids = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = open.pop() {
        match seen.get_mut(id as usize) {
            Some(slot) if !*slot => *slot = true,
            _ => continue,
        }
        if let Some(pair) = graph.pairs.get(id as usize) {
            let (old, new) = (graph.old.parts(pair.old), graph.new.parts(pair.new));
            ids.0.extend(old.parts.iter().map(|part| part.id));
            ids.1.extend(new.parts.iter().map(|part| part.id));
            open.extend(pair.edges.iter().map(|(to, _)| *to));
        }
    }
    ids
}

/// The name of a schema for messages.
fn label(tree: &Tree<'_>, id: Id) -> String {
    named(tree, id).unwrap_or_else(|| "the schema".to_owned())
}

/// A name such as `Note.author.name`, if the place is within a named schema or a property.
fn named(tree: &Tree<'_>, id: Id) -> Option<String> {
    let pointer = tree.at(id).pointer;
    let tokens: Vec<String> = pointer.split('/').skip(1).map(source::unescape).collect();
    let mut parts: Vec<&str> = Vec::new();
    let mut start = 0;
    if let [first, second, name, ..] = tokens.as_slice()
        && first == "components"
        && second == "schemas"
    {
        parts.push(name);
        start = 3;
    }
    let mut index = start;
    while let Some(token) = tokens.get(index) {
        if token == "properties"
            && let Some(name) = tokens.get(index + 1)
        {
            parts.push(name);
            index += 1;
        }
        index += 1;
    }
    (!parts.is_empty()).then(|| format!("`{}`", parts.join(".")))
}
