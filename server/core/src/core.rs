//! The core as a host mounts it: the door to the tenants' data, what tokens are judged with, and the settings.

use std::sync::Arc;

use crm_runtime::server::Deprecation;
use http::HeaderName;
use ipnet::IpNet;

use crate::{
    auth::{Auth, keys},
    contract::deprecations,
    integrations::{notices::Looked, usage::Usage},
    ports::{Compute, Ports, compute::Inline, limiter::Quota, store::StoreError},
    records::refold::Refolded,
    work::Work,
};

/// When hosts give a request up, in ms after it came.
pub const PATIENCE_MS: u64 = 30_000;

/// What may be set per deployment.
#[derive(Clone)]
pub struct Config {
    /// `iss` of the tokens: the deployment's public address. Tokens of another issuer are refused.
    pub issuer: String,
    /// Browsers of pages from these origins may call the API (`https://app.example`).
    pub cors_origins: Vec<String>,
    /// Request headers that those pages may send beside those of the API, such as `traceparent`.
    pub cors_headers: Vec<HeaderName>,
    /// Peers whose `X-Forwarded-For` is believed ([`network`](crate::http::address::network) reads one).
    pub trusted_proxies: Vec<IpNet>,
    /// Of one caller: a person, a customer, an API key.
    pub caller_quota: Quota,
    /// Of one address, for requests without a valid token.
    pub address_quota: Quota,
    /// Of one account from one address: attempts to sign in.
    pub sign_in_quota: Quota,
    /// Until when a request must be answered, in ms after it came.
    pub deadline_ms: i64,
    /// When a request that is not answered even so (a store that holds still, a body that does not end) is given up, in ms
    /// after it came. [`PATIENCE_MS`], except in tests.
    pub patience_ms: u64,
    /// What of the API is going away: what the contract says. Tests have their own.
    pub deprecations: &'static [&'static Deprecation],
    /// Where passwords are hashed.
    pub compute: Arc<dyn Compute>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "crm".to_owned(),
            cors_origins: Vec::new(),
            cors_headers: Vec::new(),
            trusted_proxies: Vec::new(),
            caller_quota: Quota {
                name: "caller",
                requests: 6_000,
                window_s: 60,
            },
            address_quota: Quota {
                name: "address",
                requests: 600,
                window_s: 60,
            },
            sign_in_quota: Quota {
                name: "sign_in",
                requests: 10,
                window_s: 300,
            },
            deadline_ms: 10_000,
            patience_ms: PATIENCE_MS,
            deprecations: deprecations(),
            compute: Arc::new(Inline),
        }
    }
}

/// The whole of it; shared by all requests.
pub struct Core {
    pub work: Work,
    pub auth: Auth,
    pub config: Config,
    /// Who uses what is going away, as far as it is not written down yet.
    pub usage: Usage,
    pub(crate) looked: Looked,
    pub(crate) refolded: Refolded,
}

impl Core {
    /// Reads the signing keys, and makes the first one where there is none.
    pub async fn start(ports: Ports, config: Config) -> Result<Arc<Self>, StoreError> {
        let auth = Auth::new(
            config.issuer.clone(),
            config.compute.clone(),
            ports.clock.clone(),
        );
        auth.load(&ports, ports.clock.now()).await?;
        if auth.keys.set().current().is_none() {
            keys::ensure(&ports).await?;
            auth.load(&ports, ports.clock.now()).await?;
        }
        Ok(Arc::new(Self {
            work: Work::new(ports),
            auth,
            config,
            usage: Usage::default(),
            looked: Looked::default(),
            refolded: Refolded::default(),
        }))
    }

    pub fn ports(&self) -> &Ports {
        &self.work.ports
    }
}
