//! A contract as its author wrote it, in one or several files. Reading yields one tree, in which every node has its
//! file and line, and one text: the published document.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::families::{self, Unread};
use super::{MOST_BYTES, Node, read};
use crate::diagnostic::{Diagnostic, Diagnostics};

#[derive(Debug, Clone)]
pub struct Written {
    /// The name of the root.
    pub file: String,
    /// Every file that was read, the root first.
    pub files: Vec<String>,
    /// The whole document; for a contract in one file, the file itself.
    pub text: Vec<u8>,
    pub root: Node,
    /// Faults that still allow a tree, such as a duplicate key.
    pub found: Vec<Diagnostic>,
}

impl Written {
    /// Reads YAML or JSON from memory. It has no folder, so it cannot name families.
    pub fn of_bytes(file: &str, bytes: &[u8]) -> Result<Written, Vec<Diagnostic>> {
        written(file, bytes, &|_| Err(Unread::NoFolder))
    }

    /// Reads a file and the families that it names. An I/O error concerns the root; faults of a family are findings.
    pub fn load(path: &Path) -> io::Result<Result<Written, Vec<Diagnostic>>> {
        let name = path.display().to_string();
        let bytes = bytes(path).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot read {name}: {error}"))
        })?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        Ok(written(&name, &bytes, &|name| family(folder, name)))
    }
}

fn written(
    file: &str,
    bytes: &[u8],
    fetch: families::Fetch<'_>,
) -> Result<Written, Vec<Diagnostic>> {
    let mut found = Diagnostics::default();
    let Some(root) = read(file, bytes, &mut found) else {
        return Err(found.into_sorted());
    };
    let alone = Written {
        file: file.to_owned(),
        files: vec![file.to_owned()],
        text: bytes.to_vec(),
        root,
        found: Vec::new(),
    };
    match families::joined(alone, fetch, &mut found) {
        Some(written) => Ok(Written {
            found: found.into_sorted(),
            ..written
        }),
        None => Err(found.into_sorted()),
    }
}

/// A family's bytes. Links are followed within the folder only.
fn family(folder: &Path, name: &str) -> Result<Vec<u8>, Unread> {
    let unread = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unread::Missing,
        _ => Unread::Failed(error.to_string()),
    };
    let path = folder.join(name).canonicalize().map_err(unread)?;
    if !path.starts_with(folder.canonicalize().map_err(unread)?) {
        return Err(Unread::Outside);
    }
    if !fs::metadata(&path).map_err(unread)?.is_file() {
        return Err(Unread::Failed("it is not a file".to_owned()));
    }
    bytes(&path).map_err(unread)
}

/// The bytes of a file. It reads one byte beyond the bound, so that a larger file is recognised.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
