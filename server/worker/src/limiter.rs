//! Limits requests across all isolates: a Durable Object per quota and key counts, and an isolate takes several
//! requests from it at once (`lease.rs`). If the object cannot be reached, the isolate counts by itself.

use crm_core::ports::{
    Answer, Limiter,
    limiter::{Decision, Quota},
};
use parking_lot::Mutex;
use worker::{Env, send::SendFuture};

mod bucket;
mod lease;
mod object;

use bucket::Buckets;
use lease::Leases;

pub struct ObjectLimiter {
    env: Env,
    leases: Mutex<Leases>,
    own: Mutex<Buckets>,
}

impl ObjectLimiter {
    pub fn new(env: Env) -> Self {
        Self {
            env,
            leases: Mutex::default(),
            own: Mutex::default(),
        }
    }

    async fn ask(&self, quota: Quota, name: &str) -> worker::Result<Decision> {
        let wanted = self.leases.lock().wanted(quota, name, object::now());
        let stub = self.env.durable_object("LIMITER")?.get_by_name(name)?;
        let address = object::address(quota, wanted);
        let mut answer = stub.fetch_with_str(&address).await?;
        let granted = object::parse(&answer.text().await?)
            .ok_or_else(|| worker::Error::RustError("the object's answer is not valid".into()))?;
        let mut leases = self.leases.lock();
        Ok(leases.granted(quota, name, wanted, granted, object::now()))
    }

    fn decide_here(&self, quota: Quota, name: &str) -> Decision {
        self.own.lock().take(quota, name, object::now())
    }
}

impl Limiter for ObjectLimiter {
    fn take<'a>(&'a self, quota: Quota, key: &'a str) -> Answer<'a, Decision> {
        Box::pin(SendFuture::new(async move {
            let name = format!("{}/{key}", quota.name);
            let leased = self.leases.lock().spend(quota, &name, object::now());
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
