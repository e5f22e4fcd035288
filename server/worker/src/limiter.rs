//! Limits requests across all isolates: a Durable Object per quota and key counts, and an isolate takes several
//! requests from it at once (`lease.rs`). If the object cannot be reached, the isolate counts by itself.

use std::collections::HashMap;

use crm_core::ports::{
    Answer, Limiter,
    limiter::{Decision, Quota},
};
use parking_lot::{Mutex, MutexGuard};
use worker::{Env, send::SendFuture};

mod bucket;
mod lease;
mod object;

use bucket::Bucket;
use lease::Leases;

/// The most buckets of an isolate that counts by itself.
const MOST_BUCKETS: usize = 10_000;

pub struct ObjectLimiter {
    env: Env,
    leases: Mutex<Leases>,
    own: Mutex<HashMap<String, Bucket>>,
}

impl ObjectLimiter {
    pub fn new(env: Env) -> Self {
        Self {
            env,
            leases: Mutex::default(),
            own: Mutex::default(),
        }
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock()
    }

    async fn ask(&self, quota: Quota, name: &str) -> worker::Result<Decision> {
        let wanted = self.leases().wanted(quota, name, object::now());
        let stub = self.env.durable_object("LIMITER")?.get_by_name(name)?;
        let address = object::address(quota, wanted);
        let mut answer = stub.fetch_with_str(&address).await?;
        let granted = object::parse(&answer.text().await?)
            .ok_or_else(|| worker::Error::RustError("the object's answer is not valid".into()))?;
        let mut leases = self.leases();
        Ok(leases.granted(quota, name, wanted, granted, object::now()))
    }

    fn decide_here(&self, quota: Quota, name: &str) -> Decision {
        let mut own = self.own.lock();
        if own.len() >= MOST_BUCKETS {
            own.clear();
        }
        let bucket = own.entry(name.to_owned()).or_default();
        bucket.take(quota.requests, quota.window_s, object::now())
    }
}

impl Limiter for ObjectLimiter {
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision> {
        Box::pin(SendFuture::new(async move {
            let name = format!("{}/{key}", quota.name);
            let leased = self.leases().spend(quota, &name, object::now());
            if let Some(decision) = leased {
                return decision;
            }
            match self.ask(quota, &name).await {
                Ok(decision) => decision,
                Err(error) => {
                    tracing::warn!(%error, quota = quota.name, "the limiter does not answer");
                    self.decide_here(quota, &name)
                }
            }
        }))
    }
}

/// A limiter without a limit, for RATE_LIMIT = off.
pub struct Unlimited;

impl Limiter for Unlimited {
    fn take<'a>(&'a self, quota: Quota, _: &'a str) -> Answer<'a, Decision> {
        let decision = Decision {
            allowed: true,
            remaining: quota.requests,
            reset_s: 0,
        };
        Box::pin(std::future::ready(decision))
    }
}
