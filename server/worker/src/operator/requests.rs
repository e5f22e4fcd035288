//! Tokens, refolding, and requests of the API as the operator of a tenant.

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use crm_core::{auth::script, held::apart, http::Operator, records::refold::Left};
use http::{StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

#[cfg(test)]
use super::Refusal;
use super::{Door, internal, known, no_tenant, refusal, unreadable};
use crate::FOLDED_AT_ONCE;

/// For whom to make a token: either a user or a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct NewToken {
    /// The email address of a user.
    user: Option<String>,
    /// The id of an API key.
    key: Option<String>,
    /// The lifetime in seconds. At most 900, which is the default.
    expires_in: Option<u32>,
}

/// A token that was made.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Token {
    /// The access token, for the API.
    access_token: String,
}

/// Make an access token
///
/// Makes an access token of a user or an API key of the tenant, for scripts.
#[cfg_attr(test, utoipa::path(
    post,
    path = "/operator/tenants/{tenant}/token",
    operation_id = "tenants_token",
    params(("tenant" = String, Path, description = "The tenant's id.")),
    request_body = NewToken,
    responses(
        (status = 200, description = "The token.", body = Token),
        (status = 400, description = "The request is not valid (`VALIDATION_FAILED`).", body = Refusal),
        (status = 404, description = "There is no such tenant, or no such active user or key in it (`NOT_FOUND`).", body = Refusal),
    ),
))]
pub async fn token(
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
        Ok(Some(access_token)) => Json(Token { access_token }).into_response(),
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

/// How far the refolding has come.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Refolded {
    /// Whether all records are refolded.
    done: bool,
}

/// Refold records
///
/// Refolds some of a tenant's records after an upgrade that folds texts differently. Repeat the request until `done` is
/// true.
#[cfg_attr(test, utoipa::path(
    post,
    path = "/operator/tenants/{tenant}/refold",
    operation_id = "tenants_refold",
    params(("tenant" = String, Path, description = "The tenant's id.")),
    responses(
        (status = 200, description = "How far it has come.", body = Refolded),
        (status = 404, description = "There is no such tenant (`NOT_FOUND`).", body = Refusal),
    ),
))]
pub async fn refold(State(door): State<Door>, Path(tenant): Path<String>) -> Response {
    let Some(tenant) = known(&door.directory, &tenant).await else {
        return no_tenant();
    };
    // Outside of the request's share: a refold has its own bounds and reads far more than a request may.
    match apart(door.core.refold_tenant(&tenant, FOLDED_AT_ONCE)).await {
        Ok(left) => {
            let done = left == Left::Nothing;
            Json(Refolded { done }).into_response()
        }
        Err(fault) => {
            tracing::error!(%fault, "refolding records failed");
            internal()
        }
    }
}

/// Send a request of the API
///
/// Sends a request of the API as the operator of the tenant. The path of the request is the part behind `/api`, slashes
/// included; method, query, headers and body are those of this request.
#[cfg_attr(test, utoipa::path(
    method(get, post, patch, delete),
    path = "/operator/tenants/{tenant}/api/{path}",
    params(
        ("tenant" = String, Path, description = "The tenant's id."),
        ("path" = String, Path, description = "The path of a request of the API without its first slash. Its slashes are not escaped."),
    ),
    responses(
        (status = 404, description = "There is no such tenant (`NOT_FOUND`), or the API answers 404.", body = Refusal),
        (status = "default", description = "The API's answer."),
    ),
))]
pub async fn forward(
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
