//! The operator's routes: they do over HTTP, authorised by a secret of the deployment, what the native host's command
//! line does on its machine. They make tenants and send requests as the operator of a tenant.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State, rejection::JsonRejection},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use crm_core::{
    Core,
    auth::script,
    held::apart,
    http::Operator,
    ports::{Clock, Directory, directory::TenantEntry, store::TenantId},
    random_id,
    records::refold::Left,
};
use http::{StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tower::ServiceExt;

use crate::{
    FOLDED_AT_ONCE,
    clock::{PlatformClock, PlatformRandom},
    directory::{D1Directory, Unplaced},
};

#[derive(Clone)]
struct Door {
    core: Arc<Core>,
    directory: Arc<D1Directory>,
    api: Router,
}

/// The router of the API and the operator's routes.
pub fn door(secret: &str, core: Arc<Core>, directory: Arc<D1Directory>, api: Router) -> Router {
    let expected: [u8; 32] = Sha256::digest(secret).into();
    let door = Door {
        core,
        directory,
        api: api.clone(),
    };
    let inside = Router::new()
        .route("/operator/tenants", get(tenants).post(create_tenant))
        .route("/operator/tenants/{tenant}/token", post(token))
        .route("/operator/tenants/{tenant}/refold", post(refold))
        .route("/operator/tenants/{tenant}/api/{*path}", any(forward))
        .with_state(door)
        .route_layer(from_fn(move |request: Request, next: Next| async move {
            if is_operator(&request, &expected) {
                next.run(request).await
            } else {
                refusal(
                    StatusCode::UNAUTHORIZED,
                    "UNAUTHENTICATED",
                    "This needs the operator's secret.",
                )
            }
        }));
    inside.fallback_service(api)
}

/// Compares hashes in constant time, so that the time reveals neither length nor content.
fn is_operator(request: &Request, expected: &[u8; 32]) -> bool {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    Sha256::digest(given).ct_eq(expected).into()
}

#[derive(Serialize)]
struct Tenant {
    id: String,
    name: String,
    created_at: i64,
    /// The D1 binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding: Option<String>,
}

async fn tenants(State(door): State<Door>) -> Response {
    match door.directory.placed().await {
        Ok(placed) => {
            let tenants = placed.into_iter().map(|(entry, binding)| Tenant {
                id: entry.id.to_string(),
                name: entry.name,
                created_at: entry.created_at,
                binding,
            });
            Json(tenants.collect::<Vec<_>>()).into_response()
        }
        Err(error) => unplaced(Unplaced::Store(error)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    name: String,
    /// A UUIDv7; repeating the request with the same id is harmless.
    id: Option<String>,
    /// The D1 binding; any free one by default.
    binding: Option<String>,
}

async fn create_tenant(
    State(door): State<Door>,
    body: Result<Json<NewTenant>, JsonRejection>,
) -> Response {
    let new = match body {
        Ok(Json(new)) => new,
        Err(error) => return unreadable(&error),
    };
    let name = new.name.trim();
    if name.is_empty()
        || name.chars().count() > 200
        || !crm_runtime::server::check::is_plain(name, false)
    {
        return refusal(
            StatusCode::BAD_REQUEST,
            "VALIDATION_FAILED",
            "The name of a tenant has 1 to 200 characters.",
        );
    }
    match place(&door.directory, name, new.id, new.binding.as_deref()).await {
        Ok(Some(tenant)) => (StatusCode::CREATED, Json(tenant)).into_response(),
        Ok(None) => refusal(
            StatusCode::BAD_REQUEST,
            "VALIDATION_FAILED",
            "A tenant's id is a UUIDv7 in lower case, with hyphens.",
        ),
        Err(error) => unplaced(error),
    }
}

/// None if the id is invalid. Without an id, an existing tenant with the same name in the same database is returned, so
/// the request may be repeated.
async fn place(
    directory: &D1Directory,
    name: &str,
    id: Option<String>,
    binding: Option<&str>,
) -> Result<Option<Tenant>, Unplaced> {
    let placed = directory.placed().await?;
    let before = placed
        .into_iter()
        .find(|(entry, place)| match &id {
            Some(id) => entry.id.as_str() == id,
            None => binding.is_some() && place.as_deref() == binding && entry.name == name,
        })
        .map(|(entry, _)| entry);
    let entry = match before {
        Some(entry) => entry,
        None => {
            let now = PlatformClock.now();
            let id = id.unwrap_or_else(|| random_id::id(now, &PlatformRandom));
            let is_v7 = uuid::Uuid::try_parse(&id).is_ok_and(|id| id.get_version_num() == 7);
            let Some(id) = TenantId::parse(&id).filter(|_| is_v7) else {
                return Ok(None);
            };
            TenantEntry {
                id,
                name: name.to_owned(),
                created_at: now,
            }
        }
    };
    let binding = directory.place(&entry, binding).await?;
    Ok(Some(Tenant {
        id: entry.id.to_string(),
        name: entry.name,
        created_at: entry.created_at,
        binding: Some(binding),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// The email address of a user, or else
    user: Option<String>,
    /// the id of an API key.
    key: Option<String>,
    /// In seconds, at most 900, the lifetime of any access token.
    expires_in: Option<u32>,
}

async fn token(
    State(door): State<Door>,
    Path(tenant): Path<String>,
    body: Result<Json<NewToken>, JsonRejection>,
) -> Response {
    let new = match body {
        Ok(Json(new)) => new,
        Err(error) => return unreadable(&error),
    };
    let bearer = match (new.user, new.key) {
        (Some(login), None) => script::Bearer::User(login),
        (None, Some(id)) => script::Bearer::Key(id),
        _ => {
            let message = "Name either a user or a key.";
            return refusal(StatusCode::BAD_REQUEST, "VALIDATION_FAILED", message);
        }
    };
    let Some(tenant) = known(&door.directory, &tenant).await else {
        return no_tenant();
    };
    let life_s = new.expires_in.unwrap_or(900).clamp(1, 900);
    match script::token(&door.core, &tenant, &bearer, life_s).await {
        Ok(Some(token)) => Json(serde_json::json!({ "access_token": token })).into_response(),
        Ok(None) => refusal(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "There is no such active user or key in this tenant.",
        ),
        Err(error) => {
            tracing::error!(%error, "making a token failed");
            internal()
        }
    }
}

/// Refolds some of a tenant's records after an upgrade that folds texts differently; `done` when all are refolded.
async fn refold(State(door): State<Door>, Path(tenant): Path<String>) -> Response {
    let Some(tenant) = known(&door.directory, &tenant).await else {
        return no_tenant();
    };
    // Outside of the request's share: a refold has its own bounds and reads far more than a request may.
    match apart(door.core.refold_tenant(&tenant, FOLDED_AT_ONCE)).await {
        Ok(left) => Json(serde_json::json!({ "done": left == Left::Nothing })).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "refolding records failed");
            internal()
        }
    }
}

/// Sends a request of the API as the operator of a tenant; its path is the part behind `/api`.
async fn forward(
    State(door): State<Door>,
    Path((tenant, _)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let Some(tenant) = known(&door.directory, &tenant).await else {
        return no_tenant();
    };
    let path = request
        .uri()
        .path_and_query()
        .map(|path| path.as_str().to_owned());
    let inner = path.as_deref().and_then(|path| path.split_once("/api"));
    let Some(uri) = inner.and_then(|(_, inner)| inner.parse::<Uri>().ok()) else {
        return no_tenant();
    };
    *request.uri_mut() = uri;
    // The operator's secret is not an access token.
    request.headers_mut().remove(header::AUTHORIZATION);
    let mut sent = Request::new(Body::empty());
    *sent.method_mut() = request.method().clone();
    *sent.uri_mut() = request.uri().clone();
    *sent.headers_mut() = std::mem::take(request.headers_mut());
    if let Some(peer) = request.extensions().get::<crm_core::http::Peer>() {
        sent.extensions_mut().insert(*peer);
    }
    sent.extensions_mut().insert(Operator(tenant));
    *sent.body_mut() = request.into_body();
    let Ok(response) = door.api.oneshot(sent).await;
    response
}

async fn known(directory: &D1Directory, tenant: &str) -> Option<TenantId> {
    let id = TenantId::parse(tenant)?;
    match directory.tenant(&id).await {
        Ok(entry) => entry.map(|entry| entry.id),
        Err(error) => {
            tracing::error!(%error, "the directory");
            None
        }
    }
}

fn no_tenant() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "There is no such tenant.",
    )
}

fn unreadable(error: &JsonRejection) -> Response {
    refusal(
        StatusCode::BAD_REQUEST,
        "VALIDATION_FAILED",
        &error.body_text(),
    )
}

fn internal() -> Response {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL",
        "The server failed.",
    )
}

fn unplaced(error: Unplaced) -> Response {
    let code = match &error {
        Unplaced::Full => "NO_FREE_DATABASE",
        Unplaced::Unbound(_) => "NOT_BOUND",
        Unplaced::Taken(_) => "DATABASE_TAKEN",
        Unplaced::Store(error) => {
            tracing::error!(%error, "making a tenant failed");
            return internal();
        }
    };
    refusal(StatusCode::CONFLICT, code, &error.to_string())
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "code": code, "message": message, "context": {} });
    (status, Json(body)).into_response()
}
