//! The operator's routes: they do over HTTP, authorised by a secret of the deployment, what the native host's command
//! line does on its machine. They make tenants and send requests as the operator of a tenant. They are not part of the
//! public contract: `docs/operator.openapi.json` describes them and is made from this code.

#[cfg(test)]
mod document;
mod requests;
mod tenants;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, rejection::JsonRejection},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use crm_core::{
    Core,
    ports::{Directory, store::TenantId},
};
use http::{StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::directory::D1Directory;

#[derive(Clone)]
struct Door {
    core: Arc<Core>,
    directory: Arc<D1Directory>,
    api: Router,
}

/// The routes: a method, a path and a handler each. Tests also get the list of routes, and what utoipa knows of the
/// handlers. The Worker itself does not contain utoipa.
macro_rules! routes {
    ($($method:ident $path:literal => $module:ident::$handler:ident;)+) => {
        fn routes() -> Router<Door> {
            Router::new()$(.route($path, $method($module::$handler)))+
        }

        #[cfg(test)]
        const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        #[cfg(test)]
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($module::$handler),+))]
        struct Described;
    };
}

routes! {
    get "/operator/tenants" => tenants::list;
    post "/operator/tenants" => tenants::create;
    post "/operator/tenants/{tenant}/token" => requests::token;
    post "/operator/tenants/{tenant}/refold" => requests::refold;
    any "/operator/tenants/{tenant}/api/{*path}" => requests::forward;
}

/// The router of the API and the operator's routes.
pub fn door(secret: &str, core: Arc<Core>, directory: Arc<D1Directory>, api: Router) -> Router {
    let expected: [u8; 32] = Sha256::digest(secret).into();
    let door = Door {
        core,
        directory,
        api: api.clone(),
    };
    let inside = routes().with_state(door).route_layer(from_fn(
        move |request: Request, next: Next| async move {
            if is_operator(&request, &expected) {
                next.run(request).await
            } else {
                refusal(
                    StatusCode::UNAUTHORIZED,
                    "UNAUTHENTICATED",
                    "This needs the operator's secret.",
                )
            }
        },
    ));
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

/// Why a request is refused.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Refusal {
    /// The reason, for programs.
    #[cfg_attr(test, schema(value_type = String, examples("VALIDATION_FAILED")))]
    code: &'static str,
    /// The reason, for people.
    message: String,
    /// Always empty.
    #[cfg_attr(test, schema(value_type = Object))]
    context: serde_json::Map<String, serde_json::Value>,
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

fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = Refusal {
        code,
        message: message.to_owned(),
        context: serde_json::Map::new(),
    };
    (status, Json(body)).into_response()
}
