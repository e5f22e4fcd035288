//! Calls the operations on records for tests, as a person of a tenant in memory.

use crm_contract::latest::{
    server::{RecordsHandlers, records},
    types,
};
use crm_runtime::{
    RawJson,
    server::{ErrorCode, Problem},
};
use serde_json::Value as Json;

use crate::testing::{World, ready};

pub type Refused = (String, Json);

pub fn refused<E: ErrorCode>(problem: Problem<E>) -> Refused {
    (
        problem.code().code().to_owned(),
        Json::Object(problem.context().clone()),
    )
}

pub fn fields(record: &types::Record<RawJson>) -> Json {
    record.fields.parse().unwrap()
}

impl World {
    pub fn create(
        &self,
        object_type: &str,
        id: Option<String>,
        fields: Json,
    ) -> Result<types::Record<RawJson>, Refused> {
        let body = types::RecordCreate {
            id,
            fields: fields.as_object().unwrap().clone(),
        };
        let request = records::CreateRequest {
            r#type: object_type.into(),
            idempotency_key: None,
            body,
        };
        match ready(self.core.create(&self.cx(), request)).map_err(refused)? {
            records::CreateResponse::Created(created) => {
                let body = created.body.into_value().unwrap();
                assert_eq!(created.e_tag, Some(format!("\"{}\"", body.version)));
                assert_eq!(
                    created.location,
                    Some(format!("/records/{object_type}/{}", body.id))
                );
                Ok(body)
            }
            records::CreateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn thing(&self, fields: Json) -> types::Record<RawJson> {
        self.create("thing", None, fields).unwrap()
    }

    pub fn get(&self, id: &str) -> Result<types::Record<RawJson>, Refused> {
        let request = records::GetRequest {
            r#type: "thing".into(),
            id: id.into(),
            fields: None,
            include_deleted: false,
            if_none_match: None,
        };
        match ready(self.core.get(&self.cx(), request)).map_err(refused)? {
            records::GetResponse::Ok(found) => Ok(found.body.into_value().unwrap()),
            records::GetResponse::NotModified(_) => panic!("nothing was said to match"),
        }
    }

    pub fn update(
        &self,
        id: &str,
        if_match: Option<&str>,
        fields: Json,
    ) -> Result<types::Record<RawJson>, Refused> {
        let body = types::RecordUpdate {
            fields: fields.as_object().unwrap().clone(),
        };
        let request = records::UpdateRequest {
            r#type: "thing".into(),
            id: id.into(),
            if_match: if_match.map(str::to_owned),
            idempotency_key: None,
            body,
        };
        match ready(self.core.update(&self.cx(), request)).map_err(refused)? {
            records::UpdateResponse::Ok(updated) => Ok(updated.body.into_value().unwrap()),
            records::UpdateResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn delete(&self, id: &str) -> Result<(), Refused> {
        let request = records::DeleteRequest {
            r#type: "thing".into(),
            id: id.into(),
            if_match: None,
            idempotency_key: None,
        };
        ready(self.core.delete(&self.cx(), request))
            .map(drop)
            .map_err(refused)
    }

    pub fn restore(&self, id: &str) -> Result<types::Record<RawJson>, Refused> {
        let request = records::RestoreRequest {
            r#type: "thing".into(),
            id: id.into(),
            idempotency_key: None,
        };
        match ready(self.core.restore(&self.cx(), request)).map_err(refused)? {
            records::RestoreResponse::Ok(restored) => Ok(restored.body.into_value().unwrap()),
            records::RestoreResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn list(
        &self,
        filter: Option<Json>,
        sort: Option<&str>,
        fields: Option<&str>,
        cursor: Option<String>,
        limit: i64,
    ) -> Result<types::RecordPage<RawJson>, Refused> {
        let request = records::ListRequest {
            r#type: "thing".into(),
            filter: filter.map(|filter| filter.to_string()),
            sort: sort.map(str::to_owned),
            fields: fields.map(str::to_owned),
            limit,
            cursor,
            include_deleted: false,
            total: false,
        };
        ready(self.core.list(&self.cx(), request))
            .map(|page| page.body.into_value().unwrap())
            .map_err(refused)
    }

    /// How many records of the type there are, read with a page of one.
    pub fn count(&self, object_type: &str) -> i64 {
        let request = records::ListRequest {
            r#type: object_type.into(),
            filter: None,
            sort: None,
            fields: None,
            limit: 1,
            cursor: None,
            include_deleted: false,
            total: true,
        };
        let page = ready(self.core.list(&self.cx(), request))
            .map_err(refused)
            .unwrap();
        page.body.into_value().unwrap().page.total.unwrap()
    }

    pub fn batch(
        &self,
        mode: types::BatchRequestMode,
        operations: Vec<Json>,
    ) -> Result<Vec<types::BatchResult<RawJson>>, Refused> {
        let operations = serde_json::from_value(operations.into()).unwrap();
        let request = records::BatchRequest {
            idempotency_key: None,
            body: types::BatchRequest { mode, operations },
        };
        match ready(self.core.batch(&self.cx(), request)).map_err(refused)? {
            records::BatchResponse::Ok(done) => Ok(done.body.into_value().unwrap().results),
            records::BatchResponse::Replayed(_) => panic!("nothing to replay"),
        }
    }

    pub fn search(
        &self,
        q: &str,
        cursor: Option<String>,
        limit: i64,
    ) -> types::RecordPage<RawJson> {
        let request = records::SearchRequest {
            q: q.into(),
            types: None,
            fields: None,
            limit,
            cursor,
        };
        ready(self.core.search(&self.cx(), request))
            .map_err(refused)
            .unwrap()
            .body
            .into_value()
            .unwrap()
    }

    pub fn history(&self, id: &str) -> Vec<types::HistoryEntry> {
        let request = records::HistoryRequest {
            r#type: "thing".into(),
            id: id.into(),
            fields: None,
            limit: 50,
            cursor: None,
            include_deleted: true,
            total: false,
        };
        ready(self.core.history(&self.cx(), request))
            .map_err(refused)
            .unwrap()
            .body
            .items
    }
}
