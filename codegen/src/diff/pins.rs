//! Pins and changes: the pins that each finding touches, and pinned things that were removed, even after an
//! announcement.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Concerned, Direction, Finding, Level};
use super::graph::Graph;
use super::rules::PINNED_GONE;
use super::{Contract, label};
use crate::consumers::removal::Index;
use crate::consumers::{self, Consumer, Element, Pin};

pub(super) fn touch(
    graph: &Graph<'_>,
    old: &Contract,
    new: &Contract,
    consumers: &[Consumer],
    findings: &mut Vec<Finding>,
) {
    if consumers.is_empty() {
        return;
    }
    let index = Index::of(&old.root, consumers);
    for finding in findings.iter_mut() {
        let pins = index.around(&finding.old.pointer);
        finding.pins = pins
            .into_iter()
            .filter(|pin| concerns(finding, pin))
            .collect();
        finding.pins.sort();
        finding.pins.dedup();
    }
    let told: BTreeSet<Pin> = findings
        .iter()
        .filter(|finding| finding.level == Level::Breaking)
        .flat_map(|finding| finding.pins.iter().cloned())
        .collect();
    let there = (
        consumers::Contract::new(&old.root),
        consumers::Contract::new(&new.root),
    );
    let mut lost = gone(graph, &there, &index.pins, &told);
    lost.append(findings);
    lost.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    *findings = lost;
}

/// Whether a finding is about the operation and the direction of a pin.
fn concerns(finding: &Finding, pin: &Pin) -> bool {
    let other_way = matches!(
        (&pin.element, finding.direction),
        (
            Element::Sent(_) | Element::Parameter(_),
            Direction::Response
        ) | (Element::Read { .. }, Direction::Request)
    );
    !other_way
        && finding
            .operations
            .iter()
            .any(|operation| operation.id.as_deref() == Some(&pin.operation))
}

/// Pinned things that the old contract has and the new one does not. Things that went with a larger one are not
/// reported separately.
fn gone(
    graph: &Graph<'_>,
    (old, new): &(consumers::Contract<'_>, consumers::Contract<'_>),
    pins: &[Pin],
    told: &BTreeSet<Pin>,
) -> Vec<Finding> {
    let mut lost: BTreeMap<String, Vec<&Pin>> = BTreeMap::new();
    let mut closed: BTreeSet<&Pin> = BTreeSet::new();
    let all: BTreeSet<&Pin> = pins.iter().collect();
    for pin in pins {
        // A path parameter may be renamed.
        if matches!(&pin.element, Element::Parameter(name) if name.starts_with("path ")) {
            continue;
        }
        let Some(before) = old.find(pin) else {
            continue;
        };
        // Another operationId is a separate finding; the operation still exists.
        let id = new.operation_of(&pin.operation, before.method, &before.path);
        let renamed = Pin {
            operation: id.unwrap_or_else(|| pin.operation.clone()),
            ..pin.clone()
        };
        if new.find(&renamed).is_some() {
            continue;
        }
        closed.insert(pin);
        let owner = owner_of(pin);
        let within = owner.is_some_and(|owner| all.contains(&owner) && closed.contains(&owner));
        if !within && !told.contains(pin) {
            let place = before.places.first().cloned().unwrap_or_default();
            lost.entry(place).or_default().push(pin);
        }
    }
    lost.into_iter()
        .map(|(place, pins)| finding(graph, old, &place, &pins))
        .collect()
}

/// The smallest thing to which a pin belongs.
fn owner_of(pin: &Pin) -> Option<Pin> {
    let element = match &pin.element {
        Element::Operation => return None,
        Element::Sent(property) => match property.rsplit_once('/')? {
            ("", _) => Element::Operation,
            (owner, _) => Element::Sent(named(owner)),
        },
        Element::Read { status, property } => match property.rsplit_once('/')? {
            ("", _) => Element::Operation,
            (owner, _) => Element::Read {
                status: status.clone(),
                property: named(owner),
            },
        },
        Element::Parameter(_) | Element::Code(_) => Element::Operation,
    };
    Some(Pin {
        element,
        ..pin.clone()
    })
}

/// `/items/*` is pinned as `/items`, `/fields(job)` as `/fields`.
fn named(pointer: &str) -> String {
    let pointer = pointer.trim_end_matches("/*");
    match pointer.rsplit_once('(') {
        Some((owner, rest)) if rest.ends_with(')') && !rest.contains('/') => owner.to_owned(),
        _ => pointer.to_owned(),
    }
}

fn finding(
    graph: &Graph<'_>,
    old: &consumers::Contract<'_>,
    place: &str,
    pins: &[&Pin],
) -> Finding {
    let tree = &graph.old.tree;
    let at = tree.find(place).unwrap_or(super::Tree::ROOT);
    let mut operations: Vec<Concerned> = Vec::new();
    let mut consumers: Vec<String> = Vec::new();
    let mut ways: BTreeSet<Direction> = BTreeSet::new();
    for pin in pins {
        if let Some(found) = old.find(pin) {
            let concerned = Concerned {
                method: found.method.to_string(),
                path: found.path,
                id: Some(pin.operation.clone()),
            };
            if !operations.contains(&concerned) {
                operations.push(concerned);
            }
        }
        if !consumers.contains(&pin.consumer) {
            consumers.push(pin.consumer.clone());
        }
        ways.insert(match pin.element {
            Element::Sent(_) | Element::Parameter(_) => Direction::Request,
            Element::Read { .. } => Direction::Response,
            Element::Operation | Element::Code(_) => Direction::Both,
        });
    }
    let direction = match (ways.pop_first(), ways.pop_first()) {
        (Some(way), None) => way,
        _ => Direction::Both,
    };
    let thing = pins.first().map(|pin| match &pin.element {
        Element::Operation => format!("`{}`", pin.operation),
        Element::Parameter(name) => format!("the parameter `{name}`"),
        Element::Code(code) => format!("the code {code}"),
        Element::Sent(_) | Element::Read { .. } => label(tree, at),
    });
    let mut pins: Vec<Pin> = pins.iter().map(|pin| (*pin).clone()).collect();
    pins.sort();
    Finding {
        rule: &PINNED_GONE,
        level: match graph.preview {
            true => Level::Info,
            false => PINNED_GONE.level(direction),
        },
        direction,
        old: tree.at(at),
        new: graph.new.tree.at(super::Tree::ROOT),
        message: format!(
            "{} is gone, and {} still relies on it",
            thing.unwrap_or_default(),
            consumers.join(", ")
        ),
        operations,
        consumers,
        pins,
        why: PINNED_GONE.why(direction),
        instead: PINNED_GONE.instead,
    }
}
