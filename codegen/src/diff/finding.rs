//! What the comparison says: a rule, how grave it is and for which direction, where it stands in both
//! documents, whom it concerns.

use std::fmt;

use serde::Serialize;

use super::rules::Rule;
use crate::consumers::Pin;
use crate::diagnostic::Location;

/// How grave a change is, gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody has to do anything.
    Info,
    /// Nobody is broken who follows the contract closely; look at it.
    Warning,
    /// Somebody who relies on the old contract is broken.
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

/// Which way the data goes that is concerned: to the server, to its callers, or both ways.
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
    /// The direction, or directions, in which it is as grave as that.
    pub direction: Direction,
    /// In the old document; where the thing is new, what it was added to.
    pub old: Location,
    /// In the new document; where the thing is gone, what it was taken from.
    pub new: Location,
    /// In the order of the documents. Empty: no operation in particular.
    pub operations: Vec<Concerned>,
    /// The `x-consumers` of those operations.
    pub consumers: Vec<String>,
    /// What consumers rely on and this touches, by consumer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// What changed.
    pub message: String,
    /// Why that matters.
    pub why: &'static str,
    /// How to reach the same without breaking anybody.
    pub instead: &'static str,
}

fn rule_id<S: serde::Serializer>(rule: &&'static Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id)
}
