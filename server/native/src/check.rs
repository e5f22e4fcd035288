//! Checks a data folder: the databases as files, and the invariants that the program relies on. It only reads, so a
//! server may run meanwhile.

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

mod blobs;
mod directory;
mod finding;
mod history;
mod model;
mod tenant;

pub use finding::{Finding, Findings};

/// The counts of checked things, and the findings.
#[derive(Debug, Default)]
pub struct Report {
    pub tenants: usize,
    pub records: u64,
    pub changes: u64,
    pub blobs: u64,
    pub findings: Vec<Finding>,
}

/// Checks everything in `data`, or only the database of one tenant.
pub fn check(data: &Path, only: Option<&str>) -> Report {
    let mut report = Report::default();
    let mut files: Vec<_> = fs::read_dir(data.join("tenants"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sqlite"))
        .collect();
    files.sort();
    let (mut logins, mut tenants) = (Vec::new(), Vec::new());
    for path in &files {
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        if only.is_some_and(|only| only != id) {
            continue;
        }
        report.tenants += 1;
        tenants.push(id.to_string());
        let mut findings = Findings::of(path);
        match open(path) {
            Ok(connection) => match tenant::check(&connection, &mut findings) {
                Ok(seen) => {
                    report.records += seen.records;
                    report.changes += seen.changes;
                    logins.extend(seen.logins.into_iter().map(|login| (login, id.to_string())));
                }
                Err(error) => findings.unreadable(&error),
            },
            Err(error) => findings.unreadable(&error),
        }
        report.findings.extend(findings.done());
    }
    if only.is_none() {
        // After the tenants, so that it already contains those that were added meanwhile.
        let path = data.join("directory.sqlite");
        let mut findings = Findings::of(&path);
        let looked = open(&path)
            .and_then(|connection| directory::check(&connection, &files, &logins, &mut findings));
        if let Err(error) = looked {
            findings.unreadable(&error);
        }
        report.findings.extend(findings.done());
    }
    let (blobs, found) = blobs::check(data, &tenants, only.is_none());
    report.blobs = blobs;
    report.findings.extend(found);
    report
}

/// Opens a database for reading only: the check creates, migrates and mends nothing.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// SQLite's own check of the file; true if the file can be read further.
fn is_sound(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut sound = true;
    for line in lines {
        let line = line?;
        if line != "ok" {
            sound = false;
            findings.add("file", line, finding::RESTORE);
        }
    }
    Ok(sound)
}
