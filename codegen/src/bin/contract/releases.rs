//! `contract release` and `contract judge`: compare the working contract with its releases.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use crm_codegen::diff::{Finding, Level};
use crm_codegen::document::Date;
use crm_codegen::release::{self, Folder, Judged, Kept, Refusal};

use super::compare::{Format, Shown};
use super::{Outcome, day, print_line};

#[derive(Args)]
pub struct Release {
    /// The folder with openapi.yaml, overlays, consumers/ and releases/.
    spec: PathBuf,
    /// The day of the release, YYYY-MM-DD; the clock is not used.
    #[arg(long, value_parser = day)]
    date: Date,
}

#[derive(Args)]
pub struct Judge {
    /// The folder with openapi.yaml, overlays, consumers/ and releases/.
    spec: PathBuf,
    /// The day on which the working contract is judged; by default that of the newest release.
    #[arg(long, value_parser = day)]
    today: Option<Date>,
    #[command(flatten)]
    shown: Shown,
}

pub fn release(command: &Release) -> io::Result<Outcome> {
    let folder = match Folder::read(&command.spec)? {
        Ok(folder) => folder,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let edited = folder.edited();
    if !edited.is_empty() {
        return Ok(Outcome::Findings(edited));
    }
    let newest = folder.kept.last();
    let made = release::release(
        &folder.versions,
        &folder.releases(),
        command.date,
        &folder.consumers,
        newest.and_then(Kept::sums).map(|(_, sums)| sums),
    );
    let files = match made {
        Ok(files) => files,
        Err(Refusal::Faults(found)) => return Ok(Outcome::Findings(found)),
        Err(Refusal::Breaks(judged)) => {
            return Ok(Outcome::Compared {
                findings: grave(&judged),
                shown: Shown::default(),
            });
        }
        Err(Refusal::NotAfter { day, newest }) => {
            let message = format!(
                "{day} is not after the newest release, {newest}: a release is never edited"
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
    };
    let target = folder.path.join(format!("releases/{}", command.date));
    // Made in a temporary folder and renamed, so that there is never an incomplete release.
    let beside = folder.path.join(format!("releases/.{}", command.date));
    fs::create_dir_all(&beside)?;
    for (name, bytes) in &files {
        fs::write(beside.join(name), bytes)?;
    }
    fs::rename(&beside, &target)?;
    for name in files.keys() {
        print_line(&target.join(name).display().to_string())?;
    }
    Ok(Outcome::Fine)
}

pub fn judge(command: &Judge) -> io::Result<Outcome> {
    let folder = match Folder::read(&command.spec)? {
        Ok(folder) => folder,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let edited = folder.edited();
    if !edited.is_empty() {
        return Ok(Outcome::Findings(edited));
    }
    let releases = folder.releases();
    let untrue = release::untrue(&folder.versions, &folder.consumers);
    let Some(newest) = releases.last() else {
        writeln!(
            io::stderr(),
            "nothing was released yet, so nothing can break"
        )?;
        return Ok(Outcome::of(untrue));
    };
    let today = command.today.unwrap_or(newest.day);
    let judged = release::judge(&folder.versions, &releases, today, &folder.consumers);
    if !release::breaks(&judged) && !untrue.is_empty() {
        return Ok(Outcome::Findings(untrue));
    }
    let mut findings: Vec<Finding> = judged.into_iter().flat_map(|one| one.findings).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    if command.shown.format == Format::Text {
        let day = newest.day;
        writeln!(io::stderr(), "against the release of {day}, as of {today}:")?;
    }
    Ok(Outcome::Compared {
        findings,
        shown: command.shown,
    })
}

/// The findings for which a release is refused.
fn grave(judged: &[Judged]) -> Vec<Finding> {
    let all = judged.iter().flat_map(|version| &version.findings);
    all.filter(|finding| finding.level > Level::Info)
        .cloned()
        .collect()
}
