//! What the core remembers of each tenant between requests: definitions, secret, callers' roles. It is read again as
//! soon as the first row of a request shows that a revision has changed.

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

/// A tenant's definitions at one revision.
#[derive(Debug)]
pub struct TenantState {
    pub schema_rev: i64,
    pub access_rev: i64,
    /// The key that signs this tenant's cursors.
    pub secret: String,
    pub schema: Schema,
}

/// Recently used states, and roles of recent callers, in caches that are bounded in bytes. At the bound, entries that
/// are used often stay.
pub struct Tenants {
    states: Cache<TenantId, Arc<TenantState>, StateBytes>,
    /// The roles as JSON text, by session or key id.
    roles: Cache<CallerOf, Arc<str>, RolesBytes>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CallerOf {
    tenant: TenantId,
    caller: Box<str>,
}

/// The key of a cache lookup, without allocated memory.
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

/// Upper bound of each cache, in bytes. The states are those of about a thousand small tenants or of a few with the
/// most definitions; the roles are those of about ten thousand callers.
const MOST_BYTES: u64 = 24 << 20;
const MOST_ROLES_BYTES: u64 = 8 << 20;
/// Upper bound of the number of states.
const MOST_STATES: u64 = 1_000;
/// The size of a cache entry for a caller without its texts, in bytes.
const CALLER_BYTES: u64 = 200;

#[derive(Clone)]
struct StateBytes;

impl Weighter<TenantId, Arc<TenantState>> for StateBytes {
    /// The approximate size. Built-in definitions do not count, because all tenants share them. A state counts for at
    /// most half of the bound. Otherwise the cache would refuse it, and every request would read that tenant's
    /// definitions.
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

/// A cache with a single shard. Several shards would each be too small for a large state.
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
        // The rows are dropped. The state made of them is bounded by its cache.
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
