//! The differences of version 1: translated to the newest version and back, and operations that only it has.

use crm_codegen_exercise::codes::EveryCode;
use crm_codegen_exercise::v1::server::*;
use crm_codegen_exercise::v1::types;
use crm_codegen_exercise::v2;
use crm_runtime::RawJson;
use crm_runtime::server::{Printable, Problem};
use serde::de::DeserializeOwned;

use super::{Answer, Handlers};

impl ThingsHandlers<&'static str> for Handlers {
    async fn list(
        &self,
        cx: &&'static str,
        request: things::ListRequest,
    ) -> Answer<things::ListResponse, things::ListError> {
        let answer = v2::server::ThingsHandlers::list(self, cx, request).await?;
        Ok(things::ListResponse {
            body: types::ThingsListOkBody {
                items: answer.body.items,
            },
            x_total: answer.x_total,
            x_next: answer.x_next,
        })
    }

    async fn delete(
        &self,
        _: &&'static str,
        request: things::DeleteRequest,
    ) -> Answer<things::DeleteResponse, things::DeleteError> {
        self.note(&request);
        Ok(things::DeleteResponse::NoContent)
    }
}

impl TypeHandlers<&'static str> for Handlers {
    async fn r#match(
        &self,
        cx: &&'static str,
        request: r#type::MatchRequest,
    ) -> Answer<r#type::MatchResponse, r#type::MatchError> {
        let answer = v2::server::TypeHandlers::r#match(self, cx, request).await;
        // A code that this version does not have.
        answer.map_err(|problem| problem.map(|_| r#type::MatchError::Internal))
    }
}

/// A body of the newest version as a value, also if it is text.
fn value<T: DeserializeOwned, E: From<EveryCode>>(body: Printable<T>) -> Result<T, Problem<E>> {
    body.into_value()
        .map_err(|error| Problem::new(EveryCode::Internal.into(), error.to_string()))
}

fn record(record: v2::types::Record<RawJson>) -> types::Record<RawJson> {
    types::Record {
        id: record.id,
        fields: record.fields,
    }
}

impl RecordsHandlers<&'static str> for Handlers {
    async fn list(
        &self,
        cx: &&'static str,
        request: records::ListRequest,
    ) -> Answer<records::ListResponse, records::ListError> {
        let answer = v2::server::RecordsHandlers::list(self, cx, request).await?;
        let page = value(answer.body)?;
        Ok(records::ListResponse {
            body: types::RecordPage {
                items: page.items.into_iter().map(record).collect(),
                next_cursor: page.next_cursor,
                newest: page.newest.map(record),
            }
            .into(),
        })
    }

    async fn create(
        &self,
        cx: &&'static str,
        request: records::CreateRequest,
    ) -> Answer<records::CreateResponse, records::CreateError> {
        let answer = v2::server::RecordsHandlers::create(self, cx, request).await?;
        Ok(records::CreateResponse {
            body: record(value(answer.body)?).into(),
        })
    }

    async fn update(
        &self,
        cx: &&'static str,
        request: records::UpdateRequest,
    ) -> Answer<records::UpdateResponse, records::UpdateError> {
        let answer = v2::server::RecordsHandlers::update(self, cx, request).await?;
        Ok(records::UpdateResponse {
            body: record(value(answer.body)?).into(),
        })
    }
}
