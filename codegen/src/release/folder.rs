//! The folder of a contract: `openapi.yaml` and the files that it names, one overlay for each further version
//! (`v2.overlay.yaml`), the pins of consumers (`consumers/`), and the releases (`releases/`, a folder for each day).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CHECKSUMS, Release, Version, edited, version_in};
use crate::consumers::Consumer;
use crate::diagnostic::{Diagnostic, Location};
use crate::document::Date;
use crate::source::Written;

/// The content of the folder.
#[derive(Debug)]
pub struct Folder {
    pub path: PathBuf,
    pub versions: Vec<Version>,
    pub consumers: Vec<Consumer>,
    /// The releases, sorted by day.
    pub kept: Vec<Kept>,
}

/// A release in the folder.
#[derive(Debug)]
pub struct Kept {
    pub release: Release,
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    /// Reads the folder. Anything that is not a valid contract, pin or day is a finding.
    pub fn read(path: &Path) -> io::Result<Result<Folder, Vec<Diagnostic>>> {
        let name = |file: &str| path.join(file).display().to_string();
        let base = Written::load(&path.join("openapi.yaml"))?;
        let mut overlays = Vec::new();
        for number in 2.. {
            let file = format!("v{number}.overlay.yaml");
            if !path.join(&file).is_file() {
                break;
            }
            overlays.push((name(&file), bytes(&path.join(&file))?));
        }
        let mut found = Vec::new();
        let versions = base.and_then(|base| Version::all(base, &overlays));
        let versions = versions.unwrap_or_else(|faults| {
            found.extend(faults);
            Vec::new()
        });
        let consumers = consumers(&path.join("consumers"))?.unwrap_or_else(|faults| {
            found.extend(faults);
            Vec::new()
        });
        let mut kept = Vec::new();
        for folder in entries(&path.join("releases"))? {
            match release(&folder)? {
                Ok(release) => kept.push(release),
                Err(faults) => found.extend(faults),
            }
        }
        kept.sort_by_key(|kept| kept.release.day);
        Ok(match found.is_empty() {
            true => Ok(Folder {
                path: path.to_owned(),
                versions,
                consumers,
                kept,
            }),
            false => Err(found),
        })
    }

    pub fn releases(&self) -> Vec<Release> {
        self.kept.iter().map(|kept| kept.release.clone()).collect()
    }

    /// Releases that were edited.
    pub fn edited(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut previous: Option<&Kept> = None;
        for kept in &self.kept {
            let day = kept.release.day;
            for message in edited(&kept.files, previous.and_then(Kept::sums)) {
                let at = self.path.join(format!("releases/{day}"));
                let at = Location::of_file(&at.display().to_string());
                let mend =
                    "take it back: a release is never edited, the next one says what changed";
                found.push(Diagnostic::new("release-edited", &at, message, mend));
            }
            previous = Some(kept);
        }
        found
    }
}

impl Kept {
    /// The day and the checksums.
    pub fn sums(&self) -> Option<(Date, &[u8])> {
        Some((self.release.day, self.files.get(CHECKSUMS)?.as_slice()))
    }
}

/// The pins in a folder; empty if it does not exist.
pub fn consumers(folder: &Path) -> io::Result<Result<Vec<Consumer>, Vec<Diagnostic>>> {
    let mut consumers = Vec::new();
    let mut found = Vec::new();
    for file in entries(folder)? {
        if file.extension().is_some_and(|end| end == "yaml") {
            match Consumer::read(&file.display().to_string(), &bytes(&file)?) {
                Ok(consumer) => consumers.push(consumer),
                Err(faults) => found.extend(faults),
            }
        }
    }
    Ok(if found.is_empty() {
        Ok(consumers)
    } else {
        Err(found)
    })
}

fn release(folder: &Path) -> io::Result<Result<Kept, Vec<Diagnostic>>> {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let Some(day) = Date::parse(name) else {
        let at = Location::of_file(&folder.display().to_string());
        let message = "this is not a day of the calendar, so it is no release";
        let fault = Diagnostic::new(
            "release-name",
            &at,
            message,
            "name it YYYY-MM-DD, or move it away",
        );
        return Ok(Err(vec![fault]));
    };
    let mut files = BTreeMap::new();
    let mut versions = Vec::new();
    for file in entries(folder)? {
        let text = bytes(&file)?;
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if version_in(&name).is_some() {
            match Version::read(&file.display().to_string(), &text) {
                Ok(version) => versions.push(version),
                Err(faults) => return Ok(Err(faults)),
            }
        }
        files.insert(name, text);
    }
    versions.sort_by_key(|version| version.number);
    Ok(Ok(Kept {
        release: Release { day, versions },
        files,
    }))
}

/// The entries of a folder, sorted by name; empty if it does not exist. Hidden files are skipped.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(named(folder, error)),
    };
    let mut paths = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|error| named(folder, error))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    fs::read(file).map_err(|error| named(file, error))
}

fn named(file: &Path, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot read {}: {error}", file.display()),
    )
}
