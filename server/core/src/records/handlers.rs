//! The operations of the contract's tag `records`: translate, call, translate back.

use crm_contract::{
    codes,
    latest::{
        server::{RecordsHandlers, records},
        types,
    },
};
use crm_runtime::{
    RawJson,
    server::{Problem, Reply},
};
use serde_json::{Value as Json, json};

use super::{
    id, read,
    refusals::{Creating, Deleting, ItemCode, OfItem, Restoring, Updating},
    write::{self, Authority, Effect, Fate, Item, Items, Op, Outcomes, Written},
};
use crate::{
    Core,
    access::visibility::Mask,
    context::{self, Context},
    contract, etag,
    fault::Fault,
    page,
    refusal::Refusal,
    schema::ObjectType,
    work::{Issued, MakeAnswer, Scope},
};

const BODY: &str = "/body";

/// A record as a write left it, with placeholders for the numbers that the commit gives out.
struct Shown {
    record: types::Record<RawJson>,
    offset: Option<i64>,
    /// The values, and the numbers of the commit to put into them.
    numbers: Option<(crm_runtime::JsonObject, Vec<write::Number>)>,
    mask: Mask,
    hidden: Vec<String>,
}

impl Shown {
    fn new(scope: &Scope, written: Written) -> Result<Self, Fault> {
        let record = written.record;
        let mask = Mask::of(scope, &record.object_type, None)?;
        let object_type = &record.object_type;
        let (version, offset) = match record.version {
            write::Version::Known(version) => (version, None),
            write::Version::Issued(offset) => (0, Some(offset)),
        };
        Ok(Self {
            record: types::Record {
                fields: shown(&mask, object_type, record.data.text())?,
                id: record.id,
                r#type: object_type.name.clone(),
                version,
                created_at: record.created_at,
                updated_at: record.updated_at,
                created_by: context::actor(&record.created_by),
                updated_by: context::actor(&record.updated_by),
                deleted_at: record.deleted_at,
            },
            offset,
            numbers: (!record.numbers.is_empty()).then(|| {
                let mut data = crm_runtime::JsonObject::clone(&record.data);
                mask.retain(object_type, &mut data);
                (data, record.numbers)
            }),
            hidden: object_type.hidden.iter().cloned().collect(),
            mask,
        })
    }

    fn record(&self, issued: &Issued) -> types::Record<RawJson> {
        let mut record = self.record.clone();
        if let Some(offset) = self.offset {
            record.version = issued.base + offset;
        }
        if let Some((data, numbers)) = &self.numbers {
            let mut data = data.clone();
            for (name, place, index) in numbers {
                let before = issued.counters.get(*place).copied().unwrap_or_default();
                data.insert(name.clone(), (before + 1 + i64::from(*index)).into());
            }
            record.fields = RawJson::from_value(&data).unwrap_or_default();
        }
        record
    }

    fn etag(&self, version: i64) -> Option<String> {
        Some(self.mask.etag(version, &self.hidden))
    }
}

fn shown(mask: &Mask, object_type: &ObjectType, text: &str) -> Result<RawJson, Fault> {
    RawJson::from_text(mask.text(object_type, text)?.into_owned())
        .map_err(|error| Fault::Internal(error.to_string()))
}

impl Core {
    /// Writes one record. A refusal has the codes of this kind of write.
    async fn write_one<C: OfItem + Send, R: Reply + From<crm_runtime::server::StoredAnswer>>(
        &self,
        cx: &Context,
        object_type: String,
        op: Op,
        answer: impl Fn(Shown, Effect) -> MakeAnswer<R> + Send + Sync,
    ) -> Result<R, Refusal<C>> {
        let item = Item {
            object_type,
            op,
            at: BODY.into(),
        };
        let items = Items {
            authority: Authority::of(cx),
            fate: Fate::Shared,
            items: vec![item].into(),
        };
        let answer = |scope: &Scope, mut outcomes: Outcomes| {
            let only = outcomes
                .pop()
                .ok_or_else(|| Fault::Internal("a write without outcome".into()))?;
            let written = only.map_err(of_its_kind)?;
            let effect = written.effect;
            Ok::<_, Refusal<C>>(answer(Shown::new(scope, written)?, effect))
        };
        Ok(write::write(&self.work, cx, items, answer)
            .await?
            .into_reply())
    }
}

impl RecordsHandlers<Context> for Core {
    async fn list(
        &self,
        cx: &Context,
        request: records::ListRequest,
    ) -> Result<records::ListResponse, Problem<records::ListError>> {
        let asked = read::Asked {
            type_name: &request.r#type,
            filter: request.filter.as_deref(),
            sort: request.sort.as_deref(),
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: page::size(request.limit),
            include_deleted: request.include_deleted,
            total: request.total,
        };
        let body = read::list(&self.work, cx, &asked)
            .await
            .map_err(Refusal::narrow)?;
        Ok(records::ListResponse { body })
    }

    async fn create(
        &self,
        cx: &Context,
        request: records::CreateRequest,
    ) -> Result<records::CreateResponse, Problem<records::CreateError>> {
        let (id, minted) = match request.body.id {
            Some(id) => (id, false),
            None => (
                id::mint(cx.now, &*self.work.ports.random, 1)
                    .pop()
                    .unwrap_or_default(),
                true,
            ),
        };
        let op = Op::Create {
            id,
            minted,
            fields: request.body.fields,
        };
        let answer = |shown: Shown, _| -> MakeAnswer<records::CreateResponse> {
            Box::new(move |issued| {
                let body = shown.record(issued);
                records::CreateResponse::Created(records::CreateCreated {
                    e_tag: shown.etag(body.version),
                    location: Some(format!("/records/{}/{}", body.r#type, body.id)),
                    body: body.into(),
                })
            })
        };
        self.write_one(cx, request.r#type, op, answer)
            .await
            .map_err(Refusal::<Creating>::narrow)
    }

    async fn get(
        &self,
        cx: &Context,
        request: records::GetRequest,
    ) -> Result<records::GetResponse, Problem<records::GetError>> {
        let (body, tag) = read::get(
            &self.work,
            cx,
            &request.r#type,
            &request.id,
            request.fields.as_deref(),
            request.include_deleted,
        )
        .await
        .map_err(Refusal::narrow)?;
        if etag::none_match(request.if_none_match.as_deref(), &tag) {
            return Ok(records::GetResponse::NotModified(records::GetNotModified {
                e_tag: Some(tag),
            }));
        }
        Ok(records::GetResponse::Ok(records::GetOk {
            body,
            e_tag: Some(tag),
        }))
    }

    async fn update(
        &self,
        cx: &Context,
        request: records::UpdateRequest,
    ) -> Result<records::UpdateResponse, Problem<records::UpdateError>> {
        let op = Op::Update {
            id: request.id,
            expected: etag::if_match(request.if_match.as_deref()),
            fields: request.body.fields,
        };
        let answer = |shown: Shown, _| -> MakeAnswer<records::UpdateResponse> {
            Box::new(move |issued| {
                let body = shown.record(issued);
                records::UpdateResponse::Ok(records::UpdateOk {
                    e_tag: shown.etag(body.version),
                    body: body.into(),
                })
            })
        };
        self.write_one(cx, request.r#type, op, answer)
            .await
            .map_err(Refusal::<Updating>::narrow)
    }

    async fn delete(
        &self,
        cx: &Context,
        request: records::DeleteRequest,
    ) -> Result<records::DeleteResponse, Problem<records::DeleteError>> {
        let op = Op::Delete {
            id: request.id,
            expected: etag::if_match(request.if_match.as_deref()),
        };
        let answer = |_, _| -> MakeAnswer<records::DeleteResponse> {
            Box::new(|_| records::DeleteResponse::NoContent)
        };
        self.write_one(cx, request.r#type, op, answer)
            .await
            .map_err(Refusal::<Deleting>::narrow)
    }

    async fn restore(
        &self,
        cx: &Context,
        request: records::RestoreRequest,
    ) -> Result<records::RestoreResponse, Problem<records::RestoreError>> {
        let answer = |shown: Shown, _| -> MakeAnswer<records::RestoreResponse> {
            Box::new(move |issued| {
                let body = shown.record(issued);
                records::RestoreResponse::Ok(records::RestoreOk {
                    e_tag: shown.etag(body.version),
                    body: body.into(),
                })
            })
        };
        self.write_one(cx, request.r#type, Op::Restore { id: request.id }, answer)
            .await
            .map_err(Refusal::<Restoring>::narrow)
    }

    async fn history(
        &self,
        cx: &Context,
        request: records::HistoryRequest,
    ) -> Result<records::HistoryResponse, Problem<records::HistoryError>> {
        let asked = read::HistoryOf {
            type_name: &request.r#type,
            id: &request.id,
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: page::size(request.limit),
            include_deleted: request.include_deleted,
            total: request.total,
        };
        let body = read::history(&self.work, cx, &asked)
            .await
            .map_err(Refusal::narrow)?;
        Ok(records::HistoryResponse { body })
    }

    async fn batch(
        &self,
        cx: &Context,
        request: records::BatchRequest,
    ) -> Result<records::BatchResponse, Problem<records::BatchError>> {
        let atomic = request.body.mode == types::BatchRequestMode::Atomic;
        let mut fresh = id::mint(
            cx.now,
            &*self.work.ports.random,
            request.body.operations.len(),
        )
        .into_iter();
        let operations = request.body.operations.into_iter().enumerate();
        let items: Vec<Item> = operations
            .map(|(index, operation)| item(index, operation, fresh.next().unwrap_or_default()))
            .collect();
        let request_id = cx.request_id.clone();
        let answer = |scope: &Scope, outcomes: Outcomes| {
            if atomic {
                refuse_as_one(&outcomes)?;
            }
            let request_id = request_id.clone();
            let mut results = Vec::with_capacity(outcomes.len());
            for outcome in outcomes {
                results.push(match outcome {
                    Ok(written) => {
                        let effect = written.effect;
                        let shown = if effect == Effect::Deleted {
                            None
                        } else {
                            Some(Shown::new(scope, written)?)
                        };
                        Ok((status(effect), shown))
                    }
                    Err(refusal) => Err(problem(&refusal, &request_id)?),
                });
            }
            let answer: MakeAnswer<records::BatchResponse> = Box::new(move |issued| {
                let results = results.iter().map(|result| match result {
                    Ok((status, shown)) => types::BatchResult {
                        status: *status,
                        record: shown.as_ref().map(|shown| shown.record(issued)),
                        error: None,
                    },
                    Err(refused) => refused.clone(),
                });
                let body = types::BatchResponse {
                    results: results.collect(),
                };
                records::BatchResponse::Ok(records::BatchOk { body: body.into() })
            });
            Ok::<_, Refusal<codes::BatchRejected>>(answer)
        };
        let items = Items {
            authority: Authority::of(cx),
            fate: if atomic { Fate::Shared } else { Fate::Own },
            items: items.into(),
        };
        let outcome = write::write(&self.work, cx, items, answer).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn search(
        &self,
        cx: &Context,
        request: records::SearchRequest,
    ) -> Result<records::SearchResponse, Problem<records::SearchError>> {
        let asked = read::SearchFor {
            q: &request.q,
            types: request.types.as_deref(),
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: page::size(request.limit),
        };
        let body = read::search(&self.work, cx, &asked)
            .await
            .map_err(Refusal::narrow)?;
        Ok(records::SearchResponse { body })
    }
}

fn item(index: usize, operation: types::BatchOperation, fresh: String) -> Item {
    let (object_type, op) = match operation {
        types::BatchOperation::BatchCreate(create) => {
            let (id, minted) = match create.id {
                Some(id) => (id, false),
                None => (fresh, true),
            };
            (
                create.r#type,
                Op::Create {
                    id,
                    minted,
                    fields: create.fields,
                },
            )
        }
        types::BatchOperation::BatchUpdate(update) => {
            let expected = update.version.map(|version| vec![version]);
            (
                update.r#type,
                Op::Update {
                    id: update.id,
                    expected,
                    fields: update.fields,
                },
            )
        }
        types::BatchOperation::BatchDelete(delete) => {
            let expected = delete.version.map(|version| vec![version]);
            (
                delete.r#type,
                Op::Delete {
                    id: delete.id,
                    expected,
                },
            )
        }
        types::BatchOperation::BatchRestore(restore) => {
            (restore.r#type, Op::Restore { id: restore.id })
        }
    };
    Item {
        object_type,
        op,
        at: format!("/body/operations/{index}"),
    }
}

/// Narrows the refusal of an item to the codes of its kind.
fn of_its_kind<C: OfItem>(refusal: Refusal<ItemCode>) -> Refusal<C> {
    match refusal {
        Refusal::Fault(fault) => Refusal::Fault(fault),
        Refusal::Refused(problem) => match C::of(problem.code()) {
            Some(code) => Refusal::Refused(problem.map(|_| code)),
            None => Fault::Internal(format!("refused as something else: {problem}")).into(),
        },
    }
}

fn status(effect: Effect) -> i64 {
    match effect {
        Effect::Created => 201,
        Effect::Deleted => 204,
        Effect::Updated | Effect::Restored | Effect::Unchanged => 200,
    }
}

/// The status and the problem of a refused item.
fn problem(
    refusal: &Refusal<ItemCode>,
    request_id: &str,
) -> Result<types::BatchResult<RawJson>, Fault> {
    let problem = refusal.problem().with("request_id", request_id);
    let error = serde_json::from_slice(&problem.details(contract::PROBLEM_TYPES, None));
    Ok(types::BatchResult {
        status: problem.code().status.as_u16().into(),
        record: None,
        error: Some(error.map_err(|error| Fault::Internal(error.to_string()))?),
    })
}

/// Refuses an atomic batch as a whole if one of its operations was refused.
fn refuse_as_one(
    outcomes: &[Result<Written, Refusal<ItemCode>>],
) -> Result<(), Refusal<codes::BatchRejected>> {
    let refused = outcomes
        .iter()
        .enumerate()
        .filter_map(|(index, outcome)| Some((index, outcome.as_ref().err()?)));
    let failures: Vec<Json> = refused
        .map(|(index, refusal)| {
            let problem = refusal.problem();
            json!({
                "index": index,
                "status": problem.code().status.as_u16(),
                "code": problem.code().code,
                "message": problem.message(),
                "context": problem.context(),
            })
        })
        .collect();
    match failures.len() {
        0 => Ok(()),
        1 => Err(Refusal::new(
            codes::BatchRejected,
            "1 operation was refused; nothing was changed.",
        )
        .with("failures", failures)),
        count => Err(Refusal::new(
            codes::BatchRejected,
            format!("{count} operations were refused; nothing was changed."),
        )
        .with("failures", failures)),
    }
}
