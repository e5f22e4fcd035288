//! Routes that run the cases of the core's conformance suites on this Worker's bindings, and report the round trips so
//! far, the memory, and the shares that requests hold. Only in builds for tests.

use std::sync::Arc;

use axum::body::Body;
use crm_core::{
    ports::{
        Clock, Directory, blobs, cache,
        conformance::{Case, Verdict},
        directory::{self, TenantEntry},
        documents, limiter,
        store::{self, TenantId},
    },
    random_id,
};
use http::{Request, Response};
use serde_json::json;
use wasm_bindgen::JsCast;

use crate::{
    blobs::R2Blobs,
    clock::{PlatformClock, PlatformRandom},
    host::Host,
    limiter::ObjectLimiter,
    trips,
};

/// The answer, or the request itself if no route here matches.
pub async fn answer(host: &Host, request: Request<Body>) -> Result<Response<Body>, Request<Body>> {
    let Some(path) = request.uri().path().strip_prefix("/conformance/") else {
        return Err(request);
    };
    let text = match path.split_once('/') {
        None if path == "trips" => json!(trips::so_far()),
        None if path == "cases" => json!(names()),
        None if path == "memory" => json!(memory()),
        None if path == "held" => json!(host.leases.taken()),
        Some((suite, name)) => json!(run(host, suite, name).await),
        None => return Err(request),
    };
    Ok(Response::new(text.to_string().into()))
}

/// The size of the module's memory in bytes; it never shrinks.
fn memory() -> u32 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory
        .buffer()
        .unchecked_into::<js_sys::ArrayBuffer>()
        .byte_length()
}

/// The names of all suites and their cases.
fn names() -> Vec<String> {
    fn of<Subject>(suite: &str, cases: &[Case<Subject>]) -> Vec<String> {
        let names = cases.iter().map(|case| format!("{suite}/{}", case.name));
        names.collect()
    }
    [
        of("store", store::conformance::CASES),
        of("limiter", limiter::conformance::CASES),
        of("cache", cache::conformance::CASES),
        of("directory", directory::conformance::CASES),
        of("blobs", blobs::conformance::CASES),
        of("documents", documents::conformance::CASES),
    ]
    .concat()
}

/// Runs one case with its own tenant or keys.
async fn run(host: &Host, suite: &str, name: &str) -> Verdict {
    let fresh = random_id::id(PlatformClock.now(), &PlatformRandom);
    match suite {
        "store" => {
            let case = find(store::conformance::CASES, name)?;
            let tenant = tenant(host, name, &fresh).await?;
            let store = Arc::clone(&host.parts.core.ports().store);
            (case.run)(store::conformance::Subject { store, tenant }).await
        }
        "limiter" => {
            let case = find(limiter::conformance::CASES, name)?;
            let subject = limiter::conformance::Subject {
                limiter: Arc::new(ObjectLimiter::new(host.parts.env.clone())),
                clock: Arc::new(PlatformClock),
                prefix: fresh,
            };
            (case.run)(subject).await
        }
        "cache" => {
            let case = find(cache::conformance::CASES, name)?;
            let subject = cache::conformance::Subject {
                cache: Arc::clone(&host.parts.cache),
                prefix: fresh,
            };
            (case.run)(subject).await
        }
        "directory" => {
            let case = find(directory::conformance::CASES, name)?;
            let subject = directory::conformance::Subject {
                doors: vec![Arc::clone(&host.parts.directory) as Arc<dyn Directory>],
                clock: Arc::new(PlatformClock),
                random: Arc::new(PlatformRandom),
            };
            (case.run)(subject).await
        }
        "blobs" => {
            let case = find(blobs::conformance::CASES, name)?;
            let bucket = host.parts.env.bucket("BLOBS");
            let subject = blobs::conformance::Subject {
                blobs: Arc::new(R2Blobs(bucket.map_err(|error| error.to_string())?)),
                tenant: tenant_id(&fresh)?,
                other: tenant_id(&random_id::id(PlatformClock.now(), &PlatformRandom))?,
            };
            (case.run)(subject).await
        }
        "documents" => {
            let case = find(documents::conformance::CASES, name)?;
            let documents = Arc::clone(&host.parts.core.ports().documents);
            (case.run)(documents::conformance::Subject { documents }).await
        }
        _ => Err(format!("there is no suite {suite}")),
    }
}

fn find<Subject>(
    cases: &'static [Case<Subject>],
    name: &str,
) -> Result<&'static Case<Subject>, String> {
    let case = cases.iter().find(|case| case.name == name);
    case.ok_or_else(|| format!("there is no case {name}"))
}

fn tenant_id(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| format!("{text} is not an id"))
}

/// Places a tenant in any free database.
async fn tenant(host: &Host, name: &str, id: &str) -> Result<TenantId, String> {
    let tenant = tenant_id(id)?;
    let entry = TenantEntry {
        id: tenant.clone(),
        name: name.to_owned(),
        created_at: PlatformClock.now(),
    };
    let made = host.parts.directory.create_tenant(&entry).await;
    made.map(|()| tenant).map_err(|error| error.to_string())
}
