//! What the core remembers of each tenant between requests: its definitions, its secret, its callers' roles. All of it is
//! read again as soon as a request's first row shows that a revision moved.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    fault::Fault,
    ports::store::{Rows, Statement, TenantId, TenantStore, Value},
    schema::{self, Schema},
};

/// A tenant's definitions as of one revision.
#[derive(Debug)]
pub struct TenantState {
    pub schema_rev: i64,
    pub access_rev: i64,
    /// Signs this tenant's cursors.
    pub secret: String,
    pub schema: Schema,
}

/// The states that were needed of late, and the roles of the callers seen of late.
#[derive(Default)]
pub struct Tenants {
    known: Mutex<HashMap<TenantId, Known>>,
}

#[derive(Default)]
struct Known {
    state: Option<Arc<TenantState>>,
    /// By session or key id: the roles as the database's JSON text has them.
    roles: HashMap<String, Arc<str>>,
}

/// More tenants or callers than this are not remembered at once.
const MOST_TENANTS: usize = 1_000;
const MOST_CALLERS: usize = 1_000;

impl Tenants {
    pub fn state(&self, tenant: &TenantId) -> Option<Arc<TenantState>> {
        self.with(tenant, |known| known.state.clone())
    }

    pub fn roles(&self, tenant: &TenantId, caller: &str) -> Option<Arc<str>> {
        self.with(tenant, |known| known.roles.get(caller).cloned())
    }

    pub fn remember_roles(&self, tenant: &TenantId, caller: &str, roles: Arc<str>) {
        self.with(tenant, |known| {
            if known.roles.len() >= MOST_CALLERS {
                known.roles.clear();
            }
            known.roles.insert(caller.to_owned(), roles);
        });
    }

    /// Reads the tenant's definitions: one round trip.
    pub async fn load(
        &self,
        store: &dyn TenantStore,
        tenant: &TenantId,
    ) -> Result<Arc<TenantState>, Fault> {
        let statements = vec![
            Statement::new("SELECT schema_rev, access_rev, secret FROM meta", []),
            Statement::new(schema::TYPES, []),
            Statement::new(schema::FIELDS, []),
        ];
        let mut rows = store.read(tenant, statements).await?.into_iter();
        let meta = rows
            .next()
            .and_then(|rows| rows.into_iter().next())
            .unwrap_or_default();
        let [
            Value::Integer(schema_rev),
            Value::Integer(access_rev),
            Value::Text(secret),
        ] = meta.as_slice()
        else {
            return Err(Fault::Internal("the tenant's meta row is missing".into()));
        };
        let types: Rows = rows.next().unwrap_or_default();
        let fields: Rows = rows.next().unwrap_or_default();
        let schema = Schema::load(types, fields).map_err(Fault::Internal)?;
        let state = Arc::new(TenantState {
            schema_rev: *schema_rev,
            access_rev: *access_rev,
            secret: secret.clone(),
            schema,
        });
        self.with(tenant, |known| known.state = Some(state.clone()));
        Ok(state)
    }

    fn with<T>(&self, tenant: &TenantId, f: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_TENANTS && !known.contains_key(tenant) {
            known.clear();
        }
        f(known.entry(tenant.clone()).or_default())
    }
}
