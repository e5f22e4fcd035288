//! Calls the API inside this process, so the command line has the same checks, change log and refusals as any caller.

use std::sync::Arc;

use axum::{Router, body::Body};
use crm_core::{
    Core,
    core::Config,
    http::{self as core_http, Operator as As},
    ports::{Clock, store::TenantId},
};
use http::{Method, Request, header};
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    clock::{SystemClock, SystemRandom},
    error::{Error, Refused},
    host::Host,
};

/// The largest answer that a command reads, in bytes.
const ANSWER: usize = 64 << 20;

pub struct Operator {
    router: Router,
    tenant: TenantId,
}

impl Operator {
    pub fn new(core: Arc<Core>, tenant: TenantId) -> Self {
        Self {
            router: core_http::router(core),
            tenant,
        }
    }

    /// Sends a request; returns the body of the answer, null if it has none.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(As(self.tenant.clone()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request
            .body(body)
            .map_err(|error| failed(error.to_string()))?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER).await;
        let bytes = bytes.map_err(|error| failed(error.to_string()))?;
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        Err(Error::Refused(Refused {
            status: status.as_u16(),
            problem: answer,
        }))
    }
}

fn failed(what: String) -> Error {
    let problem = serde_json::json!({ "code": "INTERNAL", "message": what });
    Error::Refused(Refused {
        status: 500,
        problem,
    })
}

/// A core over a data folder, for a short command.
pub async fn core(host: &Host, config: Config) -> Result<Arc<Core>, Error> {
    Ok(Core::start(host.ports.clone(), config).await?)
}

/// The tenant with this id or name. Its database has to exist.
pub async fn tenant(host: &Host, said: &str) -> Result<TenantId, Error> {
    let tenant = named(host, said).await?;
    let database = host.store.path(&tenant);
    if database.exists() {
        Ok(tenant)
    } else {
        Err(Error::NoDatabase(database))
    }
}

async fn named(host: &Host, said: &str) -> Result<TenantId, Error> {
    let directory = &host.ports.directory;
    if let Some(id) = TenantId::parse(said) {
        let known = directory.tenant(&id).await?.is_some();
        return if known {
            Ok(id)
        } else {
            Err(Error::NoTenant(said.to_owned()))
        };
    }
    let mut named = directory
        .tenants()
        .await?
        .into_iter()
        .filter(|tenant| tenant.name == said);
    match (named.next(), named.next()) {
        (Some(tenant), None) => Ok(tenant.id),
        (None, _) => Err(Error::NoTenant(said.to_owned())),
        (Some(_), Some(_)) => Err(Error::AmbiguousTenant(said.to_owned())),
    }
}

/// A new UUIDv7.
pub fn new_id() -> String {
    crm_core::random_id::id(SystemClock.now(), &SystemRandom)
}

/// A random password of 100 bits, in letters and digits that look different from each other.
pub fn new_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let random: [u8; 20] = crm_core::random_id::bytes(&SystemRandom);
    let mut password = String::with_capacity(23);
    for (n, byte) in random.iter().enumerate() {
        if n > 0 && n % 5 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_new_each_time() {
        let (one, other) = (new_password(), new_password());
        assert_eq!(one.len(), 23);
        assert_ne!(one, other);
        assert!(one.split('-').all(|part| part.len() == 5), "{one}");
    }
}
