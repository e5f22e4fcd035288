//! Schemathesis against a running server: it generates thousands of requests from the server's document and checks the
//! answers against it, once for each security scheme, with real credentials. The operations share a fixed number of
//! seconds, which grows with their number only when each has come down to a minimum. Its configuration is in
//! contract-tests/schemathesis/; errors that it finds become tests of contract-tests.

mod business;
mod native;
mod operation;
mod python;
mod share;
mod tries;
mod workerd;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use clap::Args;

use crate::run::{root, step};
use business::{Business, Login};
use operation::Operation;
use share::{RUNS, SECONDS, shares};

#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The seed, to repeat a run; each run prints its seed
    #[arg(long)]
    seed: Option<u64>,
    /// The seconds for all runs together; a run gets more if its operations would have less than the minimum
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Tests the Worker in workerd, for half of the time
    #[arg(long, conflicts_with = "url")]
    worker: bool,
    /// The address of a running server to test; by default a native one is started
    #[arg(long, requires_all = ["email", "password"])]
    url: Option<String>,
    /// The email address of an owner at that server, in a business whose data may be destroyed
    #[arg(long, requires = "url")]
    email: Option<String>,
    #[arg(long, requires = "url")]
    password: Option<String>,
    /// The name of the host, for exceptions that hold on one host only
    #[arg(skip = "native")]
    host: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Some(SEED),
            seconds: SECONDS,
            worker: false,
            url: None,
            email: None,
            password: None,
            host: "native",
        }
    }
}

impl Options {
    /// The options for the Worker, with its part of the time.
    pub fn of_the_worker() -> Self {
        Self {
            worker: true,
            ..Self::default()
        }
    }
}

/// The seed of the runs in `cargo xtask test`, so that their findings can be repeated. `cargo xtask schemathesis` uses
/// another seed in each run.
const SEED: u64 = 397_145_962;

pub fn run(options: &Options) -> Result<(), String> {
    if options.worker {
        return on_the_worker(options);
    }
    let folder = root().join("target/schemathesis");
    let program = python::schemathesis(&folder)?;
    let native;
    let (url, login) = match (&options.url, &options.email, &options.password) {
        (Some(url), Some(email), Some(password)) => (
            url.clone(),
            Login {
                email: email.clone(),
                password: password.clone(),
            },
        ),
        _ => {
            native = native::Native::start(&folder)?;
            (native.base.clone(), native.login.clone())
        }
    };
    let seed = options.seed.unwrap_or_else(new_seed);
    println!("schemathesis: --seed {seed}");
    let business = Business::make(&url, &login)?;
    let mut operations = Vec::new();
    for (version, scheme, _) in RUNS {
        let document = business::get(&published(&url, version), None)?;
        let found = Operation::of(&document, scheme);
        if found.is_empty() {
            return Err(format!("no operation takes the scheme `{scheme}`"));
        }
        operations.push(found);
    }
    let numbers: Vec<usize> = operations.iter().map(Vec::len).collect();
    let seconds = shares(options.seconds, &numbers);
    for (((version, scheme, _), operations), seconds) in
        RUNS.into_iter().zip(operations).zip(seconds)
    {
        let caller = business.caller(scheme)?;
        let config = folder.join(format!("v{version}-{scheme}.toml"));
        write(&config, &config_for(&url, scheme)?)?;
        let mut command = Command::new(&program);
        command.args(["--config-file"]).arg(&config).arg("run");
        command.arg(published(&url, version));
        // Version 1 is the default and needs no header.
        if version > 1 {
            let accept = format!("Accept: application/vnd.crm.v{version}+json, */*;q=0.1");
            command.args(["--header", &accept]);
        }
        command.args(["--max-time", &seconds.to_string()]);
        command.args(["--seed", &seed.to_string()]);
        command.args(["--report", "ndjson", "--report-ndjson-path"]);
        let report = folder.join(format!("v{version}-{scheme}.ndjson"));
        command.arg(&report);
        for operation in &operations {
            command.args(["--include-operation-id", &operation.id]);
        }
        command.env("PYTHONPATH", told());
        command.env("CRM_TOKEN", &caller.token);
        command.env("CRM_CALLER", &caller.id);
        command.env("CRM_HOST", options.host);
        command.env("CRM_VERSION", version.to_string());
        step(
            &format!("schemathesis as `{scheme}` in version {version}, {seconds} s"),
            &mut command,
        )
        .map_err(|error| format!("{error}; repeat with --seed {seed}"))?;
        let names: Vec<String> = operations.into_iter().map(|one| one.name).collect();
        let (least, tries) = tries::least(&report, &names)?;
        println!(
            "schemathesis: the least tested of {} operations is {least}, with {tries} requests",
            names.len()
        );
        // If the caller lost access during the run, the rest of the run tested nothing.
        business::get(&format!("{url}{}", caller.home), Some(&caller.token))
            .map_err(|error| format!("the caller of `{scheme}` lost access: {error}"))?;
    }
    Ok(())
}

/// The same for the Worker in workerd. Its core is that of the native host, so it gets half of the time.
fn on_the_worker(options: &Options) -> Result<(), String> {
    let workerd = workerd::Workerd::start()?;
    let login = workerd.login()?;
    run(&Options {
        seconds: options.seconds / 2,
        worker: false,
        url: Some(workerd.url().to_owned()),
        email: Some(login.email),
        password: Some(login.password),
        host: "workerd",
        ..options.clone()
    })
}

/// The folder with the configuration of Schemathesis.
fn told() -> PathBuf {
    root().join("contract-tests/schemathesis")
}

fn new_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::from(now.unwrap_or_default().subsec_nanos())
}

fn published(url: &str, version: u32) -> String {
    format!("{url}/openapi.json?version={version}")
}

fn config_for(url: &str, scheme: &str) -> Result<String, String> {
    let path = told().join("config.toml");
    let common =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(format!(
        "base-url = \"{url}\"\nhooks = \"hooks\"\n\n{common}\n[auth.openapi]\n{scheme} = {{ bearer = \"${{CRM_TOKEN}}\" }}\n"
    ))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
