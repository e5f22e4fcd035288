//! Folders for customers' data: accessible to their owner only, with durable entries.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The most levels of nested folders that are visited. A blob's key has fewer parts.
#[cfg(unix)]
const DEEPEST: usize = 16;

/// Makes a folder and its parents, unless they exist.
pub fn own(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file that only its owner may access, unless it exists. Writing it later adds no permissions, and
/// SQLite gives the files beside a database the permissions of the database.
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

/// Removes other users' permissions on a data folder and on the program's files in it, and follows no symbolic links. A
/// folder is closed before its contents are visited, so that nobody else can replace them meanwhile. There may be
/// millions of blobs: if their folder was closed before, they are not visited one by one. In a closed folder, a file
/// whose permissions cannot be changed is only logged. An error names the path.
#[cfg(unix)]
pub fn keep(data: &Path) -> Result<(), (PathBuf, io::Error)> {
    Keeping::new(&set_mode).data(data, false)
}

/// The same, visiting each blob.
#[cfg(unix)]
pub fn keep_all(data: &Path) -> Result<(), (PathBuf, io::Error)> {
    Keeping::new(&set_mode).data(data, true)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(unix)]
struct Keeping<'a> {
    set: &'a dyn Fn(&Path, u32) -> io::Result<()>,
    /// Files in closed folders whose permissions could not be changed: the first one, and their number.
    left: Option<(PathBuf, io::Error)>,
    count: usize,
}

#[cfg(unix)]
impl<'a> Keeping<'a> {
    fn new(set: &'a dyn Fn(&Path, u32) -> io::Result<()>) -> Self {
        Self {
            set,
            left: None,
            count: 0,
        }
    }

    fn data(&mut self, data: &Path, all: bool) -> Result<(), (PathBuf, io::Error)> {
        let failed = |error| (data.to_path_buf(), error);
        let mode = mode(&fs::metadata(data).map_err(failed)?);
        let shared = mode & 0o1000 != 0;
        if shared {
            // A folder like /tmp: others rely on its permissions.
            tracing::warn!(data = %data.display(), "the data folder is shared with everybody: name another one with --data");
        } else if mode != 0o700 {
            (self.set)(data, 0o700).map_err(failed)?;
        }
        for file in ["", "-wal", "-shm", "-journal"] {
            self.narrow(&data.join(format!("directory.sqlite{file}")), 0, !shared)?;
        }
        self.narrow(&data.join("tenants"), 1, !shared)?;
        let blobs = data.join(crate::blobs::FOLDER);
        let was_closed = |mode| mode == 0o700;
        let blobs_mode = fs::symlink_metadata(&blobs).map(|blobs| self::mode(&blobs));
        let look = all || !was_closed(mode) || !blobs_mode.is_ok_and(was_closed);
        self.narrow(&blobs, if look { DEEPEST } else { 0 }, !shared)?;
        if let Some((path, error)) = &self.left {
            tracing::warn!(path = %path.display(), %error, count = self.count, "other users' permissions on some files could not be removed; no other user can enter their folder");
        }
        Ok(())
    }

    /// Narrows a file or folder and its contents. `closed`: no other user can enter the folder that holds it.
    fn narrow(
        &mut self,
        path: &Path,
        deep: usize,
        closed: bool,
    ) -> Result<(), (PathBuf, io::Error)> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.failed(path, error, closed),
        };
        let wanted = match metadata.file_type() {
            kind if kind.is_dir() => 0o700,
            kind if kind.is_file() => 0o600,
            _ => return Ok(()),
        };
        let mut alone = mode(&metadata) == wanted;
        if !alone {
            match (self.set)(path, wanted) {
                Ok(()) => alone = true,
                Err(error) => self.failed(path, error, closed)?,
            }
        }
        if metadata.is_dir() && deep > 0 {
            let entries = match fs::read_dir(path) {
                Ok(entries) => entries,
                Err(error) => return self.failed(path, error, closed || alone),
            };
            for entry in entries.flatten() {
                self.narrow(&entry.path(), deep - 1, closed || alone)?;
            }
        }
        Ok(())
    }

    fn failed(
        &mut self,
        path: &Path,
        error: io::Error,
        closed: bool,
    ) -> Result<(), (PathBuf, io::Error)> {
        match error.kind() {
            // Another process removed it meanwhile.
            io::ErrorKind::NotFound => Ok(()),
            _ if closed => {
                self.count += 1;
                self.left.get_or_insert((path.to_path_buf(), error));
                Ok(())
            }
            _ => Err((path.to_path_buf(), error)),
        }
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777
}

#[cfg(not(unix))]
pub fn keep(_: &Path) -> Result<(), (PathBuf, io::Error)> {
    Ok(())
}

#[cfg(not(unix))]
pub fn keep_all(_: &Path) -> Result<(), (PathBuf, io::Error)> {
    Ok(())
}

/// Makes the entries of a folder durable.
pub fn sync(path: &Path) -> io::Result<()> {
    // Only Unix can open and sync a folder; on other systems a rename is as durable as it gets.
    #[cfg(unix)]
    fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    fs::metadata(path)?;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn set(path: &Path, mode: u32) {
        set_mode(path, mode).expect("set");
    }

    fn mode(path: &Path) -> u32 {
        super::mode(&fs::symlink_metadata(path).expect("there"))
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
        // Other programs' files and targets of links stay unchanged.
        assert_eq!(mode(&foreign), 0o644);
        assert_eq!(
            (mode(&elsewhere), mode(&elsewhere.join("file"))),
            (0o755, 0o644)
        );
    }

    /// A data folder as an older program left it, with a database and a blob.
    fn left() -> (tempfile::TempDir, [PathBuf; 2]) {
        let data = tempfile::tempdir().expect("a folder");
        let files = ["tenants/t.sqlite", "blobs/t/a/b.blob"].map(|name| data.path().join(name));
        for file in &files {
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, "x").expect("made");
            set(file, 0o644);
        }
        for folder in ["blobs/t/a", "blobs/t", "blobs", "tenants", ""] {
            set(&data.path().join(folder), 0o755);
        }
        (data, files)
    }

    #[test]
    fn blobs_are_looked_at_once() {
        let (data, [database, blob]) = left();
        keep(data.path()).expect("kept");
        assert_eq!((mode(&database), mode(&blob)), (0o600, 0o600));
        let wide = || [&database, &blob].map(|file| set(file, 0o644));
        wide();
        keep(data.path()).expect("kept");
        assert_eq!((mode(&database), mode(&blob)), (0o600, 0o644));
        // A folder that was open meanwhile, or a copy that is new.
        for open in [data.path().to_path_buf(), data.path().join("blobs")] {
            wide();
            set(&open, 0o755);
            keep(data.path()).expect("kept");
            assert_eq!((mode(&database), mode(&blob)), (0o600, 0o600));
        }
        wide();
        keep_all(data.path()).expect("kept");
        assert_eq!((mode(&database), mode(&blob)), (0o600, 0o600));
    }

    #[test]
    fn what_is_somebody_elses_stops_nothing_where_nobody_gets_in() {
        let (data, [database, blob]) = left();
        let others = |path: &Path, mode| match path == database {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => set_mode(path, mode),
        };
        let mut keeping = Keeping::new(&others);
        keeping.data(data.path(), false).expect("kept");
        assert_eq!((keeping.count, mode(&blob)), (1, 0o600));
        let (path, _) = keeping.left.expect("told");
        assert_eq!(path, database);
        // In a folder that everybody uses, it is open to them.
        set(data.path(), 0o1777);
        set(&data.path().join("tenants"), 0o755);
        let tenants = data.path().join("tenants");
        let others = |path: &Path, mode| match path == tenants {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => set_mode(path, mode),
        };
        let (path, _) = Keeping::new(&others)
            .data(data.path(), false)
            .expect_err("refused");
        assert_eq!(path, tenants);
        set(data.path(), 0o700);
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
