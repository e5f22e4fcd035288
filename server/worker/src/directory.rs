//! The directory on D1: the tenants with the database of each, and the signing keys. The keys are encrypted under the
//! deployment's secret, so that reading the database is not enough to sign tokens.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crm_core::{
    hex, migrations,
    ports::{
        Answer, Random,
        directory::{DirectoryDatabase, TenantEntry, sql},
        store::{Commit, Rows, Statement, StoreError, TenantId},
    },
    work::seal,
};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use wasm_bindgen::JsCast;
use worker::Env;

use crate::store::{D1Store, database::Database, schema};

/// Upper bound of the cache of entries.
const MOST_TENANTS: usize = 5_000;
/// The prefix of the bindings of tenants' databases.
pub const TENANT: &str = "TENANT_";

pub struct D1Directory {
    env: Env,
    database: Arc<Database>,
    store: Arc<D1Store>,
    random: Arc<dyn Random>,
    sealing_key: [u8; 32],
    /// Whether this isolate has checked that the schema is up to date.
    current: AtomicBool,
    /// Cached entries; an entry never changes.
    known: Cache<TenantId, TenantEntry>,
}

/// Why a tenant could not be placed in a database.
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
            known: Cache::new(MOST_TENANTS),
        }
    }

    /// The tenants, and the database of each.
    pub async fn placed(&self) -> Result<Vec<(TenantEntry, Option<String>)>, StoreError> {
        let rows = self.rows(sql::tenants()).await?;
        rows.into_iter().map(sql::placed).collect()
    }

    /// Places the tenant in the database `binding`, or in any free one, and makes its tables. Repeating it is harmless:
    /// the tenant keeps its database. Returns the binding.
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
            let claim = sql::add_tenant_at(new, &place);
            match self.write(claim).await? {
                Commit::Committed(_) => {
                    self.store.prepare(&new.id).await?;
                    return Ok(place);
                }
                // Another request took it: try the next one.
                Commit::Constraint(name) if name == "tenants.place" => {}
                other => return Err(sql::refusal(&other).into()),
            }
        }
        Err(binding.map_or(Unplaced::Full, |name| Unplaced::Taken(name.to_owned())))
    }

    /// The bindings of tenants' databases.
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

    /// Reads the rows of one statement. The first read of an isolate also checks in the same round trip that the tables
    /// exist.
    async fn rows(&self, statement: Statement) -> Result<Rows, StoreError> {
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

    async fn write(&self, statement: Statement) -> Result<Commit, StoreError> {
        if !self.current.load(Relaxed) {
            schema::migrate(&self.database, migrations::DIRECTORY).await?;
            self.current.store(true, Relaxed);
        }
        self.database.commit(&[statement]).await
    }
}

impl DirectoryDatabase for D1Directory {
    fn read(&self, statement: Statement) -> Answer<'_, Result<Rows, StoreError>> {
        Box::pin(self.rows(statement))
    }

    fn commit(&self, statement: Statement) -> Answer<'_, Result<Commit, StoreError>> {
        Box::pin(self.write(statement))
    }

    fn create<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match self.place(entry, None).await {
                Ok(_) => Ok(()),
                Err(Unplaced::Store(error)) => Err(error),
                Err(other) => Err(StoreError::Failed(other.to_string())),
            }
        })
    }

    fn seal(&self, seed: &[u8; 32]) -> String {
        seal::seal(&self.sealing_key, &hex::encode(seed), &*self.random)
    }

    fn unseal(&self, stored: &str) -> Result<[u8; 32], &'static str> {
        seal::open(&self.sealing_key, stored)
            .and_then(|seed| hex::decode(&seed))
            .and_then(|seed| seed.try_into().ok())
            .ok_or("does not open: is SIGNING_SECRET another one than before?")
    }

    fn remembered(&self, id: &TenantId) -> Option<TenantEntry> {
        self.known.get(id)
    }

    fn remember(&self, entry: &TenantEntry) {
        self.known.insert(entry.id.clone(), entry.clone());
    }
}
