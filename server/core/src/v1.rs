//! The differences of version 1 from the newest version. Its requests are translated to the newest version, and the
//! answers back. Everything about version 1 that is not in the contract is in this file. What is the same in both
//! versions does not pass through here.

use crm_contract::{
    latest,
    v1::{
        server::{
            AccessHandlers, IntegrationsHandlers, RecordsHandlers, SchemaHandlers, TeamsHandlers,
            access, integrations, records, schema, teams,
        },
        types,
    },
};
use crm_runtime::{
    RawJson,
    server::{Open, Printable, Problem, StoredAnswer},
};
use serde_json::Value as Json;

use crate::{context::Context, core::Core, fault::Fault};

/// List operations. Version 1 has no totals, and its pages have a cursor for the next page only.
macro_rules! lists {
    ($handlers:ident $module:ident: $(
        $operation:ident($request:ident) -> $response:ident / $error:ident, $page:ident;
    )*) => {
        $(
            async fn $operation(
                &self,
                cx: &Context,
                request: $module::$request,
            ) -> Result<$module::$response, Problem<$module::$error>> {
                let answer = latest::server::$handlers::$operation(self, cx, request.into()).await?;
                let latest::types::$page { items, page } = answer.body;
                let next_cursor = page.next;
                Ok($module::$response { body: types::$page { items, next_cursor } })
            }
        )*
    };
}

impl SchemaHandlers<Context> for Core {
    lists! { SchemaHandlers schema:
        list(ListRequest) -> ListResponse / ListError, ObjectTypePage;
        list_fields(ListFieldsRequest) -> ListFieldsResponse / ListFieldsError, FieldDefinitionPage;
    }
}

impl AccessHandlers<Context> for Core {
    lists! { AccessHandlers access:
        list_users(ListUsersRequest) -> ListUsersResponse / ListUsersError, UserPage;
        list_roles(ListRolesRequest) -> ListRolesResponse / ListRolesError, RolePage;
    }
}

impl TeamsHandlers<Context> for Core {
    lists! { TeamsHandlers teams:
        list(ListRequest) -> ListResponse / ListError, TeamPage;
    }
}

impl IntegrationsHandlers<Context> for Core {
    lists! { IntegrationsHandlers integrations:
        list_api_keys(ListApiKeysRequest) -> ListApiKeysResponse / ListApiKeysError, ApiKeyPage;
        list_deprecations(ListDeprecationsRequest)
            -> ListDeprecationsResponse / ListDeprecationsError, DeprecationPage;
        list_deprecation_usage(ListDeprecationUsageRequest)
            -> ListDeprecationUsageResponse / ListDeprecationUsageError, DeprecationUsagePage;
    }
}

impl RecordsHandlers<Context> for Core {
    lists! { RecordsHandlers records:
        history(HistoryRequest) -> HistoryResponse / HistoryError, HistoryPage;
    }

    async fn list(
        &self,
        cx: &Context,
        request: records::ListRequest,
    ) -> Result<records::ListResponse, Problem<records::ListError>> {
        let answer = latest::server::RecordsHandlers::list(self, cx, request.into()).await?;
        let body = page(answer.body)?;
        Ok(records::ListResponse { body })
    }

    async fn search(
        &self,
        cx: &Context,
        request: records::SearchRequest,
    ) -> Result<records::SearchResponse, Problem<records::SearchError>> {
        let answer = latest::server::RecordsHandlers::search(self, cx, request).await?;
        let body = page(answer.body)?;
        Ok(records::SearchResponse { body })
    }

    async fn batch(
        &self,
        cx: &Context,
        request: records::BatchRequest,
    ) -> Result<records::BatchResponse, Problem<records::BatchError>> {
        use latest::server::records::BatchResponse;
        let answer = latest::server::RecordsHandlers::batch(self, cx, request).await?;
        Ok(match answer {
            BatchResponse::Ok(done) => records::BatchResponse::Ok(records::BatchOk {
                body: outcomes(done.body.into_value().map_err(odd)?).into(),
            }),
            BatchResponse::Replayed(stored) => records::BatchResponse::Replayed(replayed(stored)),
        })
    }
}

type Page = types::RecordPage<RawJson>;

/// The text of the records is passed on without parsing it.
fn page(body: Printable<latest::types::RecordPage<RawJson>>) -> Result<Printable<Page>, Fault> {
    Ok(match body {
        Printable::Open(Open { text, mut rest }) => {
            let mut page = rest.remove("page").unwrap_or_default();
            let next = page.get_mut("next").map(Json::take);
            rest.insert("next_cursor".to_owned(), next.unwrap_or_default());
            Printable::Open(Open { text, rest })
        }
        other => {
            let page = other.into_value().map_err(odd)?;
            Printable::Value(Page {
                items: page.items,
                next_cursor: page.page.next,
            })
        }
    })
}

fn outcomes(done: latest::types::BatchResponse<RawJson>) -> types::BatchResponse<RawJson> {
    let results = done.results.into_iter().map(|result| types::BatchResult {
        status: result.status,
        record: result.record,
        error: result.error.map(|error| types::Problem {
            code: error.code,
            message: error.detail,
            context: error.context,
        }),
    });
    types::BatchResponse {
        results: results.collect(),
    }
}

/// Stored answers have the form of the newest version. Answers that were stored before that version existed stay as
/// they are.
fn replayed(mut stored: StoredAnswer) -> StoredAnswer {
    if let Ok(done) = serde_json::from_slice(&stored.body)
        && let Ok(body) = serde_json::to_vec(&outcomes(done))
    {
        stored.body = body.into();
    }
    stored
}

fn odd(error: serde_json::Error) -> Fault {
    Fault::Internal(format!("an answer is no longer understood: {error}"))
}

#[cfg(test)]
mod tests;
