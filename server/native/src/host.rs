//! An open data folder: every port of the core on this machine.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crm_core::ports::{Ports, documents::Embedded, store::StoreError};

use crate::{
    clock::{SystemClock, SystemRandom},
    directory::SqliteDirectory,
    folder,
    limiter::LocalLimiter,
    store::{Options, SqliteStore},
};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {path} is a file; name a folder with --data", path = path.display())]
    File { path: PathBuf },
    #[error("cannot make the data folder {path}: {error}; name another with --data", path = path.display())]
    Make { path: PathBuf, error: io::Error },
    #[error("cannot write in the data folder {path}: {error}; make it writable, or name another with --data", path = path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot remove other users' permissions on {path}: {error}; become its owner, or name another data folder with --data", path = path.display())]
    Own { path: PathBuf, error: io::Error },
    #[error("there is no data in {path}; run `crm tenant create`, or name another folder with --data", path = path.display())]
    Missing { path: PathBuf },
    #[error("cannot open the directory in {path}: {error}", path = path.display())]
    Directory { path: PathBuf, error: StoreError },
}

pub struct Host {
    pub store: Arc<SqliteStore>,
    pub ports: Ports,
}

impl Host {
    /// Opens the data folder, and makes it if it does not exist.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        let path = || data.to_path_buf();
        if data.is_file() {
            return Err(OpenError::File { path: path() });
        }
        folder::own(data).map_err(|error| OpenError::Make {
            path: path(),
            error,
        })?;
        folder::keep(data).map_err(|(path, error)| OpenError::Own { path, error })?;
        // A temporary file, since other commands may run here.
        tempfile::tempfile_in(data).map_err(|error| OpenError::Write {
            path: path(),
            error,
        })?;
        let options = Options::default();
        let store = SqliteStore::new(data, options.clone()).map_err(|error| OpenError::Write {
            path: path(),
            error,
        })?;
        let store = Arc::new(store);
        let directory = SqliteDirectory::open(data, store.clone(), &options).map_err(|error| {
            OpenError::Directory {
                path: path(),
                error,
            }
        })?;
        let ports = Ports {
            store: store.clone(),
            directory: Arc::new(directory),
            documents: Arc::new(Embedded),
            limiter: Arc::new(LocalLimiter::default()),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        };
        Ok(Self { store, ports })
    }

    /// The same, but an error if there is no data.
    pub fn open_existing(data: &Path) -> Result<Self, OpenError> {
        if !data.join("directory.sqlite").exists() {
            return Err(OpenError::Missing {
                path: data.to_path_buf(),
            });
        }
        Self::open(data)
    }
}
