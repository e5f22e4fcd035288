//! Tenants' data on this machine: `TenantStore` over SQLite, one file per tenant, `<data>/tenants/<id>.sqlite`. Keeps
//! the databases of tenants in use open, up to a bound.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use crm_core::ports::{
    Answer,
    store::{Commit, Rows, Statement, StoreError, TenantId, TenantStore},
};
use foldhash::HashMap;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

mod budget;
pub mod connection;
pub mod error;
mod options;
mod readers;
pub(crate) mod reading;
pub mod statements;
mod writer;

use connection::Missing;
pub use options::Options;
use readers::Readers;
use writer::Writer;

use crate::folder;

pub struct SqliteStore {
    folder: PathBuf,
    options: Arc<Options>,
    tenants: Mutex<HashMap<TenantId, Arc<Tenant>>>,
    /// A counter of uses: the tenant that was used last has the highest number.
    uses: AtomicU64,
}

/// A tenant whose database is open, or being opened.
#[derive(Default)]
struct Tenant {
    open: OnceCell<Open>,
    used: AtomicU64,
}

/// Fields are dropped in order: the readers are closed first, so that closing the writer removes the log.
struct Open {
    readers: Arc<Readers>,
    writer: Arc<Writer>,
}

impl SqliteStore {
    /// A store of tenants in the folder `data`/tenants, which it makes.
    pub fn new(data: &Path, options: Options) -> io::Result<Self> {
        let folder = data.join("tenants");
        folder::own(&folder)?;
        Ok(Self {
            folder,
            options: Arc::new(options),
            tenants: Mutex::default(),
            uses: AtomicU64::new(0),
        })
    }

    /// Makes the tenant's database if it does not exist.
    pub async fn create(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.open(tenant, Missing::Create).await.map(drop)
    }

    pub fn path(&self, tenant: &TenantId) -> PathBuf {
        self.folder.join(format!("{tenant}.sqlite"))
    }

    /// Closes every unused database, which removes its log.
    pub fn close(&self) {
        self.tenants.lock().clear();
    }

    /// The number of an open tenant's reads that were started again on their own thread.
    pub fn handed_over(&self, tenant: &TenantId) -> Option<usize> {
        let tenant = self.tenants.lock().get(tenant).cloned()?;
        Some(tenant.open.get()?.readers.handed_over())
    }

    async fn open(&self, id: &TenantId, missing: Missing) -> Result<Arc<Tenant>, StoreError> {
        let (tenant, closed) = self.slot(id)?;
        if let Some(closed) = closed {
            // Blocking: the last connection copies the log into the database when it closes.
            tokio::task::spawn_blocking(move || drop(closed));
        }
        let (path, options) = (self.path(id), self.options.clone());
        let open = || async {
            let work = move || {
                let stop = Arc::new(AtomicBool::new(false));
                let writer = Arc::new(Writer::open(
                    path.clone(),
                    missing,
                    options.clone(),
                    stop.clone(),
                )?);
                Ok(Open {
                    readers: Arc::new(Readers::new(path, options, stop)),
                    writer,
                })
            };
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
        };
        match tenant.open.get_or_try_init(open).await.map(drop) {
            Ok(()) => Ok(tenant),
            Err(error) => {
                // A tenant that does not exist must not evict one that does.
                let mut tenants = self.tenants.lock();
                if tenants
                    .get(id)
                    .is_some_and(|there| Arc::ptr_eq(there, &tenant) && !there.open.initialized())
                {
                    tenants.remove(id);
                }
                Err(error)
            }
        }
    }

    /// The tenant's entry among the open ones, and the tenant that was evicted for it.
    fn slot(&self, id: &TenantId) -> Result<(Arc<Tenant>, Option<Arc<Tenant>>), StoreError> {
        let use_number = self.uses.fetch_add(1, Relaxed);
        let mut tenants = self.tenants.lock();
        if let Some(tenant) = tenants.get(id) {
            tenant.used.store(use_number, Relaxed);
            return Ok((tenant.clone(), None));
        }
        let mut closed = None;
        if tenants.len() >= self.options.open_tenants {
            // Evict only tenants that nobody holds: two writers of one tenant would not share commits.
            let idle = tenants
                .iter()
                .filter(|(_, tenant)| Arc::strong_count(tenant) == 1);
            let oldest = idle
                .min_by_key(|(_, tenant)| tenant.used.load(Relaxed))
                .map(|(id, _)| id.clone());
            let Some(oldest) = oldest else {
                return Err(StoreError::Busy("too many tenants are in use".into()));
            };
            closed = tenants.remove(&oldest);
        }
        let tenant = Arc::new(Tenant {
            open: OnceCell::new(),
            used: AtomicU64::new(use_number),
        });
        tenants.insert(id.clone(), tenant.clone());
        Ok((tenant, closed))
    }
}

impl Tenant {
    fn get(&self) -> Result<&Open, StoreError> {
        self.open
            .get()
            .ok_or_else(|| StoreError::Failed("the tenant is not open".into()))
    }
}

impl TenantStore for SqliteStore {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        Box::pin(async move {
            let tenant = self.open(tenant, Missing::Refuse).await?;
            tenant.get()?.readers.read(statements).await
        })
    }

    fn commit<'a>(
        &'a self,
        tenant: &'a TenantId,
        statements: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        Box::pin(async move {
            let tenant = self.open(tenant, Missing::Refuse).await?;
            let answer = tenant.get()?.writer.submit(statements)?;
            answer.await.unwrap_or_else(|_| {
                Err(StoreError::Busy(
                    "the writer stopped before this commit".into(),
                ))
            })
        })
    }
}
