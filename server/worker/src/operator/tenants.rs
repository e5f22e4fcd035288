//! Lists tenants and makes them.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use crm_core::{
    ports::{Clock, directory::TenantEntry, store::TenantId},
    random_id,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use super::Refusal;
use super::{Door, internal, refusal, unreadable};
use crate::{
    clock::{PlatformClock, PlatformRandom},
    directory::{D1Directory, Unplaced},
};

/// A tenant of this deployment.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Tenant {
    /// The id, a UUIDv7.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// The name.
    name: String,
    /// When the tenant was made, in ms since 1970-01-01 00:00 UTC.
    created_at: i64,
    /// The binding of its D1 database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(nullable = false))]
    binding: Option<String>,
}

/// List tenants
///
/// Lists all tenants of the deployment, with the D1 database of each.
#[cfg_attr(test, utoipa::path(
    get,
    path = "/operator/tenants",
    operation_id = "tenants_list",
    responses((status = 200, description = "All tenants.", body = [Tenant])),
))]
pub async fn list(State(door): State<Door>) -> Response {
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

/// A tenant to make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct NewTenant {
    /// The name: 1 to 200 characters on one line.
    #[cfg_attr(test, schema(min_length = 1, max_length = 200))]
    name: String,
    /// A UUIDv7; a new one by default. Repeating the request with the same id is harmless.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: Option<String>,
    /// The binding of the D1 database; any free one by default.
    binding: Option<String>,
}

/// Make a tenant
///
/// Gives a D1 database to a new tenant. The request may be repeated if it names an id or a binding: a tenant with this
/// id, or with this name in this database, stays as it is and is answered.
#[cfg_attr(test, utoipa::path(
    post,
    path = "/operator/tenants",
    operation_id = "tenants_create",
    request_body = NewTenant,
    responses(
        (status = 201, description = "The tenant.", body = Tenant),
        (status = 400, description = "The request is not valid (`VALIDATION_FAILED`).", body = Refusal),
        (status = 409, description = "All databases are taken (`NO_FREE_DATABASE`), or the database is not bound (`NOT_BOUND`) or is another tenant's (`DATABASE_TAKEN`).", body = Refusal),
    ),
))]
pub async fn create(
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
