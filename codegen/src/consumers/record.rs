//! Makes pins from recorded exchanges. A recording is a file of JSON, one exchange per line. Answers are recorded
//! whole, so every property of an answer that the contract names counts as read: the pins may hold more than a consumer
//! uses, never less.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::resolve::{Called, operations};
use super::schemas::{Places, record_type};
use super::{Consumer, Used, version_of};
use crate::source::{Node, escape};

/// One request of a consumer and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub consumer: String,
    pub method: String,
    /// Still percent-encoded, without the query.
    pub path: String,
    /// Names of the parameters in the query.
    #[serde(default)]
    pub query: BTreeSet<String>,
    /// Headers of the request by lower-case name. The values of secret ones may be missing.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub sent: Value,
    pub status: u16,
    #[serde(default)]
    pub got: Value,
}

/// The pins of a recording for one version of a contract.
#[derive(Debug, Default)]
pub struct Recorded {
    pub consumers: BTreeMap<String, BTreeMap<String, Used>>,
    /// Exchanges of another version, or with paths that the contract does not have.
    pub passed_by: usize,
}

/// Reads a recording. The error names the line.
pub fn read(text: &str) -> Result<Vec<Exchange>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))
        })
        .collect()
}

/// The parts of the contract that each consumer used.
pub fn pins(contract: &Node, exchanges: &[Exchange]) -> Recorded {
    let called: Vec<Called<'_>> = operations(contract).collect();
    let vendor = contract.at("/info/x-media-type").and_then(Node::as_str);
    let version = version_of(contract);
    let mut recorded = Recorded::default();
    for exchange in exchanges {
        let operation = called
            .iter()
            .filter(|called| {
                called
                    .method
                    .as_str()
                    .eq_ignore_ascii_case(&exchange.method)
            })
            .filter_map(|called| Some((called, matched(called.path, &exchange.path)?)))
            .min_by_key(|(_, values)| values.len());
        let asked = vendor
            .and_then(|vendor| asked_for(exchange, vendor))
            .unwrap_or(1);
        let Some((called, values)) = operation.filter(|_| asked == version) else {
            recorded.passed_by += 1;
            continue;
        };
        let Some(id) = called.id() else {
            recorded.passed_by += 1;
            continue;
        };
        let consumer = recorded.consumers.entry(exchange.consumer.clone());
        let used = consumer.or_default().entry(id.to_owned()).or_default();
        add(contract, called, &values, exchange, used);
    }
    recorded
}

/// Replaces the pins of this version by the recorded ones; other versions stay.
pub fn renewed(
    kept: Option<Consumer>,
    name: &str,
    version: u32,
    recorded: BTreeMap<String, Used>,
) -> Consumer {
    let mut consumer = kept.unwrap_or_else(|| Consumer {
        name: name.to_owned(),
        file: String::new(),
        versions: BTreeMap::new(),
    });
    consumer.versions.insert(version, recorded);
    consumer
}

fn add(
    root: &Node,
    called: &Called<'_>,
    values: &BTreeMap<String, String>,
    exchange: &Exchange,
    used: &mut Used,
) {
    let path = values.keys().map(|name| format!("path {name}"));
    let query = exchange.query.iter().map(|name| format!("query {name}"));
    for name in path.chain(query) {
        if called.parameter(root, &name).is_some() {
            used.parameters.insert(name);
        }
    }
    for name in exchange.headers.keys() {
        let written = called.written(root, name);
        used.parameters
            .extend(written.map(|name| format!("header {name}")));
    }
    let record = called.record_type(root, values);
    let reach = Reach { root, record };
    reach.collect(&called.request(root), &exchange.sent, "", &mut used.sends);
    let status = called.answer(&exchange.status.to_string());
    if let Some(status) = status {
        let mut read = BTreeSet::new();
        reach.collect(&called.response(root, status), &exchange.got, "", &mut read);
        if !read.is_empty() {
            used.reads
                .entry(status.to_owned())
                .or_default()
                .extend(read);
        }
    }
    if exchange.status >= 400
        && let Some(code) = exchange.got.get("code").and_then(Value::as_str)
        && called
            .places(root, &super::Element::Code(code.to_owned()))
            .is_some()
    {
        used.codes.insert(code.to_owned());
    }
}

impl Called<'_> {
    /// The name of a header parameter as the contract writes it.
    fn written(&self, root: &Node, name: &str) -> Option<String> {
        let places = self.parameter(root, &format!("header {name}"))?;
        let mut names = places
            .iter()
            .filter_map(|place| root.at(place)?.get("name")?.as_str());
        names.next_back().map(str::to_owned)
    }

    /// The record type that the path names.
    fn record_type(&self, root: &Node, values: &BTreeMap<String, String>) -> Option<String> {
        values.iter().find_map(|(name, value)| {
            let places = self.parameter(root, &format!("path {name}"))?;
            let marked = |place: &String| {
                root.at(place)
                    .and_then(|node| node.get("x-record-type"))
                    .is_some()
            };
            places.iter().any(marked).then(|| value.clone())
        })
    }
}

struct Reach<'a> {
    root: &'a Node,
    /// The type of records that do not name their own.
    record: Option<String>,
}

impl Reach<'_> {
    /// The properties of a value that the contract names. Values are bounded by the reader of JSON.
    fn collect(&self, places: &Places<'_>, value: &Value, at: &str, out: &mut BTreeSet<String>) {
        if places.0.is_empty() {
            return;
        }
        match value {
            Value::Array(items) => {
                let inside = places.any(self.root);
                for item in items {
                    self.collect(&inside, item, &format!("{at}/*"), out);
                }
            }
            Value::Object(members) => {
                let own = members.get("type").and_then(Value::as_str);
                for (name, member) in members {
                    let record = own.or(self.record.as_deref());
                    self.member(places, (name, member), record, at, out);
                }
            }
            _ => {}
        }
    }

    fn member(
        &self,
        places: &Places<'_>,
        (name, value): (&str, &Value),
        record: Option<&str>,
        at: &str,
        out: &mut BTreeSet<String>,
    ) {
        let named = places.property(self.root, name);
        if named.0.is_empty() {
            let any = places.any(self.root);
            if !any.0.is_empty() {
                let here = format!("{at}/*");
                self.collect(&any, value, &here, out);
                out.insert(here);
            }
            return;
        }
        let here = format!("{at}/{}", escape(name));
        out.insert(here.clone());
        if places.is_parameter(name)
            && let Some(record) = record
        {
            let fields = record_type(self.root, record);
            let here = format!("{here}({record})");
            self.collect(&fields, value, &here, out);
            return;
        }
        self.collect(&named, value, &here, out);
    }
}

/// The version that `Accept` names.
fn asked_for(exchange: &Exchange, vendor: &str) -> Option<u32> {
    let accept = exchange.headers.get("accept")?;
    let (_, rest) = accept.split_once(&format!("application/{vendor}.v"))?;
    rest.split('+').next()?.parse().ok()
}

/// The values of a template's parameters where a path fits it.
fn matched(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let (mut expected, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(expected), Some(given)) => {
                let name = expected
                    .strip_prefix('{')
                    .and_then(|name| name.strip_suffix('}'));
                match name {
                    Some(name) if !given.is_empty() => {
                        values.insert(name.to_owned(), given.to_owned());
                    }
                    None if expected == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}
