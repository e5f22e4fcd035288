//! Pins: what each consumer relies on, by its contract tests. A pin is a called operation, a sent parameter or
//! property, a property that an answer held, or an error code of an answer. Pins are recorded ([`record`]), kept in a
//! readable file, and looked up in a contract ([`Contract`]), so that a finding can name the consumers that a change
//! affects.

mod file;
pub mod record;
pub mod removal;
mod resolve;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Location};
use crate::source::Node;

pub use resolve::{Contract, Found};

/// What one consumer relies on, by version of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    pub versions: BTreeMap<u32, Operations>,
}

/// By `operationId`.
pub type Operations = BTreeMap<String, Used>;

/// The used parts of one operation. Properties are JSON pointers into a body, in which `*` stands for any item of a
/// list or any name of a map, and `fields(job)` for the fields of a record type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// `query limit`, `header If-Match`, `path id`.
    pub parameters: BTreeSet<String>,
    pub sends: BTreeSet<String>,
    /// The properties by status, as in the contract.
    pub reads: BTreeMap<String, BTreeSet<String>>,
    pub codes: BTreeSet<String>,
}

/// One thing that a consumer relies on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    Operation,
    Parameter(String),
    Sent(String),
    Read { status: String, property: String },
    Code(String),
}

/// A thing that a consumer relies on: the consumer, the operation, the thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    pub consumer: String,
    pub operation: String,
    pub element: Element,
}

impl fmt::Display for Pin {
    /// `notes_list reads /items/*/text of 200`, without the consumer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = &self.operation;
        match &self.element {
            Element::Operation => write!(f, "{operation} is called"),
            Element::Parameter(name) => write!(f, "{operation} sends the parameter {name}"),
            Element::Sent(property) => write!(f, "{operation} sends {property}"),
            Element::Read { status, property } => {
                write!(f, "{operation} reads {property} of {status}")
            }
            Element::Code(code) => write!(f, "{operation} knows the code {code}"),
        }
    }
}

impl Serialize for Pin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Pin", 3)?;
        out.serialize_field("consumer", &self.consumer)?;
        out.serialize_field("operationId", &self.operation)?;
        out.serialize_field("pin", &self.to_string())?;
        out.end()
    }
}

impl Consumer {
    /// Reads a file of `spec/consumers/`.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Consumer, Vec<Diagnostic>> {
        file::read(file, bytes)
    }

    /// The pins as YAML, sorted, so that a diff shows only what changed.
    pub fn to_yaml(&self) -> String {
        file::write(self)
    }

    /// All pins on one version.
    pub fn pins(&self, version: u32) -> impl Iterator<Item = Pin> {
        self.versions
            .get(&version)
            .into_iter()
            .flatten()
            .flat_map(|(operation, used)| {
                used.elements().map(|element| Pin {
                    consumer: self.name.clone(),
                    operation: operation.clone(),
                    element,
                })
            })
    }

    /// Pins that name something which the contract does not have.
    pub fn unknown(&self, contract: &Node) -> Vec<Diagnostic> {
        let version = version_of(contract);
        let there = Contract::new(contract);
        self.pins(version)
            .filter(|pin| there.find(pin).is_none())
            .map(|pin| {
                let at = Location {
                    pointer: format!("/v{version}/{}", pin.operation),
                    ..Location::of_file(&self.file)
                };
                let message = format!("`{}`: {pin}, and the contract has no such thing", self.name);
                Diagnostic::new("pin-unknown", &at, message, "record the pins anew")
            })
            .collect()
    }
}

impl Used {
    fn elements(&self) -> impl Iterator<Item = Element> {
        let parameters = self.parameters.iter().cloned().map(Element::Parameter);
        let sends = self.sends.iter().cloned().map(Element::Sent);
        let reads = self.reads.iter().flat_map(|(status, properties)| {
            properties.iter().map(|property| Element::Read {
                status: status.clone(),
                property: property.clone(),
            })
        });
        let codes = self.codes.iter().cloned().map(Element::Code);
        std::iter::once(Element::Operation)
            .chain(parameters)
            .chain(sends)
            .chain(reads)
            .chain(codes)
    }
}

/// The major number of `info.version`; 1 where there is none.
pub fn version_of(contract: &Node) -> u32 {
    let version = contract.at("/info/version").and_then(Node::as_str);
    version
        .and_then(|text| text.split('.').next()?.parse().ok())
        .unwrap_or(1)
}

/// The operations that a consumer has (`x-consumers`).
pub(crate) fn operations_of(contract: &Node, consumer: &str) -> Vec<String> {
    let has = |called: &resolve::Called<'_>| {
        let listed = called.node.get("x-consumers").and_then(Node::as_list);
        listed.is_some_and(|all| all.iter().any(|name| name.as_str() == Some(consumer)))
    };
    resolve::operations(contract)
        .filter(has)
        .filter_map(|called| called.id().map(str::to_owned))
        .collect()
}
