//! The core as a host mounts it: access to the tenants' data, the verification of tokens, and the settings.

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

/// When hosts give up a request, in ms after its arrival.
pub const PATIENCE_MS: u64 = 30_000;

/// The settings of a deployment.
#[derive(Clone)]
pub struct Config {
    /// `iss` of the tokens: the public address of the deployment. Tokens from another issuer are refused.
    pub issuer: String,
    /// Origins whose pages may call the API from a browser (`https://app.example`).
    pub cors_origins: Vec<String>,
    /// Request headers that these pages may send besides those of the API, such as `traceparent`.
    pub cors_headers: Vec<HeaderName>,
    /// Peers whose `X-Forwarded-For` is trusted ([`network`](crate::http::address::network) parses one).
    pub trusted_proxies: Vec<IpNet>,
    /// The quota of one caller: a person, a customer, an API key.
    pub caller_quota: Quota,
    /// The quota of one address, for requests without a valid token.
    pub address_quota: Quota,
    /// The quota of sign-in attempts to one account from one address.
    pub sign_in_quota: Quota,
    /// The time for answering a request, in ms after its arrival.
    pub deadline_ms: i64,
    /// When an unanswered request is given up, in ms after its arrival, because the store hangs or the body does not
    /// end. [`PATIENCE_MS`] except in tests.
    pub patience_ms: u64,
    /// The deprecations in the contract. Tests have their own.
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

/// The core. All requests share it.
pub struct Core {
    pub work: Work,
    pub auth: Auth,
    pub config: Config,
    /// Uses of deprecated parts of the contract that are not stored yet.
    pub usage: Usage,
    pub(crate) looked: Looked,
    pub(crate) refolded: Refolded,
}

impl Core {
    /// Reads the signing keys, or makes the first one.
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
