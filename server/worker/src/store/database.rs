//! One D1 database: runs statements and returns rows in one round trip. Checks D1's limits and interprets its
//! exceptions.

use crm_core::ports::store::{
    Commit, Rows, Statement, StoreError, Value,
    admission::Access,
    bound::{self, Past},
    refusal,
};
use js_sys::Array;
use wasm_bindgen::JsValue;
use worker::{
    Env,
    send::{SendFuture, SendWrapper},
};

use super::{
    limits::{ANSWER_BYTES, Fitting, fit},
    room::Room,
    rows,
};
use crate::{glue, trips};

/// A binding of the Worker.
pub struct Database {
    object: SendWrapper<JsValue>,
}

impl Database {
    /// None if there is no D1 binding with that name.
    pub fn bound(env: &Env, binding: &str) -> Option<Self> {
        let object = js_sys::Reflect::get(env, &binding.into()).ok()?;
        // Vars and databases share one namespace.
        let batch = js_sys::Reflect::get(&object, &"batch".into()).ok()?;
        (object.is_object() && batch.is_function()).then(|| Self {
            object: SendWrapper::new(object),
        })
    }

    /// SQL counts the bytes of statements with a bound, so rows that are too large, or for which there is no room now,
    /// do not reach this isolate. The first try assumes that all rows fit, which is nearly always true and cheaper;
    /// only pages of large rows, and writes to many large records, take a second round trip.
    pub async fn read(&self, statements: &[Statement]) -> Result<Vec<Rows>, StoreError> {
        let mut room = Room::of_request();
        let rows = self.read_within(statements, &mut room).await?;
        room.keep();
        Ok(rows)
    }

    async fn read_within(
        &self,
        statements: &[Statement],
        room: &mut Room,
    ) -> Result<Vec<Rows>, StoreError> {
        if statements.iter().all(|statement| statement.bound.is_none()) {
            return match self.batch(Access::Read, statements, room).await? {
                Ok(rows) => Ok(rows),
                Err(message) => Err(mistake(message)),
            };
        }
        let first = room.first(statements)?;
        let first = wrapped(statements, |statement| bound::whole(statement, first));
        let message = match self.batch(Access::Read, &first, room).await? {
            Ok(rows) => return Ok(rows),
            Err(message) => message,
        };
        if !message.contains(bound::TOO_MUCH) {
            return Err(mistake(message));
        }
        room.whole(statements)?;
        let ended = |statement: &Statement| match statement.bound?.past {
            Past::Ends => bound::ended(statement),
            Past::Refused => bound::whole(statement, usize::MAX),
        };
        match self
            .batch(Access::Read, &wrapped(statements, ended), room)
            .await?
        {
            Ok(rows) => Ok(statements
                .iter()
                .zip(rows)
                .map(|(statement, rows)| match statement.bound {
                    Some(bound) if bound.past == Past::Ends => bound::from_ended(rows),
                    _ => rows,
                })
                .collect()),
            Err(message) if message.contains(bound::TOO_MUCH) => Err(StoreError::TooLarge),
            Err(message) => Err(mistake(message)),
        }
    }

    pub async fn commit(&self, statements: &[Statement]) -> Result<Commit, StoreError> {
        let mut room = Room::of_request();
        match self.batch(Access::Write, statements, &mut room).await? {
            Ok(rows) => Ok(Commit::Committed(rows)),
            Err(message) => refusal(&message).map_or_else(|| Err(mistake(message)), Ok),
        }
    }

    /// Returns the rows, or D1's message if it refused. Afterwards `room` has the size of the rows.
    async fn batch(
        &self,
        access: Access,
        statements: &[Statement],
        room: &mut Room,
    ) -> Result<Result<Vec<Rows>, String>, StoreError> {
        if statements.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let (fitting, sent) = fit(access, statements)?;
        if access == Access::Write {
            room.set(sent)?;
        }
        SendFuture::new(self.send(access, &fitting, sent, room)).await
    }

    async fn send(
        &self,
        access: Access,
        statements: &[Fitting<'_>],
        sent: usize,
        room: &mut Room,
    ) -> Result<Result<Vec<Rows>, String>, StoreError> {
        let batch = statements.iter().map(array).collect::<Array>();
        // No timeout here: D1 stops statements after 30 s, the router aborts a request after 30 s (the operator's
        // routes rely on D1's bound), and a timer for each batch costs time.
        let answer = match glue::d1(&self.object, &batch).await {
            Ok(answer) => answer.as_string().unwrap_or_default(),
            Err(exception) => {
                let said = glue::said(&exception);
                trips::count(sent, said.len());
                return if passes(&said) {
                    Err(lost(access, &said))
                } else {
                    Ok(Err(said))
                };
            }
        };
        trips::count(sent, answer.len());
        if answer.len() > ANSWER_BYTES {
            return Err(StoreError::TooLarge);
        }
        // The answer to a commit is small, and the commit is done.
        if access == Access::Read {
            room.set(answer.len())?;
        }
        rows::parse(&answer).map(Ok)
    }
}

/// The statements; those with a bound are rewritten so that SQL counts their rows.
fn wrapped(
    statements: &[Statement],
    words: impl Fn(&Statement) -> Option<String>,
) -> Vec<Statement> {
    let statements = statements.iter().map(|statement| match words(statement) {
        Some(sql) => Statement::new(sql, statement.params.clone()),
        None => statement.clone(),
    });
    statements.collect()
}

/// The SQL and the parameters of a statement as an array.
fn array(statement: &Fitting<'_>) -> Array {
    let array = Array::of1(&JsValue::from_str(&statement.sql));
    for value in statement.params {
        array.push(&match value {
            Value::Null => JsValue::NULL,
            Value::Integer(number) => JsValue::from_f64(*number as f64),
            Value::Real(number) => JsValue::from_f64(*number),
            Value::Text(text) => JsValue::from_str(text),
        });
    }
    array
}

/// A read may be repeated. If the answer of a commit is lost, it is unknown whether the commit was made, so it does not
/// count as refused; a repeat with its idempotency key finds out.
fn lost(access: Access, said: &str) -> StoreError {
    match access {
        Access::Read => StoreError::Busy(said.to_owned()),
        Access::Write if refused_at_the_door(said) => StoreError::Busy(said.to_owned()),
        Access::Write => StoreError::Failed(format!("a commit whose answer is lost: {said}")),
    }
}

/// Messages with which D1 refuses to begin.
fn refused_at_the_door(said: &str) -> bool {
    [
        "overloaded",
        "queued for too long",
        "Too many requests",
        "Too many subrequests",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// D1's messages for temporary errors (developers.cloudflare.com/d1/observability/debug-d1).
fn passes(said: &str) -> bool {
    refused_at_the_door(said)
        || [
            "Network connection lost",
            "Cannot resolve D1",
            "storage caused object to be reset",
            "storage operation exceeded timeout",
            "Isolate Has exceeded Memory Limit",
            "reset because its code was updated",
            "Internal error",
            "database is locked",
            "SQLITE_BUSY",
        ]
        .iter()
        .any(|words| said.contains(words))
}

/// Other errors: of the statement itself, or its size.
fn mistake(said: String) -> StoreError {
    let large = ["SQLITE_TOOBIG", "too big", "SQLITE_FULL", "response size"];
    if large.iter().any(|words| said.contains(words)) {
        return StoreError::TooLarge;
    }
    StoreError::Failed(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_whose_answer_is_lost_is_not_said_to_have_failed() {
        let network = "D1_ERROR: Network connection lost.";
        assert!(passes(network));
        assert!(matches!(lost(Access::Read, network), StoreError::Busy(_)));
        assert!(matches!(
            lost(Access::Write, network),
            StoreError::Failed(_)
        ));
        let overloaded = "D1_ERROR: D1 DB is overloaded. Requests queued for too long.";
        assert!(passes(overloaded));
        assert!(matches!(
            lost(Access::Write, overloaded),
            StoreError::Busy(_)
        ));
    }

    #[test]
    fn a_mistake_is_ours_and_a_size_the_callers() {
        let large = "D1_ERROR: string or blob too big: SQLITE_TOOBIG";
        assert!(!passes(large));
        assert_eq!(mistake(large.into()), StoreError::TooLarge);
        let none = "D1_ERROR: no such table: nowhere at offset 12: SQLITE_ERROR";
        assert!(!passes(none));
        assert!(matches!(mistake(none.into()), StoreError::Failed(_)));
    }
}
