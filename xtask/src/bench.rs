//! `cargo xtask bench`: the native host and PocketBase, measured in alternation in one run. Both hold the same 10,000
//! rows of 12 fields with the same two indexes, and both check a token and their rules on every request. Figures are
//! medians over the rounds; quote the ratios.

mod load;
mod peers;
mod process;
mod rows;
pub mod trips;
mod worker;

use std::{fs, path::PathBuf, time::Duration};

use crate::run::{cargo, root, step};
use load::{Cell, Measured};
use peers::{Crm, Peer, PocketBase};
pub use worker::bench as bench_worker;

/// Rounds over all cells; each figure is the median.
const ROUNDS: usize = 3;
/// The pause after the sign-in that starts a run: hashing a password takes 19 MiB, which are released when its thread
/// has been idle for ten seconds.
const SETTLED: Duration = Duration::from_secs(12);

const CELLS: &[Cell] = &[
    Cell {
        name: "read one, c=1",
        mode: "read",
        connections: 1,
        page: 1,
    },
    Cell {
        name: "read one, c=32",
        mode: "read",
        connections: 32,
        page: 1,
    },
    Cell {
        name: "list 50, page 1, c=32",
        mode: "list",
        connections: 32,
        page: 1,
    },
    Cell {
        name: "list 50, page 20, c=32",
        mode: "list",
        connections: 32,
        page: 20,
    },
    Cell {
        name: "create, c=1",
        mode: "create",
        connections: 1,
        page: 1,
    },
    Cell {
        name: "create, c=32",
        mode: "create",
        connections: 32,
        page: 1,
    },
    Cell {
        name: "update one field, c=32",
        mode: "update",
        connections: 32,
        page: 1,
    },
];

/// Measures every cell on every peer in alternation and prints the table. `against` is another build of `crm`, measured
/// in place of PocketBase: only both builds in one run show what a change costs.
pub fn bench(seconds: u32, against: Option<PathBuf>) -> Result<(), String> {
    build_release()?;
    let folder = root().join("target/bench");
    let _ = fs::remove_dir_all(folder.join("data"));
    fs::create_dir_all(folder.join("data"))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    process::need_wrk()?;
    let crm = Crm::start(&folder, "crm", root().join("target/release/crm"))?;
    let other: Box<dyn Peer> = match against {
        Some(binary) => Box::new(Crm::start(&folder, "against", binary)?),
        None => Box::new(PocketBase::start(&folder)?),
    };
    let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(crm), other];

    println!(
        "| what | {} |",
        peers
            .iter()
            .map(|peer| peer.name())
            .collect::<Vec<_>>()
            .join(" | ")
    );
    println!("| --- |{}", " --- |".repeat(peers.len()));
    std::thread::sleep(SETTLED);
    row("memory idle (MiB, resident)", &peers, |peer| {
        peer.memory_mib()
    });
    let mut batches = Vec::new();
    for peer in &mut peers {
        batches.push(median(peer.load(&rows::rows(10_000))?));
    }
    println!(
        "| 1,000 in one batch (ms) | {} |",
        batches
            .iter()
            .map(|ms| format!("{ms:.0}"))
            .collect::<Vec<_>>()
            .join(" | ")
    );

    for cell in CELLS {
        let mut all: Vec<Vec<Measured>> = peers.iter().map(|_| Vec::new()).collect();
        for round in 0..ROUNDS {
            for (peer, measured) in peers.iter().zip(&mut all) {
                measured.push(load::run(cell, &peer.target(), seconds, round)?);
            }
        }
        let figures: Vec<String> = all
            .iter()
            .map(|measured| load::median(measured).to_string())
            .collect();
        println!("| {} | {} |", cell.name, figures.join(" | "));
    }
    row("memory loaded (MiB, resident)", &peers, |peer| {
        peer.memory_mib()
    });
    row("log beside the database (MiB)", &peers, |peer| {
        peer.log_mib()
    });
    let restarts: Result<Vec<f64>, String> = peers.iter_mut().map(|peer| peer.restart()).collect();
    println!(
        "| restart to first answer, after the writes (ms) | {} |",
        restarts?
            .iter()
            .map(|ms| format!("{ms:.0}"))
            .collect::<Vec<_>>()
            .join(" | ")
    );
    Ok(())
}

/// Runs the overload test with the release build for one minute.
pub fn overload() -> Result<(), String> {
    build_release()?;
    let mut test = cargo([
        "test",
        "-p",
        "crm",
        "--test",
        "overload",
        "--",
        "--nocapture",
    ]);
    test.env("CRM_OVERLOAD", "60");
    test.env("CRM_PROGRAM", root().join("target/release/crm"));
    step("a minute of overload", &mut test)
}

fn build_release() -> Result<(), String> {
    let mut build = cargo(["build", "--release", "-p", "crm"]);
    step("the release build", &mut build)
}

fn row(name: &str, peers: &[Box<dyn Peer>], figure: impl Fn(&dyn Peer) -> f64) {
    println!(
        "| {name} | {} |",
        peers
            .iter()
            .map(|peer| format!("{:.1}", figure(&**peer)))
            .collect::<Vec<_>>()
            .join(" | ")
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
