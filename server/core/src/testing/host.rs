//! A host for tests: tenants in memory, a directory, a clock set by hand, repeatable randomness, a counting limiter.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{Memory, faults::Faults};
use crate::ports::{
    Answer, Clock, Directory, Limiter, Ports, Random,
    directory::{SigningKey, TenantEntry},
    documents::Embedded,
    limiter::{Decision, Quota},
    store::{Commit, Rows, Statement, StoreError, TenantId, TenantStore},
};

/// The time at the start of tests, in epoch ms.
pub const NOW: i64 = 1_800_000_000_000;

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(value))
}

/// Repeatable random numbers without duplicates (splitmix64).
#[derive(Default)]
pub struct Dice(AtomicU64);

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A clock that stands still until a test moves it. Sleeping moves it too.
pub struct Hands(pub AtomicI64);

impl Clock for Hands {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, ms: u64) -> Answer<'_, ()> {
        self.0.fetch_add(ms as i64, Ordering::SeqCst);
        ready(())
    }
}

/// Counts up to the quota, which is never refilled.
#[derive(Default)]
pub struct Tally(Mutex<HashMap<String, u32>>);

impl Limiter for Tally {
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision> {
        let mut counts = self.0.lock();
        let count = counts.entry(format!("{} {key}", quota.name)).or_default();
        *count += 1;
        ready(Decision {
            allowed: *count <= quota.requests,
            remaining: quota.requests.saturating_sub(*count),
            reset_s: quota.window_s,
        })
    }
}

/// Tenants, logins and keys.
#[derive(Default)]
pub struct World {
    pub tenants: Mutex<BTreeMap<TenantId, (TenantEntry, Arc<Memory>)>>,
    /// In the order of creation.
    pub logins: Mutex<Vec<(String, TenantId)>>,
    pub keys: Mutex<Vec<SigningKey>>,
    /// Tenants whose databases are locked, so that they cannot be read.
    pub busy: Mutex<Vec<TenantId>>,
    pub faults: Faults,
}

impl World {
    pub fn memory(&self, tenant: &TenantId) -> Option<Arc<Memory>> {
        self.tenants
            .lock()
            .get(tenant)
            .map(|(_, memory)| memory.clone())
    }
}

impl TenantStore for World {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        let Some(memory) = self.memory(tenant) else {
            return ready(Err(StoreError::UnknownTenant));
        };
        if self.busy.lock().contains(tenant) {
            return ready(Err(StoreError::Busy("held".into())));
        }
        Box::pin(async move {
            self.faults
                .run(async { memory.read(tenant, statements).await })
                .await
        })
    }

    fn commit<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        let Some(memory) = self.memory(tenant) else {
            return ready(Err(StoreError::UnknownTenant));
        };
        Box::pin(async move {
            self.faults
                .run(async { memory.commit(tenant, statements).await })
                .await
        })
    }
}

impl Directory for World {
    fn tenant<'a>(
        &'a self,
        id: &'a TenantId,
    ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>> {
        ready(Ok(self
            .tenants
            .lock()
            .get(id)
            .map(|(entry, _)| entry.clone())))
    }

    fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>> {
        ready(Ok(self
            .tenants
            .lock()
            .values()
            .map(|(entry, _)| entry.clone())
            .collect()))
    }

    fn create_tenant<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>> {
        let mut tenants = self.tenants.lock();
        tenants
            .entry(entry.id.clone())
            .or_insert_with(|| (entry.clone(), Arc::new(Memory::new(&[]))));
        ready(Ok(()))
    }

    fn tenants_of_login<'a>(
        &'a self,
        address: &'a str,
    ) -> Answer<'a, Result<Vec<TenantId>, StoreError>> {
        let found = async move {
            let logins = self.logins.lock();
            let found = logins.iter().filter(|(login, _)| login == address);
            Ok(found.map(|(_, tenant)| tenant.clone()).collect())
        };
        Box::pin(self.faults.run(found))
    }

    fn add_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let login = (address.to_owned(), tenant.clone());
        Box::pin(self.faults.run(async move {
            let mut logins = self.logins.lock();
            if !logins.contains(&login) {
                logins.push(login);
            }
            Ok(())
        }))
    }

    fn remove_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>> {
        let login = (address.to_owned(), tenant.clone());
        Box::pin(self.faults.run(async move {
            self.logins.lock().retain(|known| *known != login);
            Ok(())
        }))
    }

    fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>> {
        ready(Ok(self.keys.lock().clone()))
    }

    fn add_signing_key<'a>(&'a self, key: &'a SigningKey) -> Answer<'a, Result<(), StoreError>> {
        self.keys.lock().push(key.clone());
        ready(Ok(()))
    }

    fn add_first_signing_key<'a>(
        &'a self,
        key: &'a SigningKey,
    ) -> Answer<'a, Result<(), StoreError>> {
        let mut keys = self.keys.lock();
        if keys.iter().all(|key| key.expires_at.is_some()) {
            keys.push(key.clone());
        }
        ready(Ok(()))
    }

    fn expire_signing_key<'a>(
        &'a self,
        kid: &'a str,
        expires_at: i64,
    ) -> Answer<'a, Result<(), StoreError>> {
        let mut keys = self.keys.lock();
        keys.iter_mut()
            .filter(|key| key.kid == kid)
            .for_each(|key| key.expires_at = Some(expires_at));
        ready(Ok(()))
    }
}

/// The ports of a test, with access to each.
pub struct Host {
    pub world: Arc<World>,
    pub clock: Arc<Hands>,
    pub ports: Ports,
}

impl Default for Host {
    fn default() -> Self {
        let (world, clock) = (
            Arc::new(World::default()),
            Arc::new(Hands(AtomicI64::new(NOW))),
        );
        let ports = Ports {
            store: world.clone(),
            directory: world.clone(),
            documents: Arc::new(Embedded),
            limiter: Arc::new(Tally::default()),
            clock: clock.clone(),
            random: Arc::new(Dice::default()),
        };
        Self {
            world,
            clock,
            ports,
        }
    }
}

impl Host {
    /// Moves the clock.
    pub fn wait(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }
}
