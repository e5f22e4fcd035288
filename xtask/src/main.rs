//! `cargo xtask test | release | pin | build-worker | dev | bench | wrangler`: what people would otherwise type by hand. It needs cargo alone, installs what else a step
//! needs from the package registries, and says what it does.

mod api;
mod bench;
mod contract;
mod dev;
mod run;
mod tenant;
mod test;
mod tools;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests and measures the project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check and every test, installing what they need
    Test {
        /// The day on which the contract is judged, YYYY-MM-DD; that of the newest release if left out,
        /// so that the same tree is judged alike on every day
        #[arg(long)]
        today: Option<String>,
        /// Keeps cargo's report of how long each crate compiles, one for each command of cargo, in target/cargo-timings
        #[arg(long)]
        timings: bool,
    },
    /// Makes a release of the contract in spec/releases, or says why it cannot be one
    Release {
        /// The day of the release, YYYY-MM-DD: no clock is asked
        #[arg(long)]
        date: String,
    },
    /// Records from the contract tests what each consumer relies on, in spec/consumers
    Pin,
    /// Builds the Worker, says how large it is and how long it takes to start
    BuildWorker,
    /// Builds the Workers that the tests run, and says as JSON where they and their runtime are
    #[command(hide = true)]
    Workers,
    /// Runs the wrangler that this project is built with, on its own Node
    Wrangler {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the conformance suites of the ports on the Worker's, in workerd
    Conformance,
    /// Businesses of a deployed Worker: each has a D1 database of its own
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Runs the Worker on Cloudflare's runtime on this machine, with the demo's business
    Dev {
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// Begins anew: what was kept is removed first
        #[arg(long)]
        fresh: bool,
    },
    /// Tries what partners and web teams use: the published documents, the reference page, the TypeScript package
    Web,
    /// Tries a server with requests made up from its document
    Schemathesis(test::schemathesis::Options),
    /// Measures the native host beside PocketBase, or the Worker beside bare D1
    Bench {
        /// The Worker in workerd, beside a Worker with nothing around its D1
        #[arg(long)]
        worker: bool,
        /// The native host under ten times what it can do, for a minute: refusals in time, memory, recovery
        #[arg(long, conflicts_with = "worker")]
        overload: bool,
        /// Another build of `crm`, or the folder of another build of the Worker, measured in place of PocketBase or of bare
        /// D1: what a change cost
        #[arg(long, value_name = "BUILD", conflicts_with = "overload")]
        against: Option<std::path::PathBuf>,
        /// Seconds for each figure of each round
        #[arg(long, default_value_t = 5)]
        seconds: u32,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test { today, timings } => {
            if timings {
                run::report_timings();
            }
            test::test(today)
        }
        Task::Release { date } => contract::release(&date),
        Task::Pin => contract::pin(),
        Task::BuildWorker => worker::build_worker(),
        Task::Workers => worker::workers(),
        Task::Conformance => worker::run_conformance(),
        Task::Wrangler { arguments } => worker::wrangler(&arguments),
        Task::Tenant(command) => tenant::run(command),
        Task::Dev { port, fresh } => dev::dev(port, fresh),
        Task::Web => test::web::run(),
        Task::Schemathesis(options) => test::schemathesis::run(&options),
        Task::Bench {
            worker: true,
            seconds,
            against,
            ..
        } => bench::bench_worker(seconds, against.as_deref()),
        Task::Bench { overload: true, .. } => bench::overload(),
        Task::Bench {
            seconds, against, ..
        } => bench::bench(seconds, against),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
