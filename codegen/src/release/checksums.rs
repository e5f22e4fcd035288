//! Checksums that reveal edits of a release: the SHA-256 of each file, and of the checksums of the release before, in
//! the form of `sha256sum --check`. An edit of one release would need edits of all later ones.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::document::Date;

/// The file of a release that holds its checksums.
pub const CHECKSUMS: &str = "SHA256SUMS";

/// One line for each file, and one for the checksums of the release before.
pub fn checksums(files: &BTreeMap<String, Vec<u8>>, previous: Option<(Date, &[u8])>) -> String {
    let mut out = String::new();
    if let Some((day, sums)) = previous {
        let _ = writeln!(out, "{}  ../{day}/{CHECKSUMS}", hex(sums));
    }
    for (name, bytes) in files.iter().filter(|(name, _)| *name != CHECKSUMS) {
        let _ = writeln!(out, "{}  {name}", hex(bytes));
    }
    out
}

/// The differences from the checksums of the release; empty if it was not edited.
pub fn edited(files: &BTreeMap<String, Vec<u8>>, previous: Option<(Date, &[u8])>) -> Vec<String> {
    let Some(written) = files.get(CHECKSUMS) else {
        return vec![format!("{CHECKSUMS} is not there")];
    };
    let written = String::from_utf8_lossy(written);
    let written: Vec<&str> = written.lines().collect();
    let current = checksums(files, previous);
    let current: Vec<&str> = current.lines().collect();
    let name = |line: &str| line.split("  ").nth(1).unwrap_or(line).to_owned();
    let mut wrong: Vec<String> = Vec::new();
    for line in &current {
        if !written.contains(line) {
            wrong.push(format!("{} is not what was released", name(line)));
        }
    }
    for line in &written {
        if !current.iter().any(|other| name(other) == name(line)) {
            wrong.push(format!("{} is gone", name(line)));
        }
    }
    wrong
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
