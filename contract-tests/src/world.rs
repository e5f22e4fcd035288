//! The shared state of the suites: the running host, proxies for each client and for raw requests in its place, the
//! findings of the judge, the coverage, and businesses for tests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::sync::OnceCell;

use crate::{
    business::Business,
    contract::Contract,
    coverage::{self, Coverage},
    exchange::{Exchange, Sender},
    host::Host,
    judge::{Judge, asked},
    proxy,
    raw::Raw,
    recording::Recording,
};

/// The consumers, each with its own client.
pub const CONSUMERS: [&str; 4] = ["mobile", "web", "portal", "integrations"];

/// The versions of the contract.
pub const VERSIONS: [u32; 2] = [1, 2];

/// A host in one version of the API.
pub struct World {
    pub host: Arc<dyn Host>,
    pub version: u32,
    pub contract: Contract,
    typed: BTreeMap<&'static str, String>,
    raw: BTreeMap<&'static str, Raw>,
    ledger: Arc<Ledger>,
    shared: BTreeMap<&'static str, OnceCell<Arc<Business>>>,
}

/// The results of all exchanges.
struct Ledger {
    /// The version whose exchanges are counted for coverage; those of other versions are only judged.
    version: u32,
    judges: BTreeMap<u32, Judge>,
    seen: Mutex<Seen>,
    /// The recording of the typed clients' exchanges, if it was asked for.
    recording: Option<Recording>,
}

struct Seen {
    coverage: Coverage,
    exchanges: usize,
    /// The number of each finding, and one exchange that shows it.
    findings: BTreeMap<String, (usize, String)>,
}

impl World {
    pub async fn new(host: Arc<dyn Host>, version: u32) -> World {
        let judge = |version| (version, Judge::new(Contract::of_this_repository(version)));
        let judges: BTreeMap<u32, Judge> = VERSIONS.into_iter().map(judge).collect();
        let contract = Contract::of_this_repository(version);
        let coverage = Coverage::new(&contract);
        let seen = Seen {
            coverage,
            exchanges: 0,
            findings: BTreeMap::new(),
        };
        let ledger = Arc::new(Ledger {
            version,
            judges,
            seen: Mutex::new(seen),
            recording: Recording::of_environment(),
        });
        let client = proxy::http_client();
        let mut typed = BTreeMap::new();
        let mut raw = BTreeMap::new();
        for consumer in CONSUMERS {
            let start = async |typed: bool| {
                let ledger = ledger.clone();
                let sink: proxy::Sink = Arc::new(move |exchange| ledger.enter(&exchange));
                proxy::start(
                    host.base_url(),
                    host.address_header(),
                    Sender { consumer, typed },
                    sink,
                )
                .await
            };
            typed.insert(consumer, start(true).await);
            raw.insert(
                consumer,
                Raw {
                    client: client.clone(),
                    base: start(false).await,
                    accept: (version > 1).then(|| contract.media_type()),
                },
            );
        }
        World {
            host,
            version,
            contract,
            typed,
            raw,
            ledger,
            shared: CONSUMERS
                .into_iter()
                .map(|consumer| (consumer, OnceCell::new()))
                .collect(),
        }
    }

    /// The host, and the version if it is not the first.
    pub fn name(&self) -> String {
        match self.version {
            1 => self.host.name().to_owned(),
            version => format!("{} v{version}", self.host.name()),
        }
    }

    /// The base URL for the client of `consumer`.
    pub fn base_url(&self, consumer: &str) -> &str {
        &self.typed[consumer]
    }

    /// Raw requests in place of the client of `consumer`.
    pub fn raw(&self, consumer: &str) -> &Raw {
        &self.raw[consumer]
    }

    /// The business that the tests of one client share.
    pub async fn business(&self, consumer: &'static str) -> Arc<Business> {
        self.shared[consumer]
            .get_or_init(|| async { Arc::new(Business::new(self, consumer).await) })
            .await
            .clone()
    }

    /// Findings with their number and one exchange each, as text.
    pub fn findings(&self) -> Vec<String> {
        let seen = self.ledger.seen.lock().unwrap();
        seen.findings
            .iter()
            .map(|(finding, (times, exchange))| {
                format!("{finding} ({times} times)\n    {exchange}")
            })
            .collect()
    }

    pub fn exchanges(&self) -> usize {
        self.ledger.seen.lock().unwrap().exchanges
    }

    /// The cells that are not covered.
    pub fn holes(&self) -> Vec<String> {
        let seen = self.ledger.seen.lock().unwrap();
        let holes = seen
            .coverage
            .holes(&coverage::exceptions(), self.host.name());
        let host = self.name();
        holes
            .into_iter()
            .map(|hole| format!("{host}: {hole}"))
            .collect()
    }
}

/// The table of what is covered on all hosts.
pub fn table(worlds: &[Arc<World>]) -> String {
    let seen: Vec<_> = worlds
        .iter()
        .map(|world| (world, world.name(), world.ledger.seen.lock().unwrap()))
        .collect();
    let hosts: Vec<_> = seen
        .iter()
        .map(|(world, name, seen)| (world.host.name(), name.as_str(), &seen.coverage))
        .collect();
    coverage::table(&hosts, &coverage::exceptions())
}

impl Ledger {
    fn enter(&self, exchange: &Exchange) {
        let accept = exchange.request_header("accept");
        let vendor = &self.judges[&1].contract.vendor;
        let asked = asked(accept, vendor, &VERSIONS);
        let judgement = self.judges[&asked.unwrap_or(1)].judge(exchange);
        let mut seen = self.seen.lock().unwrap();
        seen.exchanges += 1;
        // An exchange with findings covers nothing.
        if judgement.findings.is_empty() && asked.is_none_or(|version| version == self.version) {
            seen.coverage.count(exchange, &judgement);
            if let Some(recording) = &self.recording {
                recording.enter(exchange);
            }
        }
        let place = judgement.operation.as_deref().unwrap_or("the router");
        for finding in &judgement.findings {
            let key = format!("{place} {}: {finding}", exchange.status.as_u16());
            seen.findings
                .entry(key)
                .or_insert_with(|| (0, exchange.summary()))
                .0 += 1;
        }
    }
}
