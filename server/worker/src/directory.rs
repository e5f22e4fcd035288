//! The directory on D1: which tenants there are and in which database each lies, and the signing keys, sealed under the
//! deployment's secret, since whoever may look into the database must not be able to sign.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crm_core::{
    hex, migrations,
    ports::{
        Answer, Directory, Random,
        directory::{SigningKey, TenantEntry},
        store::{Commit, Rows, Statement, StoreError, TenantId, Value},
    },
    work::seal,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use wasm_bindgen::JsCast;
use worker::Env;

use crate::store::{D1Store, database::Database, schema};

/// More entries are not remembered at once.
const MOST_TENANTS: usize = 5_000;
/// Bindings of tenants' databases begin with it.
pub const TENANT: &str = "TENANT_";

pub struct D1Directory {
    env: Env,
    database: Arc<Database>,
    store: Arc<D1Store>,
    random: Arc<dyn Random>,
    sealing_key: [u8; 32],
    /// This isolate has seen that the schema is up to date.
    current: AtomicBool,
    /// An entry never changes.
    known: Mutex<HashMap<TenantId, TenantEntry>>,
}

/// Why a tenant has no place.
#[derive(Debug, thiserror::Error)]
pub enum Unplaced {
    #[error(
        "every database that the Worker is bound to holds a tenant: bind another D1 database as {TENANT}n and deploy"
    )]
    Full,
    #[error("the Worker has no D1 binding {0}: bind a database of that name and deploy")]
    Unbound(String),
    #[error("the database {0} holds another tenant")]
    Taken(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl D1Directory {
    pub fn new(
        env: Env,
        database: Arc<Database>,
        store: Arc<D1Store>,
        random: Arc<dyn Random>,
        secret: &str,
    ) -> Self {
        let sealing_key = Sha256::new()
            .chain_update("signing keys\0")
            .chain_update(secret)
            .finalize();
        Self {
            env,
            database,
            store,
            random,
            sealing_key: sealing_key.into(),
            current: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    /// The tenants, and the database of each.
    pub async fn placed(&self) -> Result<Vec<(TenantEntry, Option<String>)>, StoreError> {
        let sql = "SELECT id, name, created_at, place FROM tenants ORDER BY created_at, id";
        let rows = self.read(Statement::new(sql, [])).await?;
        let placed = rows.into_iter().map(|mut row| {
            let place = row.pop().and_then(Value::into_text);
            Ok((entry(row)?, place))
        });
        placed.collect()
    }

    /// Gives the tenant the database `binding`, or any that is free, and makes its tables. Repeating it is harmless: the
    /// tenant keeps what it has. Returns the binding.
    pub async fn place(
        &self,
        new: &TenantEntry,
        binding: Option<&str>,
    ) -> Result<String, Unplaced> {
        let placed = self.placed().await?;
        let has = placed.iter().find(|(entry, _)| entry.id == new.id);
        if let Some((_, Some(place))) = has {
            if binding.is_some_and(|binding| binding != place) {
                return Err(Unplaced::Taken(place.clone()));
            }
            self.store.prepare(&new.id).await?;
            return Ok(place.clone());
        }
        let taken = |name: &str| {
            placed
                .iter()
                .any(|(_, place)| place.as_deref() == Some(name))
        };
        let bound = self.bindings();
        let candidates: Vec<String> = match binding {
            Some(name) if !bound.iter().any(|bound| bound == name) => {
                return Err(Unplaced::Unbound(name.to_owned()));
            }
            Some(name) if taken(name) => return Err(Unplaced::Taken(name.to_owned())),
            Some(name) => vec![name.to_owned()],
            None => bound.into_iter().filter(|name| !taken(name)).collect(),
        };
        for place in candidates {
            let sql = "INSERT INTO tenants (id, name, created_at, place) VALUES (?1, ?2, ?3, ?4)";
            let claim = Statement::new(
                sql,
                [
                    new.id.as_str().into(),
                    new.name.as_str().into(),
                    new.created_at.into(),
                    place.as_str().into(),
                ],
            );
            match self.commit(claim).await? {
                Commit::Committed(_) => {
                    self.store.prepare(&new.id).await?;
                    return Ok(place);
                }
                // Somebody else was faster: the next one.
                Commit::Constraint(name) if name == "tenants.place" => {}
                other => return Err(refused(&other).into()),
            }
        }
        Err(binding.map_or(Unplaced::Full, |name| Unplaced::Taken(name.to_owned())))
    }

    fn known(&self) -> parking_lot::MutexGuard<'_, HashMap<TenantId, TenantEntry>> {
        self.known.lock()
    }

    /// Names of the tenants' databases that the Worker is bound to.
    fn bindings(&self) -> Vec<String> {
        let mut names: Vec<String> =
            js_sys::Object::keys(self.env.unchecked_ref::<js_sys::Object>())
                .iter()
                .filter_map(|name| name.as_string())
                .filter(|name| name.starts_with(TENANT))
                .filter(|name| Database::bound(&self.env, name).is_some())
                .collect();
        // TENANT_2 before TENANT_10.
        names.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        names
    }

    /// The rows of one statement; the first of an isolate also proves in the same round trip that the tables are there.
    async fn read(&self, statement: Statement) -> Result<Rows, StoreError> {
        if !self.current.load(Relaxed) {
            let newest = Statement::new("SELECT max(number) AS newest FROM migrations", []);
            let read = self.database.read(&[newest, statement.clone()]).await;
            match read {
                Ok(mut rows) if schema::is_newest(migrations::DIRECTORY, rows.first())? => {
                    self.current.store(true, Relaxed);
                    return Ok(rows.pop().unwrap_or_default());
                }
                Ok(_) | Err(StoreError::Failed(_)) => {}
                Err(error) => return Err(error),
            }
            schema::migrate(&self.database, migrations::DIRECTORY).await?;
            self.current.store(true, Relaxed);
        }
        let mut rows = self.database.read(&[statement]).await?;
        Ok(rows.pop().unwrap_or_default())
    }

    async fn commit(&self, statement: Statement) -> Result<Commit, StoreError> {
        if !self.current.load(Relaxed) {
            schema::migrate(&self.database, migrations::DIRECTORY).await?;
            self.current.store(true, Relaxed);
        }
        self.database.commit(&[statement]).await
    }

    async fn write(
        &self,
        sql: &'static str,
        params: impl Into<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match self.commit(Statement::new(sql, params)).await? {
            Commit::Committed(_) => Ok(()),
            other => Err(refused(&other)),
        }
    }

    fn row(&self, key: &SigningKey) -> [Value; 4] {
        let seed = seal::seal(&self.sealing_key, &hex::encode(&key.seed), &*self.random);
        [
            key.kid.as_str().into(),
            seed.into(),
            key.created_at.into(),
            key.expires_at.into(),
        ]
    }

    fn key(&self, row: Vec<Value>) -> Result<SigningKey, StoreError> {
        let mut columns = row.into_iter();
        let mut next = || columns.next().unwrap_or(Value::Null);
        let kid = next().into_text().unwrap_or_default();
        let seed = next().into_text().unwrap_or_default();
        let seed = seal::open(&self.sealing_key, &seed)
            .and_then(|seed| hex::decode(&seed))
            .and_then(|seed| seed.try_into().ok())
            .ok_or_else(|| {
                StoreError::Failed(format!(
                    "the signing key {kid} does not open: is SIGNING_SECRET another one than before?"
                ))
            })?;
        Ok(SigningKey {
            kid,
            seed,
            created_at: next().as_i64().unwrap_or_default(),
            expires_at: next().as_i64(),
        })
    }
}

impl Directory for D1Directory {
    fn tenant<'a>(
        &'a self,
        id: &'a TenantId,
    ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>> {
        Box::pin(async move {
            let known = self.known().get(id).cloned();
            if known.is_some() {
                return Ok(known);
            }
            let sql = "SELECT id, name, created_at FROM tenants WHERE id = ?1";
            let rows = self.read(Statement::new(sql, [id.as_str().into()])).await?;
            let found = rows.into_iter().next().map(entry).transpose()?;
            if let Some(found) = &found {
                let mut known = self.known();
                if known.len() >= MOST_TENANTS {
                    known.clear();
                }
                known.insert(id.clone(), found.clone());
            }
            Ok(found)
        })
    }

    fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>> {
        Box::pin(async move {
            let placed = self.placed().await?;
            Ok(placed.into_iter().map(|(entry, _)| entry).collect())
        })
    }

    fn create_tenant<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match self.place(entry, None).await {
                Ok(_) => Ok(()),
                Err(Unplaced::Store(error)) => Err(error),
                Err(other) => Err(StoreError::Failed(other.to_string())),
            }
        })
    }

    fn tenants_of_login<'a>(
        &'a self,
        address: &'a str,
    ) -> Answer<'a, Result<Vec<TenantId>, StoreError>> {
        Box::pin(async move {
            let sql = "SELECT tenant FROM logins WHERE address = ?1 ORDER BY place, tenant";
            let rows = self.read(Statement::new(sql, [address.into()])).await?;
            rows.into_iter().map(|row| tenant_id(row.first())).collect()
        })
    }

    fn add_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO logins (address, tenant, place) \
                   SELECT ?1, ?2, coalesce(max(place), 0) + 1 FROM logins WHERE address = ?1 ON CONFLICT DO NOTHING";
        Box::pin(self.write(sql, [address.into(), tenant.as_str().into()]))
    }

    fn remove_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "DELETE FROM logins WHERE address = ?1 AND tenant = ?2";
        Box::pin(self.write(sql, [address.into(), tenant.as_str().into()]))
    }

    fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>> {
        Box::pin(async move {
            let sql = "SELECT kid, seed, created_at, expires_at FROM signing_keys ORDER BY created_at, kid";
            let rows = self.read(Statement::new(sql, [])).await?;
            rows.into_iter().map(|row| self.key(row)).collect()
        })
    }

    fn add_signing_key<'a>(&'a self, key: &'a SigningKey) -> Answer<'a, Result<(), StoreError>> {
        let sql =
            "INSERT INTO signing_keys (kid, seed, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
        Box::pin(self.write(sql, self.row(key)))
    }

    fn add_first_signing_key<'a>(
        &'a self,
        key: &'a SigningKey,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "INSERT INTO signing_keys (kid, seed, created_at, expires_at) SELECT ?1, ?2, ?3, ?4 \
                   WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE expires_at IS NULL)";
        Box::pin(self.write(sql, self.row(key)))
    }

    fn expire_signing_key<'a>(
        &'a self,
        kid: &'a str,
        expires_at: i64,
    ) -> Answer<'a, Result<(), StoreError>> {
        let sql = "UPDATE signing_keys SET expires_at = ?2 WHERE kid = ?1";
        Box::pin(self.write(sql, [kid.into(), expires_at.into()]))
    }
}

fn refused(commit: &Commit) -> StoreError {
    StoreError::Failed(format!("the directory refused: {commit:?}"))
}

/// Of a row that begins with id, name and time.
fn entry(row: Vec<Value>) -> Result<TenantEntry, StoreError> {
    let id = tenant_id(row.first())?;
    let mut columns = row.into_iter().skip(1);
    Ok(TenantEntry {
        id,
        name: columns
            .next()
            .and_then(Value::into_text)
            .unwrap_or_default(),
        created_at: columns
            .next()
            .and_then(|at| at.as_i64())
            .unwrap_or_default(),
    })
}

fn tenant_id(column: Option<&Value>) -> Result<TenantId, StoreError> {
    column
        .and_then(Value::as_str)
        .and_then(TenantId::parse)
        .ok_or_else(|| StoreError::Failed(format!("{column:?} is no tenant's id")))
}
