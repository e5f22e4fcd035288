//! The coverage matrix: which cells the contract requires, and which were covered. For each consumer's client these are
//! all its operations with every documented success and every own error code, and once per client the codes that many
//! operations share. A hole fails the run, unless `exceptions.yaml` says why the cell cannot be covered from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde::Deserialize;

use crate::{contract::Contract, exchange::Exchange, judge::Judgement};

/// An outcome of an operation, or of a client as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Success(u16),
    Code(String),
}

/// One cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The operation's id; None for outcomes that are required once per client.
    pub operation: Option<String>,
    pub outcome: Outcome,
    pub consumer: String,
}

/// Why a cell cannot be covered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The operation's id; left out for shared codes.
    pub operation: Option<String>,
    /// A status or a code.
    pub outcome: String,
    /// The client; left out for all.
    pub consumer: Option<String>,
    /// The host; left out for all.
    pub host: Option<String>,
    pub reason: String,
}

pub struct Coverage {
    required: BTreeSet<Cell>,
    covered: BTreeSet<Cell>,
}

impl Coverage {
    pub fn new(contract: &Contract) -> Coverage {
        let mut required = BTreeSet::new();
        for operation in &contract.operations {
            for consumer in &operation.consumers {
                let successes = operation.successes().map(Outcome::Success);
                let codes = operation.own.iter().cloned().map(Outcome::Code);
                for outcome in successes.chain(codes) {
                    required.insert(Cell {
                        operation: Some(operation.id.clone()),
                        outcome,
                        consumer: consumer.clone(),
                    });
                }
                let router = contract
                    .codes
                    .iter()
                    .filter(|(_, code)| code.applies == "router");
                let shared = operation.implied.iter().chain(router.map(|(code, _)| code));
                for code in shared {
                    required.insert(Cell {
                        operation: None,
                        outcome: Outcome::Code(code.clone()),
                        consumer: consumer.clone(),
                    });
                }
            }
        }
        Coverage {
            required,
            covered: BTreeSet::new(),
        }
    }

    /// Counts an exchange. An operation's own outcomes count only if the generated client sent the request; shared
    /// codes also count if a test sent a raw request in the client's place.
    pub fn count(&mut self, exchange: &Exchange, judgement: &Judgement) {
        let consumer = exchange.sender.consumer.to_owned();
        let outcome = match &judgement.code {
            Some(code) => Outcome::Code(code.clone()),
            None => Outcome::Success(exchange.status.as_u16()),
        };
        if exchange.sender.typed {
            self.covered.insert(Cell {
                operation: judgement.operation.clone(),
                outcome: outcome.clone(),
                consumer: consumer.clone(),
            });
        }
        self.covered.insert(Cell {
            operation: None,
            outcome,
            consumer,
        });
    }

    /// The cells that are neither covered nor excepted, and exceptions that are not needed.
    pub fn holes(&self, exceptions: &[Exception], host: &str) -> Vec<String> {
        let applies = |exception: &Exception, cell: &Cell| {
            exception.host.as_deref().is_none_or(|it| it == host) && exception.names(cell)
        };
        let open = self.required.difference(&self.covered);
        let holes = open
            .filter(|cell| !exceptions.iter().any(|exception| applies(exception, cell)))
            .map(|cell| {
                let operation = cell.operation.as_deref().unwrap_or("any operation");
                format!("{}: {operation} {}", cell.consumer, cell.outcome.text())
            });
        let idle = exceptions.iter().filter(|exception| {
            exception.host.as_deref().is_none_or(|it| it == host)
                && !self
                    .required
                    .difference(&self.covered)
                    .any(|cell| applies(exception, cell))
        });
        let idle = idle.map(|exception| {
            format!(
                "the exception {} {} excepts nothing: take it out",
                exception.operation.as_deref().unwrap_or("any operation"),
                exception.outcome
            )
        });
        holes.chain(idle).collect()
    }

    fn mark(&self, cell: &Cell, exceptions: &[Exception], host: &str) -> &'static str {
        let excepted = exceptions.iter().any(|exception| {
            exception.host.as_deref().is_none_or(|it| it == host) && exception.names(cell)
        });
        match (self.covered.contains(cell), excepted) {
            (true, _) => "yes",
            (false, true) => "excepted",
            (false, false) => "HOLE",
        }
    }
}

/// The matrix of one contract as a table: a line per operation and outcome, a column per client. If hosts or versions
/// differ, the cell has a mark for each, in order. A host has two names here: its own, and the one of host and version.
pub fn table(hosts: &[(&str, &str, &Coverage)], exceptions: &[Exception]) -> String {
    let cells: BTreeSet<&Cell> = hosts
        .iter()
        .flat_map(|(_, _, coverage)| &coverage.required)
        .collect();
    let consumers: BTreeSet<&str> = cells.iter().map(|cell| cell.consumer.as_str()).collect();
    let mut rows: BTreeMap<(&str, String), BTreeMap<&str, String>> = BTreeMap::new();
    for cell in cells {
        let operation = cell.operation.as_deref().unwrap_or("(any operation)");
        let mut marks: Vec<&str> = hosts
            .iter()
            .map(|(host, _, coverage)| coverage.mark(cell, exceptions, host))
            .collect();
        if marks.windows(2).all(|pair| pair[0] == pair[1]) {
            marks.truncate(1);
        }
        rows.entry((operation, cell.outcome.text()))
            .or_default()
            .insert(&cell.consumer, marks.join("/"));
    }
    let mut table = format!("{:<30} {:<22}", "operation", "outcome");
    for consumer in &consumers {
        let _ = write!(table, " {consumer:<12}");
    }
    table.push('\n');
    let mut before = "";
    for ((operation, outcome), marks) in &rows {
        let shown = if *operation == before { "" } else { operation };
        before = operation;
        let mut line = format!("{shown:<30} {outcome:<22}");
        for consumer in &consumers {
            let _ = write!(
                line,
                " {:<12}",
                marks.get(consumer).map_or("-", String::as_str)
            );
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    for (_, name, coverage) in hosts {
        let done = coverage.required.intersection(&coverage.covered).count();
        let all = coverage.required.len();
        let _ = write!(table, "\n{done} of {all} cells covered on the {name} host");
    }
    table.push('\n');
    table
}

impl Exception {
    fn names(&self, cell: &Cell) -> bool {
        self.operation == cell.operation
            && self.outcome == cell.outcome.text()
            && self
                .consumer
                .as_ref()
                .is_none_or(|consumer| *consumer == cell.consumer)
    }
}

impl Outcome {
    fn text(&self) -> String {
        match self {
            Outcome::Success(status) => status.to_string(),
            Outcome::Code(code) => code.clone(),
        }
    }
}

/// The exceptions of this repository.
pub fn exceptions() -> Vec<Exception> {
    serde_norway::from_str(include_str!("../exceptions.yaml")).expect("exceptions.yaml is a list")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exchange::Sender,
        judge::{Judge, tests::SMALL},
    };

    fn exchange(consumer: &'static str, typed: bool, status: u16) -> Exchange {
        Exchange {
            sender: Sender { consumer, typed },
            method: http::Method::GET,
            uri: "/things/1".parse().unwrap(),
            request_headers: Default::default(),
            request_body: Default::default(),
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: Default::default(),
            body: Default::default(),
        }
    }

    fn judgement(code: Option<&str>) -> Judgement {
        Judgement {
            operation: Some("things_get".to_owned()),
            code: code.map(str::to_owned),
            findings: Vec::new(),
        }
    }

    fn hole(holes: &[String], text: &str) -> bool {
        holes.iter().any(|hole| hole == text)
    }

    #[test]
    fn the_matrix_follows_from_the_contract() {
        let coverage = Coverage::new(&Contract::parse(SMALL));
        let holes = coverage.holes(&[], "native");
        for expected in [
            "web: things_create 201",
            "web: things_create TAKEN",
            "mobile: things_get 200",
            "mobile: any operation UNAUTHENTICATED",
            "mobile: any operation METHOD_NOT_ALLOWED",
            "web: any operation KEY_REUSED",
        ] {
            assert!(hole(&holes, expected), "{expected} is not in {holes:#?}");
        }
        assert!(
            !hole(&holes, "mobile: things_create 201"),
            "mobile has not this operation"
        );
        assert!(
            !hole(&holes, "mobile: any operation KEY_REUSED"),
            "mobile writes nothing"
        );
        assert!(
            !hole(&holes, "web: things_get TAKEN"),
            "the operation does not list the code"
        );
    }

    #[test]
    fn an_operation_is_covered_by_the_client_itself_only() {
        let mut coverage = Coverage::new(&Contract::parse(SMALL));
        coverage.count(&exchange("web", false, 200), &judgement(None));
        coverage.count(
            &exchange("web", false, 401),
            &judgement(Some("UNAUTHENTICATED")),
        );
        let holes = coverage.holes(&[], "native");
        assert!(hole(&holes, "web: things_get 200"));
        assert!(!hole(&holes, "web: any operation UNAUTHENTICATED"));
        assert!(hole(&holes, "mobile: any operation UNAUTHENTICATED"));
        coverage.count(&exchange("web", true, 200), &judgement(None));
        assert!(!hole(&coverage.holes(&[], "native"), "web: things_get 200"));
        assert!(hole(
            &coverage.holes(&[], "native"),
            "mobile: things_get 200"
        ));
    }

    #[test]
    fn an_exception_excepts_what_it_names_and_must_be_needed() {
        let exception = |outcome: &str| Exception {
            operation: Some("things_get".to_owned()),
            outcome: outcome.to_owned(),
            consumer: None,
            host: Some("native".to_owned()),
            reason: "it cannot happen".to_owned(),
        };
        let mut coverage = Coverage::new(&Contract::parse(SMALL));
        let exceptions = [exception("NOT_FOUND")];
        assert!(!hole(
            &coverage.holes(&exceptions, "native"),
            "web: things_get NOT_FOUND"
        ));
        assert!(hole(
            &coverage.holes(&exceptions, "worker"),
            "web: things_get NOT_FOUND"
        ));
        assert!(table(&[("native", "native", &coverage)], &exceptions).contains("excepted"));
        for consumer in ["web", "mobile"] {
            coverage.count(
                &exchange(consumer, true, 404),
                &judgement(Some("NOT_FOUND")),
            );
        }
        let holes = coverage.holes(&exceptions, "native");
        assert!(
            holes.iter().any(|hole| hole.contains("excepts nothing")),
            "{holes:?}"
        );
    }

    #[test]
    fn the_table_shows_each_client() {
        let mut coverage = Coverage::new(&Contract::parse(SMALL));
        coverage.count(&exchange("web", true, 200), &judgement(None));
        let none = Coverage::new(&Contract::parse(SMALL));
        let table = table(
            &[
                ("native", "native", &coverage),
                ("workerd", "workerd", &none),
            ],
            &[],
        );
        let line = table
            .lines()
            .find(|line| line.starts_with("things_get"))
            .unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["things_get", "200", "HOLE", "yes/HOLE"]
        );
        assert!(table.contains("1 of "), "{table}");
        assert!(table.ends_with("cells covered on the workerd host\n"));
        drop(Judge::new(Contract::parse(SMALL)));
    }
}
