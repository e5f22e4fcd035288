//! `contract diff`: what changed, as text, as Markdown or as JSON.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use crm_codegen::Diagnostic;
use crm_codegen::consumers::Consumer;
use crm_codegen::diff::{self, Contract, Finding, Level};
use crm_codegen::document::Date;
use crm_codegen::release;

use super::{Outcome, contract, day};

#[derive(Args)]
pub struct Diff {
    /// The old contract; - is standard input.
    old: PathBuf,
    /// The new contract.
    new: PathBuf,
    /// The day of the release, YYYY-MM-DD; removals before their sunset and backdated announcements are judged by it.
    #[arg(long, value_parser = day)]
    today: Option<Date>,
    /// Releases that announced removals; the path of each contains its day.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    announced: Vec<PathBuf>,
    /// The folder of the pins: findings name the pins that they touch, and removing something pinned is breaking.
    #[arg(long, value_name = "DIR")]
    consumers: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
}

/// How findings are shown.
#[derive(Clone, Copy, Args)]
pub struct Shown {
    /// How findings are written; --json is one per line.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Leave out findings below this level.
    #[arg(long, value_enum, default_value = "info")]
    pub least: Least,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    /// For a pull request.
    Markdown,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Least {
    Info,
    Warning,
    Breaking,
}

impl Default for Shown {
    fn default() -> Self {
        Shown {
            format: Format::Text,
            least: Least::Info,
        }
    }
}

impl Shown {
    pub fn least(self) -> Level {
        match self.least {
            Least::Info => Level::Info,
            Least::Warning => Level::Warning,
            Least::Breaking => Level::Breaking,
        }
    }
}

pub fn diff(command: &Diff) -> io::Result<Outcome> {
    let mut contracts = Vec::new();
    let files = [&command.old, &command.new].into_iter();
    for file in files.chain(&command.announced) {
        match contract(file)?.and_then(Contract::of) {
            Ok(contract) => contracts.push(contract),
            Err(found) => return Ok(Outcome::Unreadable(found)),
        }
    }
    let consumers = match pins(command.consumers.as_deref())? {
        Ok(consumers) => consumers,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let [old, new, announced @ ..] = contracts.as_slice() else {
        return Ok(Outcome::Fine);
    };
    let options = diff::Options {
        today: command.today,
        announced,
        consumers: &consumers,
    };
    Ok(Outcome::Compared {
        findings: diff::diff(old, new, &options).findings,
        shown: command.shown,
    })
}

/// The pins of a folder, which must exist if it is named.
pub fn pins(folder: Option<&Path>) -> io::Result<Result<Vec<Consumer>, Vec<Diagnostic>>> {
    let Some(folder) = folder else {
        return Ok(Ok(Vec::new()));
    };
    if !folder.is_dir() {
        let message = format!("cannot read {}: it is no folder", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    release::consumers(folder)
}

/// Writes findings. The exit code is 1 if one of them is breaking.
pub fn report(findings: &[Finding], shown: Shown, json: bool) -> io::Result<ExitCode> {
    let written: Vec<Finding> = findings
        .iter()
        .filter(|finding| finding.level >= shown.least())
        .cloned()
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        for finding in &written {
            serde_json::to_writer(&mut out, finding)?;
            writeln!(out)?;
        }
    } else if shown.format == Format::Markdown {
        out.write_all(diff::markdown(&written).as_bytes())?;
    } else {
        out.write_all(diff::text(&written).as_bytes())?;
    }
    out.flush()?;
    if !json && shown.format == Format::Text {
        writeln!(io::stderr(), "{}", diff::summary(findings))?;
    }
    let breaks = findings
        .iter()
        .any(|finding| finding.level == Level::Breaking);
    Ok(ExitCode::from(u8::from(breaks)))
}
