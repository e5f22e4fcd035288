//! A finding of the comparison: a rule, its level and direction, the places in both documents, the operations and
//! consumers.

use std::fmt;

use serde::Serialize;

use super::rules::Rule;
use crate::consumers::Pin;
use crate::diagnostic::Location;

/// The level of a change, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody has to do anything.
    Info,
    /// It does not break callers who follow the contract closely; look at it.
    Warning,
    /// It breaks callers who rely on the old contract.
    Breaking,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The direction of the data: to the server, to its callers, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Request,
    Response,
    Both,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Direction::Request => "request",
            Direction::Response => "response",
            Direction::Both => "both",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An operation that a finding concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Concerned {
    pub method: String,
    pub path: String,
    #[serde(rename = "operationId", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl fmt::Display for Concerned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// One change, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(serialize_with = "rule_id")]
    pub rule: &'static Rule,
    pub level: Level,
    /// The direction or directions in which it has this level.
    pub direction: Direction,
    /// The place in the old document; for a new thing, its owner there.
    pub old: Location,
    /// The place in the new document; for a removed thing, its former owner.
    pub new: Location,
    /// The operations in the order of the documents. Empty if it concerns no operation in particular.
    pub operations: Vec<Concerned>,
    /// The `x-consumers` of those operations.
    pub consumers: Vec<String>,
    /// The pins that this touches, by consumer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// What changed.
    pub message: String,
    /// Why the change matters.
    pub why: &'static str,
    /// How to reach the same goal without a breaking change.
    pub instead: &'static str,
}

fn rule_id<S: serde::Serializer>(rule: &&'static Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id)
}
