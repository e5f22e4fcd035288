//! Runs the cases of the core's conformance suites on this Worker's own bindings, each asked for by its address, and tells
//! the round trips so far. Only in builds for tests.

use std::sync::Arc;

use axum::body::Body;
use crm_core::{
    ports::{
        Clock, Directory, cache,
        conformance::Verdict,
        directory::TenantEntry,
        limiter,
        store::{self, TenantId},
    },
    random_id,
};
use http::{Request, Response};
use serde_json::json;

use crate::{
    clock::{PlatformClock, PlatformRandom},
    host::Host,
    limiter::ObjectLimiter,
    trips,
};

/// The answer, or the request if it is none of these.
pub async fn answer(host: &Host, request: Request<Body>) -> Result<Response<Body>, Request<Body>> {
    let Some(path) = request.uri().path().strip_prefix("/conformance/") else {
        return Err(request);
    };
    let text = match path.split_once('/') {
        None if path == "trips" => json!(trips::so_far()),
        None if path == "cases" => json!(names()),
        Some((suite, name)) => json!(run(host, suite, name).await),
        None => return Err(request),
    };
    Ok(Response::new(text.to_string().into()))
}

fn names() -> Vec<String> {
    let store = store::conformance::CASES
        .iter()
        .map(|case| ("store", case.name));
    let limiter = limiter::conformance::CASES
        .iter()
        .map(|case| ("limiter", case.name));
    let cache = cache::conformance::CASES
        .iter()
        .map(|case| ("cache", case.name));
    let all = store.chain(limiter).chain(cache);
    all.map(|(suite, name)| format!("{suite}/{name}")).collect()
}

/// What a case saw, with a tenant or keys of its own.
async fn run(host: &Host, suite: &str, name: &str) -> Verdict {
    let unknown = || format!("there is no case {suite}/{name}");
    let fresh = random_id::id(PlatformClock.now(), &PlatformRandom);
    match suite {
        "store" => {
            let case = store::conformance::CASES
                .iter()
                .find(|case| case.name == name);
            let case = case.ok_or_else(unknown)?;
            let tenant = tenant(host, name, &fresh).await?;
            let store = Arc::clone(&host.parts.core.ports().store);
            (case.run)(store::conformance::Subject { store, tenant }).await
        }
        "limiter" => {
            let case = limiter::conformance::CASES
                .iter()
                .find(|case| case.name == name);
            let subject = limiter::conformance::Subject {
                limiter: Arc::new(ObjectLimiter::new(host.parts.env.clone())),
                clock: Arc::new(PlatformClock),
                prefix: fresh,
            };
            (case.ok_or_else(unknown)?.run)(subject).await
        }
        "cache" => {
            let case = cache::conformance::CASES
                .iter()
                .find(|case| case.name == name);
            let subject = cache::conformance::Subject {
                cache: Arc::clone(&host.parts.cache),
                prefix: fresh,
            };
            (case.ok_or_else(unknown)?.run)(subject).await
        }
        _ => Err(unknown()),
    }
}

/// In any database that is free.
async fn tenant(host: &Host, name: &str, id: &str) -> Result<TenantId, String> {
    let tenant = TenantId::parse(id).ok_or("no id")?;
    let entry = TenantEntry {
        id: tenant.clone(),
        name: name.to_owned(),
        created_at: PlatformClock.now(),
    };
    let made = host.parts.directory.create_tenant(&entry).await;
    made.map(|()| tenant).map_err(|error| error.to_string())
}
