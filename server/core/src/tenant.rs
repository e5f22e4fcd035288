//! What the core remembers of each tenant between requests: its definitions, its secret, its callers' roles. All of it is
//! read again as soon as a request's first row shows that a revision moved.

use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::Mutex;

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

/// The states that were needed of late, and the roles of the callers seen of late, within one bound of bytes.
#[derive(Default)]
pub struct Tenants {
    known: Mutex<All>,
}

#[derive(Default)]
struct All {
    by: HashMap<TenantId, Known>,
    /// About what they take together.
    bytes: usize,
    clock: u64,
}

#[derive(Default)]
struct Known {
    state: Option<Arc<TenantState>>,
    /// By session or key id: the roles as the database's JSON text has them.
    roles: HashMap<String, Arc<str>>,
    /// Of the texts of `roles`.
    roles_bytes: usize,
    /// When it was asked for last.
    used: u64,
}

impl Known {
    /// About what is held, in bytes. Built-in definitions are shared by all tenants.
    fn bytes(&self) -> usize {
        let state = self.state.as_ref().map_or(0, |state| state.schema.held());
        1_000 + state + self.roles.len() * 100 + self.roles_bytes
    }
}

/// What is remembered of all tenants together, in bytes: about a thousand small ones, or a few with the most definitions.
/// A tenant that is asked for stays even if it takes more alone.
const MOST_BYTES: usize = 32 << 20;
/// Upper bounds of the numbers of tenants, and of callers of one tenant.
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
                known.roles_bytes = 0;
            }
            let more = caller.len() + roles.len();
            if let Some(before) = known.roles.insert(caller.to_owned(), roles) {
                known.roles_bytes -= caller.len() + before.len();
            }
            known.roles_bytes += more;
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
        self.with(tenant, |known| known.state = Some(state.clone()));
        Ok(state)
    }

    fn with<T>(&self, tenant: &TenantId, f: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.known.lock();
        let all = &mut *all;
        all.clock += 1;
        let clock = all.clock;
        let known = match all.by.get_mut(tenant) {
            Some(known) => {
                all.bytes -= known.bytes();
                known
            }
            None => all.by.entry(tenant.clone()).or_default(),
        };
        let done = f(known);
        known.used = clock;
        all.bytes += known.bytes();
        while all.by.len() > 1 && (all.bytes > MOST_BYTES || all.by.len() > MOST_TENANTS) {
            all.forget_oldest();
        }
        done
    }
}

impl All {
    /// Evicts the least recently used tenant.
    fn forget_oldest(&mut self) {
        let oldest = self.by.iter().min_by_key(|(_, known)| known.used);
        let oldest = oldest.map(|(tenant, _)| tenant.clone());
        if let Some(gone) = oldest.and_then(|oldest| self.by.remove(&oldest)) {
            self.bytes -= gone.bytes();
        }
    }
}

#[cfg(test)]
mod tests;
