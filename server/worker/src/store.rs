//! Tenants' data on D1: `TenantStore`, one database per tenant. The directory maps a tenant to its database, the cache
//! saves that lookup, and the database itself records whose it is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crm_core::ports::{
    self, Answer, directory,
    store::{Commit, Rows, Statement, StoreError, TenantId, TenantStore, Value},
};
use quick_cache::sync::Cache;
use worker::Env;

mod cast;
pub mod database;
pub mod limits;
mod room;
mod rows;
pub mod schema;
mod sql;

use database::Database;

/// Upper bound of the cache of tenants.
const MOST_TENANTS: usize = 5_000;
/// The lifetime of a cached mapping in seconds. The database of a tenant hardly ever changes.
const CACHED_S: u32 = 24 * 60 * 60;

pub struct D1Store {
    env: Env,
    directory: Arc<Database>,
    cache: Arc<dyn ports::Cache>,
    tenants: Cache<TenantId, Arc<Tenant>>,
}

struct Tenant {
    database: Database,
    /// Whether this isolate has checked that the database is the tenant's and its schema up to date.
    proven: AtomicBool,
    /// The mapping comes from the cache only.
    hinted: bool,
}

impl D1Store {
    pub fn new(env: Env, directory: Arc<Database>, cache: Arc<dyn ports::Cache>) -> Self {
        Self {
            env,
            directory,
            cache,
            tenants: Cache::new(MOST_TENANTS),
        }
    }

    /// Brings the tenant's database up to date; makes its tables if there are none.
    pub async fn prepare(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.proven(tenant).await.map(drop)
    }

    async fn proven(&self, tenant: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        let mut open = self.open(tenant).await?;
        if open.proven.load(Relaxed) {
            return Ok(open);
        }
        if open.hinted {
            // The cache alone is not reliable enough for making tables.
            open = self.look_up(tenant).await?;
        }
        schema::prepare(&open.database, tenant).await?;
        open.proven.store(true, Relaxed);
        Ok(open)
    }

    async fn open(&self, tenant: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        if let Some(open) = self.tenants.get(tenant) {
            return Ok(open);
        }
        let hint = self.cache.get(&cache_key(tenant)).await;
        match hint.and_then(|binding| self.bound(&binding, true)) {
            Some(open) => Ok(self.remember(tenant, open)),
            None => self.look_up(tenant).await,
        }
    }

    /// Asks the directory.
    async fn look_up(&self, tenant: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        let rows = self
            .directory
            .read(&[directory::sql::place(tenant)])
            .await?;
        let binding = rows
            .into_iter()
            .flatten()
            .flatten()
            .next()
            .and_then(Value::into_text)
            .ok_or(StoreError::UnknownTenant)?;
        let open = self.bound(&binding, false).ok_or_else(|| {
            StoreError::Failed(format!(
                "the directory names the database {binding}, for which the Worker has no binding"
            ))
        })?;
        self.cache.put(&cache_key(tenant), &binding, CACHED_S).await;
        Ok(self.remember(tenant, open))
    }

    /// The first read of an isolate also reads the state of the schema in the same round trip.
    async fn first_read(
        &self,
        tenant: &TenantId,
        open: &Tenant,
        mut statements: Vec<Statement>,
    ) -> Result<Vec<Rows>, StoreError> {
        statements.insert(0, schema::state());
        match open.database.read(&statements).await {
            Ok(mut rows) => {
                let state = if rows.is_empty() {
                    Rows::new()
                } else {
                    rows.remove(0)
                };
                match schema::is_current(tenant, &state) {
                    Ok(true) => {
                        open.proven.store(true, Relaxed);
                        return Ok(rows);
                    }
                    Err(error) if !open.hinted => return Err(error),
                    Ok(false) | Err(_) => {}
                }
            }
            // The tables may not exist yet.
            Err(StoreError::Failed(_)) => {}
            Err(error) => return Err(error),
        }
        let open = self.proven(tenant).await?;
        statements.remove(0);
        open.database.read(&statements).await
    }

    fn bound(&self, binding: &str, hinted: bool) -> Option<Tenant> {
        Some(Tenant {
            database: Database::bound(&self.env, binding)?,
            proven: AtomicBool::new(false),
            hinted,
        })
    }

    fn remember(&self, tenant: &TenantId, open: Tenant) -> Arc<Tenant> {
        let open = Arc::new(open);
        self.tenants.insert(tenant.clone(), open.clone());
        open
    }
}

fn cache_key(tenant: &TenantId) -> String {
    format!("place/{tenant}")
}

impl TenantStore for D1Store {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        Box::pin(async move {
            let open = self.open(tenant).await?;
            if open.proven.load(Relaxed) {
                open.database.read(&statements).await
            } else {
                self.first_read(tenant, &open, statements).await
            }
        })
    }

    fn commit<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        Box::pin(async move {
            let open = self.proven(tenant).await?;
            open.database.commit(&statements).await
        })
    }
}
