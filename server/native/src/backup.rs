//! A consistent copy of a data folder, made while a server writes to it: one snapshot of each database, the directory's
//! last, then the blobs. A copy has the layout of a data folder: to restore, put it in the folder's place.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{blobs::FOLDER, folder};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path} exists already; name a new folder", path = .0.display())]
    There(PathBuf),
    #[error("there is no data in {path}; name another folder with --data", path = .0.display())]
    Missing(PathBuf),
    #[error("cannot write {path}: {error}", path = path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot copy {path}: {error}", path = path.display())]
    Copy {
        path: PathBuf,
        error: rusqlite::Error,
    },
}

/// Copies `data` into the folder `OUT.part` beside `out`, and returns its path.
pub fn copy(data: &Path, out: &Path) -> Result<PathBuf, BackupError> {
    if out.exists() {
        return Err(BackupError::There(out.to_path_buf()));
    }
    let directory = data.join("directory.sqlite");
    if !directory.exists() {
        return Err(BackupError::Missing(data.to_path_buf()));
    }
    let part = out.with_added_extension("part");
    let write = |path: &Path, error| BackupError::Write {
        path: path.to_path_buf(),
        error,
    };
    // Left by an interrupted backup.
    if part.exists() {
        fs::remove_dir_all(&part).map_err(|error| write(&part, error))?;
    }
    let tenants = part.join("tenants");
    folder::own(&tenants).map_err(|error| write(&tenants, error))?;
    // Tenants first: the loop ends when every tenant in the directory has a copy. `forget_others` handles tenants that
    // are added later.
    let mut known = Vec::new();
    loop {
        let new: Vec<String> = ids(&directory)?
            .into_iter()
            .filter(|id| !known.contains(id))
            .collect();
        if new.is_empty() {
            break;
        }
        for id in &new {
            let file = Path::new("tenants").join(format!("{id}.sqlite"));
            database(&data.join(&file), &part.join(&file))?;
        }
        known.extend(new);
    }
    let copied = part.join("directory.sqlite");
    database(&directory, &copied)?;
    forget_others(&copied, &known)?;
    // After the databases: a blob is put before anything refers to it, and deleted when nothing does any more. So every
    // blob that a copied database refers to still exists.
    for id in &known {
        let folder = Path::new(FOLDER).join(id);
        blobs(&data.join(&folder), &part.join(&folder))?;
    }
    folder::keep_all(&part).map_err(|(path, error)| write(&path, error))?;
    folder::sync(&tenants).map_err(|error| write(&tenants, error))?;
    folder::sync(&part).map_err(|error| write(&part, error))?;
    Ok(part)
}

/// Renames a copy that passed the check to its final name.
pub fn finish(part: &Path, out: &Path) -> Result<(), BackupError> {
    let write = |error| BackupError::Write {
        path: out.to_path_buf(),
        error,
    };
    // Reading a database leaves empty WAL files beside it.
    for folder in [part.to_path_buf(), part.join("tenants")] {
        for entry in fs::read_dir(&folder).map_err(write)?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".sqlite-shm") || name.ends_with(".sqlite-wal") {
                fs::remove_file(entry.path()).map_err(write)?;
            }
        }
    }
    fs::rename(part, out).map_err(write)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    folder::sync(parent.unwrap_or(Path::new("."))).map_err(write)
}

/// One snapshot of `from` as a new, compacted file; it does not block writers.
fn database(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])
    };
    copied().map_err(|error| BackupError::Copy {
        path: from.to_path_buf(),
        error,
    })?;
    let kept = || {
        #[cfg(unix)]
        fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        File::open(to)?.sync_all()
    };
    kept().map_err(|error| BackupError::Write {
        path: to.to_path_buf(),
        error,
    })
}

fn ids(directory: &Path) -> Result<Vec<String>, BackupError> {
    let read = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(directory, flags)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        let mut statement = connection.prepare("SELECT id FROM tenants")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    };
    read().map_err(|error| BackupError::Copy {
        path: directory.to_path_buf(),
        error,
    })
}

/// Removes tenants that were added after the last listing from the copied directory: they have no copy.
fn forget_others(directory: &Path, known: &[String]) -> Result<(), BackupError> {
    let known = serde_json::json!(known).to_string();
    let forget = || {
        let connection = Connection::open(directory)?;
        for (table, column) in [("tenants", "id"), ("logins", "tenant")] {
            let sql = format!(
                "DELETE FROM {table} WHERE {column} NOT IN (SELECT value FROM json_each(?1))"
            );
            connection.execute(&sql, [&known])?;
        }
        Ok(())
    };
    forget().map_err(|error| BackupError::Copy {
        path: directory.to_path_buf(),
        error,
    })
}

/// Copies a tenant's blobs, except those that are deleted meanwhile.
fn blobs(from: &Path, to: &Path) -> Result<(), BackupError> {
    let write = |error| BackupError::Write {
        path: to.to_path_buf(),
        error,
    };
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(write)?,
    };
    folder::own(to).map_err(write)?;
    for entry in entries {
        let entry = entry.map_err(write)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let write = |error| BackupError::Write {
            path: to.clone(),
            error,
        };
        let kind = entry.file_type().map_err(write)?;
        if kind.is_dir() {
            blobs(&from, &to)?;
        } else if kind.is_file() {
            match fs::copy(&from, &to).and_then(|_| File::open(&to)?.sync_all()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => copied.map_err(write)?,
            }
        }
    }
    folder::sync(to).map_err(write)
}
