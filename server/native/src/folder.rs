//! Folders that hold customers' data: their owner's alone, and durable in the names they hold.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Folders in folders that are looked into. A blob's key has fewer parts.
#[cfg(unix)]
const DEEPEST: usize = 16;

/// Makes a folder and those above it, unless it is there.
pub fn own(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file that is its owner's alone, unless it is there: whoever writes it then adds no rights, and what SQLite
/// puts beside a database has the rights of the database.
pub fn own_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Takes everybody else's rights to a data folder and to what is ours in it away, also where it was made with wider ones.
/// No symbolic link in it is followed. Folders come before what they hold: afterwards nobody else can exchange what is in
/// them. On error: with what the rights could not be taken from.
#[cfg(unix)]
pub fn keep(data: &Path) -> Result<(), (PathBuf, io::Error)> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let failed = |error| (data.to_path_buf(), error);
    let mode = fs::metadata(data).map_err(failed)?.mode();
    if mode & 0o1000 == 0 && mode & 0o7777 != 0o700 {
        let only = fs::Permissions::from_mode(0o700);
        fs::set_permissions(data, only).map_err(failed)?;
    } else if mode & 0o1000 != 0 {
        // One like /tmp: others rely on its rights.
        tracing::warn!(data = %data.display(), "the data folder is shared with everybody: name one of its own with --data");
    }
    for file in ["", "-wal", "-shm", "-journal"] {
        narrow(&data.join(format!("directory.sqlite{file}")), 0)?;
    }
    for folder in ["tenants", crate::blobs::FOLDER] {
        narrow(&data.join(folder), DEEPEST)?;
    }
    Ok(())
}

/// A file or folder, and what is in it.
#[cfg(unix)]
fn narrow(path: &Path, deep: usize) -> Result<(), (PathBuf, io::Error)> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let failed = |error: io::Error| match error.kind() {
        // What another process removes meanwhile.
        io::ErrorKind::NotFound => Ok(()),
        _ => Err((path.to_path_buf(), error)),
    };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return failed(error),
    };
    let mode = match metadata.file_type() {
        kind if kind.is_dir() => 0o700,
        kind if kind.is_file() => 0o600,
        _ => return Ok(()),
    };
    if metadata.mode() & 0o7777 != mode
        && let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(mode))
    {
        return failed(error);
    }
    if metadata.is_dir() && deep > 0 {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return failed(error),
        };
        for entry in entries.flatten() {
            narrow(&entry.path(), deep - 1)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn keep(_: &Path) -> Result<(), (PathBuf, io::Error)> {
    Ok(())
}

/// Makes the names in a folder durable.
pub fn sync(path: &Path) -> io::Result<()> {
    // A folder can be opened and synced on Unix alone; elsewhere renaming is as durable as it gets.
    #[cfg(unix)]
    fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    fs::metadata(path)?;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn mode(path: &Path) -> u32 {
        let metadata = fs::symlink_metadata(path).expect("there");
        metadata.permissions().mode() & 0o7777
    }

    #[test]
    fn what_was_open_to_others_is_its_owners_alone() {
        let outer = tempfile::tempdir().expect("a folder");
        let data = outer.path().join("data");
        let folders =
            ["", "tenants", "blobs", "blobs/parts", "blobs/t/a"].map(|name| data.join(name));
        let files = [
            "directory.sqlite",
            "directory.sqlite-wal",
            "directory.sqlite-shm",
            "tenants/t.sqlite",
            "tenants/t.sqlite-wal",
            "blobs/t/a/b.blob",
            "blobs/parts/.tmp1",
        ]
        .map(|name| data.join(name));
        for folder in &folders {
            fs::create_dir_all(folder).expect("made");
        }
        let elsewhere = outer.path().join("elsewhere");
        fs::create_dir(&elsewhere).expect("made");
        let foreign = data.join("notes.txt");
        for file in files.iter().chain([&foreign, &elsewhere.join("file")]) {
            fs::write(file, "x").expect("made");
            set(file, 0o644);
        }
        for folder in folders.iter().chain([&elsewhere]) {
            set(folder, 0o755);
        }
        symlink(elsewhere.join("file"), data.join("tenants/u.sqlite")).expect("linked");
        symlink(&elsewhere, data.join("blobs/u")).expect("linked");

        keep(&data).expect("kept");
        for folder in &folders {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        // What is not ours, and what a link leads to, is left alone.
        assert_eq!(mode(&foreign), 0o644);
        assert_eq!(
            (mode(&elsewhere), mode(&elsewhere.join("file"))),
            (0o755, 0o644)
        );
    }

    #[test]
    fn a_folder_that_everybody_uses_keeps_its_rights() {
        let outer = tempfile::tempdir().expect("a folder");
        set(outer.path(), 0o1777);
        keep(outer.path()).expect("kept");
        assert_eq!(mode(outer.path()), 0o1777);
        set(outer.path(), 0o700);
    }
}
