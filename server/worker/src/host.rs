//! The core with this isolate's bindings. The first request of an isolate makes it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use axum::Router;
use crm_core::{
    Core,
    http::cors::Origins,
    ports::{Cache, Clock, Limiter, Ports, store::StoreError},
};
use worker::Env;

use crate::{
    cache::KvCache,
    clock::{PlatformClock, PlatformRandom},
    directory::D1Directory,
    documents::AssetDocuments,
    leases::Leases,
    limiter::{ObjectLimiter, Unlimited},
    log, operator,
    settings::{Settings, Unset},
    store::{D1Store, database::Database},
};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Unset(#[from] Unset),
    #[error("the binding {0} is missing: see wrangler.toml")]
    Unbound(&'static str),
    #[error("the directory: {0}")]
    Directory(#[from] StoreError),
}

/// The time between counting a use and storing the counts. The platform lets an isolate work for 30 s after an answer.
const WRITE_AFTER_MS: u64 = 20_000;
/// The time after which storing is tried again if it did not finish.
const WRITE_AGAIN_MS: i64 = 60_000;

pub struct Host {
    pub router: Router,
    pub core: Arc<Core>,
    pub origins: Origins,
    pub leases: Leases,
    /// Until when another request is in charge of storing the counts, in epoch ms.
    writing: AtomicI64,
    /// The ports for the conformance suites.
    #[cfg(feature = "conformance")]
    pub parts: Parts,
}

#[cfg(feature = "conformance")]
pub struct Parts {
    pub env: Env,
    pub core: Arc<Core>,
    pub directory: Arc<D1Directory>,
    pub cache: Arc<dyn Cache>,
}

/// The isolate's host. If two first requests race, both make one, and one of them is kept.
pub async fn of(env: &Env) -> Result<&'static Host, StartError> {
    static HOST: OnceLock<Host> = OnceLock::new();
    if let Some(host) = HOST.get() {
        return Ok(host);
    }
    let host = start(env).await?;
    Ok(HOST.get_or_init(|| host))
}

impl Host {
    /// Schedules storing the counts, unless that is under way. The answer does not wait for it.
    pub fn write_later(&'static self, context: &worker::Context) {
        let now = PlatformClock.now();
        // A longer time than possible was set before the clock went back.
        let others = self.writing.load(Relaxed);
        if self.core.usage.is_empty() || (now < others && others <= now + WRITE_AGAIN_MS) {
            return;
        }
        self.writing.store(now + WRITE_AGAIN_MS, Relaxed);
        context.wait_until(async move {
            PlatformClock.sleep(WRITE_AFTER_MS).await;
            self.writing.store(0, Relaxed);
            self.core.write_usage().await;
        });
    }
}

async fn start(env: &Env) -> Result<Host, StartError> {
    let settings = Settings::read(|name| env.var(name).ok().map(|value| value.to_string()))?;
    log::start(&settings.log);
    let database = Database::bound(env, "DIRECTORY")
        .ok_or(StartError::Unbound("the D1 database DIRECTORY"))?;
    let kv = env.kv("CACHE");
    let kv = kv.map_err(|_| StartError::Unbound("the KV namespace CACHE"))?;
    let limits = env.durable_object("LIMITER");
    limits.map_err(|_| StartError::Unbound("the Durable Object LIMITER"))?;
    let assets = env.assets("ASSETS");
    let assets = assets.map_err(|_| StartError::Unbound("the static assets ASSETS"))?;

    let database = Arc::new(database);
    let cache: Arc<dyn Cache> = Arc::new(KvCache(kv));
    let store = Arc::new(D1Store::new(env.clone(), database.clone(), cache.clone()));
    let directory = Arc::new(D1Directory::new(
        env.clone(),
        database,
        store.clone(),
        Arc::new(PlatformRandom),
        &settings.signing_secret,
    ));
    let limiter: Arc<dyn Limiter> = match settings.rate_limit {
        Some(_) => Arc::new(ObjectLimiter::new(env.clone())),
        None => Arc::new(Unlimited),
    };
    let ports = Ports {
        store,
        directory: directory.clone(),
        documents: Arc::new(AssetDocuments(assets)),
        limiter,
        clock: Arc::new(PlatformClock),
        random: Arc::new(PlatformRandom),
    };
    let core = Core::start(ports, settings.config()).await?;
    let mut router = crm_core::http::router(core.clone());
    if let Some(secret) = &settings.operator_secret {
        router = operator::door(secret, core.clone(), directory.clone(), router);
    }
    Ok(Host {
        router,
        origins: Origins::new(&core.config.cors_origins),
        leases: Leases::default(),
        core: core.clone(),
        writing: AtomicI64::new(0),
        #[cfg(feature = "conformance")]
        parts: Parts {
            env: env.clone(),
            core,
            directory,
            cache,
        },
    })
}
