//! Runs the cases of the core's conformance suites on this Worker's own bindings, each asked for by its address, and tells
//! the round trips so far. Only in builds for tests.

use std::sync::Arc;

use axum::body::Body;
use crm_core::ports::{
    Clock, Directory,
    directory::TenantEntry,
    store::{
        TenantId,
        conformance::{CASES, Subject},
    },
};
use crm_core::random_id;
use http::{Request, Response};
use serde_json::json;

use crate::{
    clock::{PlatformClock, PlatformRandom},
    host::Host,
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
        Some(("store", name)) => json!(store(host, name).await),
        _ => return Err(request),
    };
    Ok(Response::new(text.to_string().into()))
}

fn names() -> Vec<String> {
    CASES
        .iter()
        .map(|case| format!("store/{}", case.name))
        .collect()
}

/// What a case of the tenant store saw, on a tenant of its own.
async fn store(host: &Host, name: &str) -> Result<(), String> {
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.ok_or("no such case")?;
    let now = PlatformClock.now();
    let id = random_id::id(now, &PlatformRandom);
    let tenant = TenantId::parse(&id).ok_or("no id")?;
    let entry = TenantEntry {
        id: tenant.clone(),
        name: name.to_owned(),
        created_at: now,
    };
    let made = host.parts.directory.create_tenant(&entry).await;
    made.map_err(|error| error.to_string())?;
    let store = Arc::clone(&host.parts.core.ports().store);
    (case.run)(Subject { store, tenant }).await
}
