//! Blobs in the data folder: `blobs/{tenant}/{name}.blob`, one file each, whose first line describes the content. A
//! file is written under a temporary name, synced, and then renamed: a crash leaves the old blob or the new one.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use crm_core::ports::{
    Answer,
    blobs::{
        Blob, BlobError, BlobHead, BlobKey, Blobs,
        admission::{admit, part},
    },
};

use crate::folder;

mod line;

/// The folder of all blobs, in the data folder.
pub const FOLDER: &str = "blobs";
/// The folder for files that are being written, in `FOLDER`. No tenant has this name.
pub const PARTS: &str = "parts";
pub const ENDING: &str = "blob";
/// Files in `PARTS` that are older were left by a killed server and are deleted.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone)]
pub struct FolderBlobs {
    root: PathBuf,
}

impl FolderBlobs {
    /// Opens the blobs of a data folder. The first `put` makes the folders.
    pub fn open(data: &Path) -> Self {
        let blobs = Self {
            root: data.join(FOLDER),
        };
        blobs.clear_abandoned();
        blobs
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        // No part of a key has a dot, so the file of `a` and the folder of `a/b` have different names.
        self.root.join(format!("{key}.{ENDING}"))
    }

    fn clear_abandoned(&self) {
        let entries = fs::read_dir(self.root.join(PARTS)).into_iter().flatten();
        for entry in entries.flatten() {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age = written.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
            if age.is_ok_and(|age| age > ABANDONED)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(%error, "an abandoned part of a blob cannot be removed");
            }
        }
    }

    fn write(&self, key: &BlobKey, head: &BlobHead, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        let parts = self.root.join(PARTS);
        let made = [folder_made(&parts)?, folder_made(folder)?].concat();
        let mut file = tempfile::NamedTempFile::new_in(&parts)?;
        file.write_all(&line::print(head))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        folder::sync(folder)?;
        // Sync the names of new folders as well.
        made.iter().try_for_each(|made| folder::sync(made))
    }

    /// Opens the blob's file and reads its first line; None if there is no such blob.
    fn opened(&self, key: &BlobKey) -> Result<Option<Opened>, BlobError> {
        let path = self.path(key);
        match File::open(&path) {
            Ok(file) => read_head(file)
                .map(Some)
                .map_err(|error| BlobError::Failed(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn read(&self, key: &BlobKey, asked: Option<Range<u64>>) -> Result<Option<Blob>, BlobError> {
        let Some(mut opened) = self.opened(key)? else {
            return Ok(None);
        };
        let part = part(asked, opened.head.bytes)?;
        let bytes = opened.read(&part).map_err(|error| failed(&error))?;
        Ok(Some(Blob {
            head: opened.head,
            bytes: bytes.into(),
        }))
    }

    fn remove(&self, key: &BlobKey) -> io::Result<()> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => folder::sync(path.parent().unwrap_or(&self.root)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// On a thread that may wait for the disk.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let blobs = self.clone();
        tokio::task::spawn_blocking(move || work(blobs))
            .await
            .unwrap_or_else(|error| Err(BlobError::Failed(error.to_string())))
    }
}

/// A blob's file, its first line read.
pub struct Opened {
    pub head: BlobHead,
    file: BufReader<File>,
    /// The offset of the content in the file.
    begin: u64,
}

impl Opened {
    /// Reads a range of the content.
    pub fn read(&mut self, part: &Range<u64>) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(self.begin + part.start))?;
        let length = part.end - part.start;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        (&mut self.file).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// The number of bytes of content in the file.
    pub fn length(&self) -> io::Result<u64> {
        let whole = self.file.get_ref().metadata()?.len();
        Ok(whole.saturating_sub(self.begin))
    }
}

/// Reads a file's first line.
pub fn read_head(file: File) -> io::Result<Opened> {
    let mut file = BufReader::new(file);
    let mut bytes = Vec::new();
    (&mut file)
        .take(line::LONGEST)
        .read_until(b'\n', &mut bytes)?;
    let head = line::parse(&bytes).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the first line does not describe the content",
        )
    })?;
    Ok(Opened {
        head,
        file,
        begin: bytes.len() as u64,
    })
}

/// Makes a folder and its parents; returns the folders that got a new entry.
fn folder_made(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let new: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.exists())
        .filter_map(|folder| folder.parent().map(Path::to_path_buf))
        .collect();
    folder::own(folder)?;
    Ok(new)
}

fn failed(error: &io::Error) -> BlobError {
    match error.kind() {
        // Errors that pass once there is space or other files are closed.
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            BlobError::Busy(error.to_string())
        }
        _ => BlobError::Failed(error.to_string()),
    }
}

impl Blobs for FolderBlobs {
    fn put<'a>(
        &'a self,
        key: &'a BlobKey,
        content_type: &'a str,
        sha256: [u8; 32],
        bytes: Bytes,
    ) -> Answer<'a, Result<(), BlobError>> {
        let (key, content_type) = (key.clone(), content_type.to_owned());
        Box::pin(self.apart(move |blobs| {
            admit(&content_type, &sha256, &bytes)?;
            let head = BlobHead {
                bytes: bytes.len() as u64,
                content_type,
                sha256,
            };
            let written = blobs.write(&key, &head, &bytes);
            written.map_err(|error| failed(&error))
        }))
    }

    fn get<'a>(
        &'a self,
        key: &'a BlobKey,
        part: Option<Range<u64>>,
    ) -> Answer<'a, Result<Option<Blob>, BlobError>> {
        let key = key.clone();
        Box::pin(self.apart(move |blobs| blobs.read(&key, part)))
    }

    fn head<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<Option<BlobHead>, BlobError>> {
        let key = key.clone();
        Box::pin(self.apart(move |blobs| {
            let opened = blobs.opened(&key)?;
            Ok(opened.map(|opened| opened.head))
        }))
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<(), BlobError>> {
        let key = key.clone();
        Box::pin(self.apart(move |blobs| blobs.remove(&key).map_err(|error| failed(&error))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_server_was_writing_is_cleared_away_in_time() {
        let data = tempfile::tempdir().expect("a folder");
        let parts = data.path().join(FOLDER).join(PARTS);
        fs::create_dir_all(&parts).expect("made");
        let aged = |name: &str, age: Duration| {
            let path = parts.join(name);
            let file = File::create(&path).expect("made");
            file.set_modified(SystemTime::now() - age).expect("aged");
            path
        };
        let old = aged("old", ABANDONED + Duration::from_secs(60));
        let new = aged("new", Duration::from_secs(60));
        FolderBlobs::open(data.path());
        assert!(!old.exists() && new.exists());
    }
}
