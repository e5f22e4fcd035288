//! The directory of this machine's tenants, in `<data>/directory.sqlite`. It holds the signing keys: the file is its
//! owner's alone.

use std::{path::Path, sync::Arc};

use crm_core::{
    hex, migrations,
    ports::{
        Answer, Directory,
        directory::{SigningKey, TenantEntry},
        store::{StoreError, TenantId},
    },
};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{
    folder,
    store::{
        Options, SqliteStore,
        connection::{durable, migrate},
        error::store_error,
    },
};

pub struct SqliteDirectory {
    store: Arc<SqliteStore>,
    /// Of the two connections one reads where it is asked (lookups of a row or two); the other writes, and may wait.
    reader: Mutex<Connection>,
    writer: Arc<Mutex<Connection>>,
}

impl SqliteDirectory {
    /// Opens the directory in `data`, or makes it. The tenants' databases are made in `store`.
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

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        read(&self.reader.lock()).map_err(store_error)
    }

    /// One statement, durable when answered.
    async fn write(
        &self,
        sql: &'static str,
        params: Vec<Option<String>>,
    ) -> Result<(), StoreError> {
        let writer = self.writer.clone();
        let work = move || {
            let writer = writer.lock();
            writer
                .execute(sql, rusqlite::params_from_iter(params))
                .map(drop)
                .map_err(store_error)
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
    }
}

impl Directory for SqliteDirectory {
    fn tenant<'a>(
        &'a self,
        id: &'a TenantId,
    ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>> {
        let sql = "SELECT id, name, created_at FROM tenants WHERE id = ?1";
        let found = self.read(|c| {
            c.prepare_cached(sql)?
                .query_row([id.as_str()], entry)
                .optional()
        });
        Box::pin(async move { found?.map(Result::Ok).transpose() })
    }

    fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>> {
        let sql = "SELECT id, name, created_at FROM tenants ORDER BY created_at, id";
        let found = self.read(|c| c.prepare_cached(sql)?.query_map([], entry)?.collect());
        Box::pin(async move { found })
    }

    fn create_tenant<'a>(&'a self, new: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // The database first: an entry promises one.
            self.store.create(&new.id).await?;
            let sql = "INSERT INTO tenants (id, name, created_at) VALUES (?1, ?2, CAST(?3 AS INTEGER)) ON CONFLICT DO NOTHING";
            self.write(
                sql,
                vec![
                    text(new.id.as_str()),
                    text(&new.name),
                    number(new.created_at),
                ],
            )
            .await
        })
    }

    fn tenants_of_login<'a>(
        &'a self,
        address: &'a str,
    ) -> Answer<'a, Result<Vec<TenantId>, StoreError>> {
        let sql = "SELECT tenant FROM logins WHERE address = ?1 ORDER BY place, tenant";
        let found = self.read(|c| {
            c.prepare_cached(sql)?
                .query_map([address], |row| tenant_id(row, 0))?
                .collect()
        });
        Box::pin(async move { found })
    }

    fn add_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO logins (address, tenant, place) \
                   SELECT ?1, ?2, coalesce(max(place), 0) + 1 FROM logins WHERE address = ?1 ON CONFLICT DO NOTHING";
        Box::pin(self.write(sql, vec![text(address), text(tenant.as_str())]))
    }

    fn remove_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "DELETE FROM logins WHERE address = ?1 AND tenant = ?2";
        Box::pin(self.write(sql, vec![text(address), text(tenant.as_str())]))
    }

    fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>> {
        let sql =
            "SELECT kid, seed, created_at, expires_at FROM signing_keys ORDER BY created_at, kid";
        let found = self.read(|c| {
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get::<_, String>(1)?,
                    row.get(2)?,
                    row.get(3)?,
                ))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let keys = found.and_then(|rows| rows.into_iter().map(key).collect());
        Box::pin(async move { keys })
    }

    fn add_signing_key<'a>(&'a self, key: &'a SigningKey) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO signing_keys (kid, seed, created_at, expires_at) \
                   VALUES (?1, ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER))";
        Box::pin(self.write(sql, row(key)))
    }

    fn add_first_signing_key<'a>(
        &'a self,
        key: &'a SigningKey,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO signing_keys (kid, seed, created_at, expires_at) \
                   SELECT ?1, ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER) \
                   WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE expires_at IS NULL)";
        Box::pin(self.write(sql, row(key)))
    }

    fn expire_signing_key<'a>(
        &'a self,
        kid: &'a str,
        expires_at: i64,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "UPDATE signing_keys SET expires_at = CAST(?2 AS INTEGER) WHERE kid = ?1";
        Box::pin(self.write(sql, vec![text(kid), number(expires_at)]))
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn number(number: i64) -> Option<String> {
    Some(number.to_string())
}

fn row(key: &SigningKey) -> Vec<Option<String>> {
    vec![
        text(&key.kid),
        Some(hex::encode(&key.seed)),
        number(key.created_at),
        key.expires_at.and_then(number),
    ]
}

fn entry(row: &Row<'_>) -> rusqlite::Result<TenantEntry> {
    Ok(TenantEntry {
        id: tenant_id(row, 0)?,
        name: row.get(1)?,
        created_at: row.get(2)?,
    })
}

fn tenant_id(row: &Row<'_>, column: usize) -> rusqlite::Result<TenantId> {
    let id: String = row.get(column)?;
    TenantId::parse(&id).ok_or_else(|| {
        let what = format!("{id:?} is no tenant's id").into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what)
    })
}

fn key(
    (kid, seed, created_at, expires_at): (String, String, i64, Option<i64>),
) -> Result<SigningKey, StoreError> {
    let seed = hex::decode(&seed).and_then(|seed| seed.try_into().ok());
    let seed =
        seed.ok_or_else(|| StoreError::Failed(format!("the signing key {kid} is damaged")))?;
    Ok(SigningKey {
        kid,
        seed,
        created_at,
        expires_at,
    })
}

#[cfg(test)]
mod tests {
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
