//! `cargo xtask test | release | pin | build-worker | dev | bench | wrangler`: the project's tasks. It needs only
//! cargo, installs the other tools of a step from the package registries, and prints each step.

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
    /// Runs every check and every test; installs the tools that they need
    Test {
        /// The day on which the contract is judged, YYYY-MM-DD; by default that of the newest release, so that the same
        /// tree gets the same result on every day
        #[arg(long)]
        today: Option<String>,
        /// Keeps cargo's timing report of each cargo command in target/cargo-timings
        #[arg(long)]
        timings: bool,
    },
    /// Makes a release of the contract in spec/releases, or says why that is not possible
    Release {
        /// The day of the release, YYYY-MM-DD; the machine's clock is not used
        #[arg(long)]
        date: String,
    },
    /// Runs the contract tests and records what each consumer relies on in spec/consumers
    Pin,
    /// Builds the Worker; prints its size and start-up time
    BuildWorker,
    /// Builds the Workers for the tests; prints as JSON where they and their runtime are
    #[command(hide = true)]
    Workers,
    /// Runs the project's version of wrangler, on its own Node
    Wrangler {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the ports' conformance suites on the Worker in workerd
    Conformance,
    /// Businesses of a deployed Worker: each has a D1 database of its own
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Runs the Worker on Cloudflare's runtime on this machine, with the demo's business
    Dev {
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// Starts with new data: removes the kept data first
        #[arg(long)]
        fresh: bool,
    },
    /// Tests the published documents, the reference page, the dashboard and the TypeScript package
    Web,
    /// Tests a server with requests that Schemathesis generates from its document
    Schemathesis(test::schemathesis::Options),
    /// Measures the native host beside PocketBase, or the Worker beside bare D1
    Bench {
        /// Measures the Worker in workerd, beside a bare Worker with only a D1
        #[arg(long)]
        worker: bool,
        /// Runs the native host under ten times its load for a minute: refusals in time, memory, recovery
        #[arg(long, conflicts_with = "worker")]
        overload: bool,
        /// Another build of `crm`, or the folder of another build of the Worker, to measure in place of PocketBase or
        /// bare D1; shows the cost of a change
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
