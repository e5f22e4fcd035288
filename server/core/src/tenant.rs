//! What the core remembers of each tenant between requests: its definitions, its secret, its callers' roles. All of it is
//! read again as soon as a request's first row shows that a revision moved.

use std::{hash::Hash, sync::Arc};

use quick_cache::{
    DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{
    fault::Fault,
    held,
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

/// The states that were needed of late, and the roles of the callers seen of late, each within a bound of bytes. What is
/// asked for again and again stays when the bound is reached.
pub struct Tenants {
    states: Cache<TenantId, Arc<TenantState>, StateBytes>,
    /// By session or key id: the roles as the database's JSON text has them.
    roles: Cache<CallerOf, Arc<str>, RolesBytes>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CallerOf {
    tenant: TenantId,
    caller: Box<str>,
}

/// The same without memory of its own, for looking it up.
#[derive(Hash)]
struct Asked<'a> {
    tenant: &'a TenantId,
    caller: &'a str,
}

impl Equivalent<CallerOf> for Asked<'_> {
    fn equivalent(&self, key: &CallerOf) -> bool {
        *self.tenant == key.tenant && *self.caller == *key.caller
    }
}

/// Upper bounds of what is remembered of all tenants together, in bytes: the states of about a thousand small ones, or of a
/// few with the most definitions, and the roles of some ten thousand callers.
const MOST_BYTES: u64 = 24 << 20;
const MOST_ROLES_BYTES: u64 = 8 << 20;
/// Upper bound of the number of states.
const MOST_STATES: u64 = 1_000;
/// What a caller takes beside its texts, in bytes.
const CALLER_BYTES: u64 = 200;

#[derive(Clone)]
struct StateBytes;

impl Weighter<TenantId, Arc<TenantState>> for StateBytes {
    /// About what is held; built-in definitions are shared by all tenants. A state never counts for more than half of the
    /// bound: the cache would refuse it, and its tenant's definitions would be read for each request.
    fn weight(&self, _: &TenantId, state: &Arc<TenantState>) -> u64 {
        (state.schema.held() as u64).clamp(MOST_BYTES / MOST_STATES, MOST_BYTES / 2)
    }
}

#[derive(Clone)]
struct RolesBytes;

impl Weighter<CallerOf, Arc<str>> for RolesBytes {
    fn weight(&self, of: &CallerOf, roles: &Arc<str>) -> u64 {
        CALLER_BYTES + (of.caller.len() + roles.len()) as u64
    }
}

/// A cache that is not divided: its parts would each be too small for a large state.
fn cache<K: Eq + Hash, V: Clone, W: Weighter<K, V> + Clone>(
    items: u64,
    bytes: u64,
    weighter: W,
) -> Cache<K, V, W> {
    let mut options = OptionsBuilder::new();
    options.shards(1).weight_capacity(bytes);
    options.estimated_items_capacity(usize::try_from(items).unwrap_or(usize::MAX));
    match options.build() {
        Ok(options) => Cache::with_options(
            options,
            weighter,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Cache::with_weighter(0, bytes, weighter),
    }
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            states: cache(MOST_STATES, MOST_BYTES, StateBytes),
            roles: cache(
                MOST_ROLES_BYTES / CALLER_BYTES,
                MOST_ROLES_BYTES,
                RolesBytes,
            ),
        }
    }
}

impl Tenants {
    /// Remembers nothing: whatever is put in is forgotten at once.
    #[cfg(test)]
    pub fn forgetful() -> Self {
        Self {
            states: cache(1, 1, StateBytes),
            roles: cache(1, 1, RolesBytes),
        }
    }

    pub fn state(&self, tenant: &TenantId) -> Option<Arc<TenantState>> {
        self.states.get(tenant)
    }

    pub fn roles(&self, tenant: &TenantId, caller: &str) -> Option<Arc<str>> {
        self.roles.get(&Asked { tenant, caller })
    }

    pub fn remember_roles(&self, tenant: &TenantId, caller: &str, roles: Arc<str>) {
        let of = CallerOf {
            tenant: tenant.clone(),
            caller: caller.into(),
        };
        self.roles.insert(of, roles);
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
        let mark = held::mark();
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
        // The rows are gone, and what they became has a bound of its own.
        mark.give_back();
        let state = Arc::new(TenantState {
            schema_rev: *schema_rev,
            access_rev: *access_rev,
            secret: secret.clone(),
            schema,
        });
        self.states.insert(tenant.clone(), state.clone());
        Ok(state)
    }
}

#[cfg(test)]
mod tests;
