//! Imports rows of another system, which are recognised by a unique key. Importing the same rows again changes nothing.
//! Rows are written like all others, except that an import may state values that the server sets otherwise, such as
//! status and number.

use crm_runtime::JsonObject;

use super::{
    refusals::ItemCode,
    write::{self, Authority, Effect, Fate, Item, Items, Op, Written},
};
use crate::{
    context::{Caller, Context, Principal},
    fault::Fault,
    ports::store::TenantId,
    refusal::Refusal,
    work::{MakeAnswer, Scope, Work},
};

mod rehearsal;
mod seen;
#[cfg(test)]
mod tests;

pub use rehearsal::{Rehearsed, Taken, rehearse};
pub use seen::{InMemory, Seen};

/// One record to import.
#[derive(Clone, Debug)]
pub struct Row {
    /// The id for a new record, used if no record has the key yet.
    pub id: String,
    pub fields: JsonObject,
}

/// The result for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub id: String,
    pub effect: Effect,
}

/// The operator's context for one batch. An import waits longer for other writers than a person would.
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

/// The result for each row of a batch, in order.
pub type Outcomes = Vec<Result<Imported, Refusal<ItemCode>>>;

/// Why a batch was not written.
enum Stopped {
    /// Rows were refused, and nothing was changed.
    Refused(Outcomes),
    Fault(Fault),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Writes rows of one type. A row updates the record whose unique field `key` has the row's value, or creates one.
/// Either all rows take effect, or one is refused and none does; the outcomes say which. The pointer of a failure
/// begins with `/rows/` and the row's index.
pub async fn import(
    work: &Work,
    cx: &Context,
    type_name: &str,
    key: &str,
    rows: Vec<Row>,
) -> Result<Outcomes, Fault> {
    let item = |(index, Row { id, fields }): (usize, Row)| Item {
        object_type: type_name.to_owned(),
        op: Op::Upsert {
            id,
            key: key.to_owned(),
            fields,
        },
        at: format!("/rows/{index}"),
    };
    let items = Items {
        authority: Authority::Importing,
        fate: Fate::Shared,
        items: rows.into_iter().enumerate().map(item).collect(),
    };
    let answer = |_: &Scope, outcomes: write::Outcomes| {
        let imported = |written: Written| Imported {
            id: written.record.id,
            effect: written.effect,
        };
        let outcomes = outcomes.into_iter();
        let outcomes: Outcomes = outcomes.map(|outcome| outcome.map(imported)).collect();
        if outcomes.iter().any(Result::is_err) {
            return Err(Stopped::Refused(outcomes));
        }
        let answer: MakeAnswer<Outcomes> = Box::new(move |_| outcomes.clone());
        Ok(answer)
    };
    match write::write_here(work, cx, items, answer).await {
        Ok(outcomes) | Err(Stopped::Refused(outcomes)) => Ok(outcomes),
        Err(Stopped::Fault(fault)) => Err(fault),
    }
}
