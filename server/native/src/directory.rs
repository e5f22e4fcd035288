//! The directory of this machine's tenants, in `<data>/directory.sqlite`. It holds the signing keys, so only its owner
//! may access the file.

use std::{path::Path, sync::Arc};

use crm_core::{
    hex, migrations,
    ports::{
        Answer,
        directory::{DirectoryDatabase, TenantEntry, sql},
        store::{Commit, Rows, Statement, StoreError},
    },
};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::{
    folder,
    store::{
        Options, SqliteStore,
        connection::{durable, migrate},
        error::{Failure, store_error},
        reading::Reading,
        statements::{self, Access},
    },
};

pub struct SqliteDirectory {
    store: Arc<SqliteStore>,
    /// The reader runs on the calling thread, as lookups read a row or two. The writer may wait for the disk, so it
    /// runs on a blocking thread.
    reader: Mutex<Connection>,
    writer: Arc<Mutex<Connection>>,
}

impl SqliteDirectory {
    /// Opens the directory in `data`, or makes it. New tenants get their database in `store`.
    pub fn open(
        data: &Path,
        store: Arc<SqliteStore>,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let path = data.join("directory.sqlite");
        folder::own_file(&path)
            .map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
        let mut writer = Connection::open(&path).map_err(store_error)?;
        durable(&writer, options.lock_wait).map_err(store_error)?;
        migrate(&mut writer, migrations::DIRECTORY)?;
        let reader = Connection::open(&path).map_err(store_error)?;
        reader
            .pragma_update(None, "query_only", true)
            .map_err(store_error)?;
        Ok(Self {
            store,
            reader: Mutex::new(reader),
            writer: Arc::new(Mutex::new(writer)),
        })
    }

    /// Runs the statement on a thread that may block; it is durable on return.
    async fn write(&self, statement: Statement) -> Result<Commit, StoreError> {
        let writer = self.writer.clone();
        let work = move || match run(&writer.lock(), Access::Write, &statement) {
            Ok(rows) => Ok(Commit::Committed(vec![rows])),
            Err(failure) => failure.into_answer(),
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
    }
}

impl DirectoryDatabase for SqliteDirectory {
    fn read(&self, statement: Statement) -> Answer<'_, Result<Rows, StoreError>> {
        let rows = run(&self.reader.lock(), Access::Read, &statement);
        let rows = rows.map_err(|failure| match failure.into_answer() {
            Ok(refused) => sql::refusal(&refused),
            Err(error) => error,
        });
        Box::pin(async move { rows })
    }

    fn commit(&self, statement: Statement) -> Answer<'_, Result<Commit, StoreError>> {
        Box::pin(self.write(statement))
    }

    fn create<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // The database first, because an entry promises that it exists.
            self.store.create(&entry.id).await?;
            match self.write(sql::add_tenant(entry)).await? {
                Commit::Committed(_) => Ok(()),
                refused => Err(sql::refusal(&refused)),
            }
        })
    }

    fn seal(&self, seed: &[u8; 32]) -> String {
        hex::encode(seed)
    }

    fn unseal(&self, stored: &str) -> Result<[u8; 32], &'static str> {
        let seed = hex::decode(stored).and_then(|seed| seed.try_into().ok());
        seed.ok_or("is damaged")
    }
}

/// The rows have no bound, since the directory of a deployment is small.
fn run(connection: &Connection, access: Access, statement: &Statement) -> Result<Rows, Failure> {
    let (mut room, mut reading) = (usize::MAX, Reading::begin(None));
    statements::run(connection, access, statement, &mut room, &mut reading)
}

#[cfg(test)]
mod tests {
    use crm_core::ports::{Directory, directory::SigningKey, store::TenantId};

    use super::*;

    fn id(n: u8) -> TenantId {
        TenantId::parse(&format!("01900000-0000-7000-8000-0000000000{n:02x}")).expect("an id")
    }

    fn directory(data: &Path) -> SqliteDirectory {
        let store = Arc::new(SqliteStore::new(data, Options::default()).expect("a store"));
        SqliteDirectory::open(data, store, &Options::default()).expect("a directory")
    }

    #[tokio::test]
    async fn it_remembers_tenants_logins_and_keys() {
        let data = tempfile::tempdir().expect("a folder");
        let first = directory(data.path());
        let entry = TenantEntry {
            id: id(1),
            name: "São José Plumbing".into(),
            created_at: 1_764_000_000_000,
        };
        assert_eq!(first.tenant(&id(1)).await, Ok(None));
        for _ in 0..2 {
            first.create_tenant(&entry).await.expect("made");
        }
        for tenant in [id(2), id(1), id(1)] {
            first
                .add_login("ana@example.com", &tenant)
                .await
                .expect("added");
        }
        let key = SigningKey {
            kid: "k1".into(),
            seed: [7; 32],
            created_at: 5,
            expires_at: None,
        };
        first.add_signing_key(&key).await.expect("added");
        first
            .add_signing_key(&SigningKey {
                kid: "k2".into(),
                expires_at: Some(9),
                ..key.clone()
            })
            .await
            .expect("added");
        first
            .expire_signing_key("k1", 1_764_000_000_123)
            .await
            .expect("expired");

        // Another process sees the same.
        let second = directory(data.path());
        assert_eq!(second.tenant(&id(1)).await, Ok(Some(entry.clone())));
        assert_eq!(second.tenants().await, Ok(vec![entry]));
        assert_eq!(
            second.tenants_of_login("ana@example.com").await,
            Ok(vec![id(2), id(1)])
        );
        assert_eq!(second.tenants_of_login("ANA@example.com").await, Ok(vec![]));
        second
            .remove_login("ana@example.com", &id(1))
            .await
            .expect("removed");
        assert_eq!(
            first.tenants_of_login("ana@example.com").await,
            Ok(vec![id(2)])
        );
        let keys = second.signing_keys().await.expect("keys");
        let seen: Vec<_> = keys
            .iter()
            .map(|key| (key.kid.as_str(), key.seed, key.created_at, key.expires_at))
            .collect();
        assert_eq!(
            seen,
            [
                ("k1", [7; 32], 5, Some(1_764_000_000_123)),
                ("k2", [7; 32], 5, Some(9))
            ]
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_owner_reads_the_signing_keys() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().expect("a folder");
        let _directory = directory(data.path());
        for file in ["directory.sqlite", "directory.sqlite-wal"] {
            let mode = std::fs::metadata(data.path().join(file))
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
