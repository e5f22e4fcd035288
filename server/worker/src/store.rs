//! Tenants' data on D1: `TenantStore`, one database per tenant. The directory says which; the cache shortens the question,
//! and the database itself proves the answer.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crm_core::ports::{
    Answer, Cache, directory,
    store::{Commit, Rows, Statement, StoreError, TenantId, TenantStore, Value},
};
use parking_lot::Mutex;
use worker::Env;

mod cast;
pub mod database;
pub mod limits;
mod room;
mod rows;
pub mod schema;
mod sql;

use database::Database;

/// More tenants are not remembered at once.
const MOST_TENANTS: usize = 5_000;
/// Where a tenant lies hardly ever changes.
const CACHED_S: u32 = 24 * 60 * 60;

pub struct D1Store {
    env: Env,
    directory: Arc<Database>,
    cache: Arc<dyn Cache>,
    tenants: Mutex<HashMap<TenantId, Arc<Tenant>>>,
}

struct Tenant {
    database: Database,
    /// This isolate has seen that the database is the tenant's, and its schema up to date.
    proven: AtomicBool,
    /// Only the cache says that it is the tenant's.
    hinted: bool,
}

impl D1Store {
    pub fn new(env: Env, directory: Arc<Database>, cache: Arc<dyn Cache>) -> Self {
        Self {
            env,
            directory,
            cache,
            tenants: Mutex::default(),
        }
    }

    /// The tenant's database, up to date; made if it has no tables yet.
    pub async fn prepare(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.proven(tenant).await.map(drop)
    }

    async fn proven(&self, tenant: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        let mut open = self.open(tenant).await?;
        if open.proven.load(Relaxed) {
            return Ok(open);
        }
        if open.hinted {
            // A hint is not enough to make tables on.
            open = self.look_up(tenant).await?;
        }
        schema::prepare(&open.database, tenant).await?;
        open.proven.store(true, Relaxed);
        Ok(open)
    }

    async fn open(&self, tenant: &TenantId) -> Result<Arc<Tenant>, StoreError> {
        let known = self.tenants().get(tenant).cloned();
        if let Some(open) = known {
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
                "the tenant's database is said to be {binding}, which the Worker is not bound to"
            ))
        })?;
        self.cache.put(&cache_key(tenant), &binding, CACHED_S).await;
        Ok(self.remember(tenant, open))
    }

    /// The first read of an isolate asks for the state of the schema in the same round trip.
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
            // It may come of tables that are not there yet.
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
        let mut tenants = self.tenants();
        if tenants.len() >= MOST_TENANTS {
            tenants.clear();
        }
        let open = Arc::new(open);
        tenants.insert(tenant.clone(), open.clone());
        open
    }

    fn tenants(&self) -> parking_lot::MutexGuard<'_, HashMap<TenantId, Arc<Tenant>>> {
        self.tenants.lock()
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
