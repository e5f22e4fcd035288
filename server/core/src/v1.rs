//! Version 1, where it is otherwise than the newest version: its requests are translated to that, the answers back. All of
//! version 1 that is not in the contract stands here; nothing else knows of it. What is the same in both versions never
//! passes here.

use crm_contract::{
    latest,
    v1::{
        server::{
            AccessHandlers, IntegrationsHandlers, RecordsHandlers, SchemaHandlers, access,
            integrations, records, schema,
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

/// A list: nothing is counted, and of the page's place the next one is told.
macro_rules! list {
    ($handlers:ident, $module:ident, $operation:ident, $request:ident { $($parameter:ident),* }, $response:ident, $error:ident, $page:ident) => {
        async fn $operation(
            &self,
            cx: &Context,
            request: $module::$request,
        ) -> Result<$module::$response, Problem<$module::$error>> {
            let $module::$request { $($parameter),* } = request;
            let request = latest::server::$module::$request { $($parameter,)* total: false };
            let latest::types::$page { items, page } =
                latest::server::$handlers::$operation(self, cx, request).await?.body;
            let next_cursor = page.next;
            Ok($module::$response { body: types::$page { items, next_cursor } })
        }
    };
}

impl SchemaHandlers<Context> for Core {
    list!(
        SchemaHandlers,
        schema,
        list,
        ListRequest {
            fields,
            limit,
            cursor
        },
        ListResponse,
        ListError,
        ObjectTypePage
    );
    list!(
        SchemaHandlers,
        schema,
        list_fields,
        ListFieldsRequest {
            r#type,
            fields,
            limit,
            cursor
        },
        ListFieldsResponse,
        ListFieldsError,
        FieldDefinitionPage
    );
}

impl AccessHandlers<Context> for Core {
    list!(
        AccessHandlers,
        access,
        list_users,
        ListUsersRequest {
            fields,
            limit,
            cursor
        },
        ListUsersResponse,
        ListUsersError,
        UserPage
    );
    list!(
        AccessHandlers,
        access,
        list_roles,
        ListRolesRequest {
            fields,
            limit,
            cursor
        },
        ListRolesResponse,
        ListRolesError,
        RolePage
    );
}

impl IntegrationsHandlers<Context> for Core {
    list!(
        IntegrationsHandlers,
        integrations,
        list_api_keys,
        ListApiKeysRequest {
            fields,
            limit,
            cursor
        },
        ListApiKeysResponse,
        ListApiKeysError,
        ApiKeyPage
    );
    list!(
        IntegrationsHandlers,
        integrations,
        list_deprecations,
        ListDeprecationsRequest {
            operation,
            fields,
            limit,
            cursor
        },
        ListDeprecationsResponse,
        ListDeprecationsError,
        DeprecationPage
    );
    list!(
        IntegrationsHandlers,
        integrations,
        list_deprecation_usage,
        ListDeprecationUsageRequest {
            deprecation,
            used_by,
            fields,
            limit,
            cursor
        },
        ListDeprecationUsageResponse,
        ListDeprecationUsageError,
        DeprecationUsagePage
    );
}

impl RecordsHandlers<Context> for Core {
    list!(
        RecordsHandlers,
        records,
        history,
        HistoryRequest {
            r#type,
            id,
            fields,
            limit,
            cursor,
            include_deleted
        },
        HistoryResponse,
        HistoryError,
        HistoryPage
    );

    async fn list(
        &self,
        cx: &Context,
        request: records::ListRequest,
    ) -> Result<records::ListResponse, Problem<records::ListError>> {
        let records::ListRequest {
            r#type,
            filter,
            sort,
            fields,
            limit,
            cursor,
            include_deleted,
        } = request;
        let request = latest::server::records::ListRequest {
            r#type,
            filter,
            sort,
            fields,
            limit,
            cursor,
            include_deleted,
            total: false,
        };
        let answer = latest::server::RecordsHandlers::list(self, cx, request).await?;
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

/// The text of the records is not looked at.
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

/// What was stored is of the newest version. Only what was stored before there was one is not, and stays as it is.
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
