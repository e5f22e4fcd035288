//! Many rows of another system at once, recognised by a key of theirs: a second import of the same rows changes nothing.
//! The same path as every write; only may an import state what otherwise the server sets, such as status and number.

use crm_contract::codes;
use crm_runtime::{
    JsonObject,
    server::{Answer, Reply},
};

use super::{
    refusals::ItemCode,
    write::{self, Authority, Batch, Effect, Fate, Item, Op},
};
use crate::{
    context::{Caller, Context, Principal},
    fault::Fault,
    ports::store::TenantId,
    refusal::Refusal,
    work::{Issued, Outcome, Scope, Work},
};

mod rehearsal;
mod seen;
#[cfg(test)]
mod tests;

pub use rehearsal::{Rehearsed, Taken, rehearse};
pub use seen::{InMemory, Seen};

/// One record to be brought in.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of the record, if there is none with this key yet.
    pub id: String,
    pub fields: JsonObject,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub id: String,
    pub effect: Effect,
}

/// An import answers its caller in the same process: nothing of it is sent or kept.
struct Done(Vec<Result<Imported, Refusal<ItemCode>>>);

type Answered = Box<dyn Fn(&Issued) -> Done + Send>;

impl Reply for Done {
    fn reply(self) -> Result<Answer, serde_json::Error> {
        Ok(Answer::empty(204))
    }
}

/// The operator's context for one batch: an import waits for others longer than a person would.
pub fn context(work: &Work, tenant: &TenantId) -> Context {
    let now = work.ports.clock.now();
    Context {
        operation: &crm_contract::latest::server::operations::RECORDS_BATCH,
        request_id: "import".to_owned(),
        now,
        deadline: now + 60_000,
        caller: Some(Caller {
            tenant: tenant.clone(),
            principal: Principal::Operator,
        }),
        idempotency: None,
        address: None,
    }
}

/// Writes rows of one type: each updates the record whose unique field `key` has the row's value, or
/// creates one. Either all rows take effect or, if one is refused, none; the outcomes tell which. In a failure's pointer
/// a row is `/rows/` and its place.
pub async fn import(
    work: &Work,
    cx: &Context,
    type_name: &str,
    key: &str,
    rows: Vec<Row>,
) -> Result<Vec<Result<Imported, Refusal<ItemCode>>>, Fault> {
    let item = |(index, Row { id, fields }): (usize, Row)| Item {
        object_type: type_name.to_owned(),
        op: Op::Upsert {
            id,
            key: key.to_owned(),
            fields,
        },
        at: format!("/rows/{index}"),
    };
    let items: Vec<Item> = rows.into_iter().enumerate().map(item).collect();
    let refused = parking_lot::Mutex::new(Vec::new());
    let decide =
        |_: &Scope, batch: &mut Batch| -> Result<Answered, Refusal<codes::BatchRejected>> {
            let outcomes = std::mem::take(&mut batch.outcomes).into_iter();
            let outcomes: Vec<Result<Imported, Refusal<ItemCode>>> = outcomes
                .map(|outcome| {
                    outcome.map(|written| Imported {
                        id: written.record.id,
                        effect: written.effect,
                    })
                })
                .collect();
            if outcomes.iter().any(Result::is_err) {
                *refused.lock() = outcomes;
                return Err(Refusal::new(
                    codes::BatchRejected,
                    "Rows were refused; nothing was changed.",
                ));
            }
            let imported: Vec<Imported> = outcomes.into_iter().flatten().collect();
            Ok(Box::new(move |_| {
                Done(imported.iter().cloned().map(Ok).collect())
            }))
        };
    let cx = Context {
        idempotency: None,
        ..cx.clone()
    };
    match write::write(
        work,
        &cx,
        Authority::Importing,
        Fate::Shared,
        &items,
        decide,
    )
    .await
    {
        Ok(Outcome::Done(Done(outcomes))) => Ok(outcomes),
        Ok(Outcome::Replayed(_)) => Ok(Vec::new()),
        Err(Refusal::Refused(_)) => Ok(refused.into_inner()),
        Err(Refusal::Fault(fault)) => Err(fault),
    }
}
