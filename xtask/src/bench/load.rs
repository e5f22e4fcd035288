//! One measurement with wrk: one thread, on the same cores as the server.

use std::{fmt, process::Command};

use super::peers::Target;
use crate::run::root;

pub struct Cell {
    pub name: &'static str,
    pub mode: &'static str,
    pub connections: u32,
    pub page: u32,
}

#[derive(Clone, Copy)]
pub struct Measured {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Measured {
    /// The ratio of requests per second to another measurement.
    pub fn ratio(&self, other: &Measured) -> f64 {
        self.per_second / other.per_second
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0}/s ({:.2}/{:.2} ms)",
            self.per_second, self.p50_ms, self.p99_ms
        )
    }
}

/// Loads the target for one second to warm up, then measures for `seconds`. An answer without success is an error.
pub fn run(
    cell: &Cell,
    target: &Target<'_>,
    seconds: u32,
    round: usize,
) -> Result<Measured, String> {
    wrk(cell, target, 1, round + 100)?;
    wrk(cell, target, seconds, round)
}

fn wrk(cell: &Cell, target: &Target<'_>, seconds: u32, seed: usize) -> Result<Measured, String> {
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{}", cell.connections),
            &format!("-d{seconds}s"),
            "--timeout",
            "10s",
            "-s",
        ])
        .arg(root().join("xtask/bench/load.lua"))
        .arg(target.base)
        .env("SERVER", target.server)
        .env("MODE", cell.mode)
        .env("PAGE", cell.page.to_string())
        .env("TOKEN", target.token)
        .env("IDS", target.folder.join("ids"))
        .env("CURSORS", target.folder.join("cursors"))
        .env("SEED", seed.to_string())
        .env("HOST", target.host.unwrap_or_default())
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let figures: Vec<f64> = line
        .unwrap_or_default()
        .split(' ')
        .filter_map(|figure| figure.parse().ok())
        .collect();
    let [per_second, p50_ms, p99_ms, refused, broken] = figures[..] else {
        return Err(format!(
            "{}, {}: wrk said {text} {}",
            target.server,
            cell.name,
            String::from_utf8_lossy(&output.stderr)
        ));
    };
    if refused + broken > 0.0 {
        return Err(format!(
            "{}, {}: {refused} refused, {broken} broken: {}",
            target.server,
            cell.name,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(Measured {
        per_second,
        p50_ms,
        p99_ms,
    })
}

/// The median of each figure separately.
pub fn median(all: &[Measured]) -> Measured {
    let of = |figure: fn(&Measured) -> f64| super::median(all.iter().map(figure).collect());
    Measured {
        per_second: of(|m| m.per_second),
        p50_ms: of(|m| m.p50_ms),
        p99_ms: of(|m| m.p99_ms),
    }
}
