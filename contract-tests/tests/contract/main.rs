//! The contract tests: every client against the server, every answer against the contract. The
//! suites run in phases against one host; at the end stand the judge's findings and the coverage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test: whatever does not go as expected has to end it"
)]

mod clients;
mod raw;

use std::{path::Path, process::ExitCode, sync::Arc, time::Instant};

use contract_tests::{
    host::{Host, Native},
    runner::{self, Arguments, Phase, Test},
    world::World,
};

/// Where the table of what is covered is written to, in `target/`.
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
    let host: Box<dyn Host> = Box::new(Native::start());
    let world = Arc::new(World::new(host).await);
    let mut outcome = runner::run(phases(&world), &arguments).await;
    let findings = world.findings();
    if findings.is_empty() {
        outcome.passed += 1;
    } else {
        let text = format!("the judge's findings:\n\n{}", findings.join("\n\n"));
        outcome.failed.push(("judge".to_owned(), text));
    }
    let (table, holes) = world.coverage();
    if arguments.everything() {
        println!("\n{table}");
        write(&table);
        if holes.is_empty() {
            outcome.passed += 1;
        } else {
            let text = format!("not covered:\n{}", holes.join("\n"));
            outcome.failed.push(("coverage".to_owned(), text));
        }
    }
    for (name, reason) in &outcome.failed {
        println!("\n---- {name}\n{reason}");
    }
    if !outcome.failed.is_empty() {
        println!("\nthe end of the server's log:\n{}", world.host.log());
    }
    let failed = outcome.failed.len();
    println!(
        "\ntest result: {}. {} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s ({} exchanges judged)",
        if failed == 0 { "ok" } else { "FAILED" },
        outcome.passed,
        outcome.filtered,
        start.elapsed().as_secs_f64(),
        world.exchanges(),
    );
    ExitCode::from(u8::from(failed > 0))
}

fn write(table: &str) {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.ancestors().find(|path| path.ends_with("target"));
    let target = target.unwrap_or(Path::new("target"));
    std::fs::write(target.join(TABLE), table).expect("target/ can be written to");
}

/// All suites, in order: what ends sessions or holds a store still has tenants of its own, so most
/// can run side by side.
fn phases(world: &Arc<World>) -> Vec<Phase> {
    let mut tests: Vec<Test> = Vec::new();
    tests.extend(clients::tests(world));
    tests.extend(raw::tests(world));
    vec![Phase { tests, at_once: 8 }]
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
