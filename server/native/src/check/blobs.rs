//! Checks that each blob lies in the folder of its tenant and matches its first line.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crm_core::ports::blobs::{BlobKey, LARGEST, admission::admit};

use super::{Finding, Findings, finding::RESTORE};
use crate::blobs::{ENDING, FOLDER, PARTS, read_head};

const FOREIGN: &str = "Move it away: no key leads to it";

/// Checks the blobs of `tenants`. With `all`, `tenants` is complete, and blobs of others are findings. Returns the
/// number of blobs and the findings.
pub fn check(data: &Path, tenants: &[String], all: bool) -> (u64, Vec<Finding>) {
    let root = data.join(FOLDER);
    let (mut seen, mut found) = (0, Vec::new());
    for path in entries(&root) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == PARTS {
            continue;
        }
        if tenants.iter().any(|tenant| *tenant == name) {
            walk(&root, &path, &mut seen, &mut found);
        } else if all {
            let what = "belongs to no tenant";
            let mend = "Put the tenant's database back from a backup, or move the folder away";
            add(&path, &mut found, what, mend);
        }
    }
    (seen, found)
}

/// The entries of a folder, sorted; empty if the folder does not exist.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Checks all files below a folder. The depth of a key bounds the recursion.
fn walk(root: &Path, path: &Path, seen: &mut u64, found: &mut Vec<Finding>) {
    // Symbolic links are neither files nor folders here, as their target may be anywhere.
    let kind = fs::symlink_metadata(path).map(|metadata| metadata.file_type());
    if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
        for path in entries(path) {
            walk(root, &path, seen, found);
        }
        return;
    }
    let key = path
        .strip_prefix(root)
        .ok()
        .and_then(|path| path.to_str()?.strip_suffix(&format!(".{ENDING}")))
        .and_then(|key| BlobKey::parse(&key.replace(std::path::MAIN_SEPARATOR, "/")).ok());
    if key.is_none() || !kind.is_ok_and(|kind| kind.is_file()) {
        add(path, found, "is not a blob", FOREIGN);
        return;
    }
    *seen += 1;
    match damage(path) {
        Ok(None) => {}
        Ok(Some(what)) => add(path, found, what, RESTORE),
        Err(error) => add(path, found, format!("cannot be read: {error}"), RESTORE),
    }
}

fn damage(path: &Path) -> std::io::Result<Option<String>> {
    let mut blob = match File::open(path).and_then(read_head) {
        // Deleted meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        blob => blob?,
    };
    let (there, stated) = (blob.length()?, blob.head.bytes);
    if there != stated || stated > LARGEST as u64 {
        return Ok(Some(format!("has {there} bytes, not {stated}")));
    }
    let bytes = blob.read(&(0..stated))?;
    let admitted = admit(&blob.head.content_type, &blob.head.sha256, &bytes);
    Ok(admitted.err().map(|error| format!("is damaged: {error}")))
}

fn add(path: &Path, found: &mut Vec<Finding>, what: impl Into<String>, mend: &str) {
    let mut findings = Findings::of(path);
    findings.add("blob", what, mend);
    found.extend(findings.done());
}
