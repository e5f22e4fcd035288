//! The contract tests: every client is run against the server, and every answer is checked against the contract. The
//! suites run in phases, in each version, against each host that `CONTRACT_HOSTS` names (`native`, `workerd`; default:
//! `native`). The judge's findings and the coverage of all hosts and versions come last.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test: whatever does not go as expected has to end it"
)]

mod alike;
mod clients;
mod raw;

use std::{path::Path, process::ExitCode, sync::Arc, time::Instant};

use contract_tests::{
    host::{Host, Native, Workerd},
    runner::{self, Arguments, Outcome, Phase},
    world::{self, VERSIONS, World},
};

/// The file in `target/` for the coverage table.
const TABLE: &str = "contract-coverage.txt";

fn main() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1));
    if arguments.list {
        runner::list(&arguments);
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runner::collect_panics();
    runtime.block_on(whole(arguments))
}

async fn whole(arguments: Arguments) -> ExitCode {
    let start = Instant::now();
    let mut worlds = Vec::new();
    for host in hosts().await {
        for version in VERSIONS {
            worlds.push(Arc::new(World::new(host.clone(), version).await));
        }
    }
    let mut outcome = Outcome::default();
    for world in &worlds {
        outcome.add(runner::run(phases(world), &arguments).await);
    }
    // With two hosts: compare them in version 1.
    if let [one, _, other, _] = &worlds[..] {
        let phase = Phase {
            tests: alike::tests(one, other),
            at_once: 1,
        };
        outcome.add(runner::run(vec![phase], &arguments).await);
    }
    for world in &worlds {
        let findings = world.findings();
        outcome.check(
            &format!("{}: judge", world.name()),
            &format!("the judge's findings:\n\n{}", findings.join("\n\n")),
            findings.is_empty(),
        );
    }
    if arguments.everything() {
        let table = world::table(&worlds);
        println!("\n{table}");
        write(&table);
        let holes: Vec<String> = worlds.iter().flat_map(|world| world.holes()).collect();
        let text = format!("not covered:\n{}", holes.join("\n"));
        outcome.check("coverage", &text, holes.is_empty());
    }
    for (name, reason) in &outcome.failed {
        println!("\n---- {name}\n{reason}");
    }
    if !outcome.failed.is_empty() {
        for world in worlds.iter().filter(|world| world.version == 1) {
            let (host, log) = (world.host.name(), world.host.log());
            println!("\nthe end of the {host} server's log:\n{log}");
        }
    }
    let failed = outcome.failed.len();
    println!(
        "\ntest result: {}. {} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s ({} exchanges judged)",
        if failed == 0 { "ok" } else { "FAILED" },
        outcome.passed,
        outcome.filtered,
        start.elapsed().as_secs_f64(),
        worlds.iter().map(|world| world.exchanges()).sum::<usize>(),
    );
    ExitCode::from(u8::from(failed > 0))
}

async fn hosts() -> Vec<Arc<dyn Host>> {
    let named = std::env::var("CONTRACT_HOSTS").unwrap_or_else(|_| "native".to_owned());
    let mut hosts: Vec<Arc<dyn Host>> = Vec::new();
    for name in named.split(',') {
        hosts.push(match name {
            "native" => Arc::new(Native::start()),
            "workerd" => {
                let workerd = Workerd::start();
                workerd.wake().await;
                Arc::new(workerd)
            }
            _ => panic!("CONTRACT_HOSTS: {name:?} is neither native nor workerd"),
        });
    }
    hosts
}

fn write(table: &str) {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.ancestors().find(|path| path.ends_with("target"));
    let target = target.unwrap_or(Path::new("target"));
    std::fs::write(target.join(TABLE), table).expect("target/ can be written to");
}

/// All suites. Tests that end sessions or lock a store have their own tenants, so most tests run in parallel. The races
/// have fifty callers each and run alone.
fn phases(world: &Arc<World>) -> Vec<Phase> {
    let mut tests = clients::tests(world);
    tests.extend(raw::tests(world));
    let races = raw::races(world);
    let host = world.name();
    [(tests, 8), (races, 1)]
        .into_iter()
        .map(|(mut tests, at_once)| {
            for test in &mut tests {
                test.name = format!("{host} {}", test.name);
            }
            Phase { tests, at_once }
        })
        .collect()
}

/// Names test functions and binds them to the world.
macro_rules! tests {
    ($world:expr, $prefix:expr, [$($function:path),* $(,)?]) => {
        vec![$({
            let world = $world.clone();
            let path = stringify!($function).replace(' ', "");
            contract_tests::runner::Test {
                name: format!("{}{path}", $prefix),
                run: Box::pin(async move { $function(&world).await }),
            }
        }),*]
    };
}
pub(crate) use tests;
