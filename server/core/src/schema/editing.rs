//! Changes of definitions as writes: what they stand on, what else they move, and what refuses them.

use std::sync::Arc;

use crm_contract::codes::Code;
use crm_runtime::server::{Reply, StoredAnswer};

use super::{Field, ObjectType, Schema, change};
use crate::{
    Core,
    context::Context,
    ports::store::{Rows, Statement, Value},
    refusal::Refusal,
    work::{AsyncViolation, Decision, Guard, Issued, NoneExpected, Outcome, Scope, Violation},
};

pub fn type_of<'a>(scope: &'a Scope, name: &str) -> Result<&'a Arc<ObjectType>, Refusal> {
    scope
        .state
        .schema
        .get(name)
        .ok_or_else(|| Refusal::not_found(format!("There is no object type {name}.")))
}

pub fn field_of<'a>(object_type: &'a ObjectType, name: &str) -> Result<&'a Arc<Field>, Refusal> {
    object_type.field(name).ok_or_else(|| {
        Refusal::not_found(format!(
            "The type {} has no field {name}.",
            object_type.name
        ))
    })
}

/// A unique index could not be made: two records hold one value.
struct Duplicates<'a> {
    field: &'a str,
}

impl AsyncViolation<Refusal> for Duplicates<'_> {
    async fn explain(&self, _: &Scope, violation: Violation) -> Refusal {
        tracing::debug!(
            constraint = violation.constraint,
            "a unique index was refused"
        );
        Refusal::new(
            Code::UniqueViolation,
            format!(
                "Two records hold the same {}: it cannot be unique.",
                self.field
            ),
        )
        .with("field", self.field)
    }
}

pub type Answer<R> = Box<dyn Fn(&Issued) -> R + Send>;

pub fn decision<R>(statements: Vec<Statement>, answer: Answer<R>) -> Decision<R> {
    Decision {
        guard: Guard::new(),
        versions: 1,
        counters: Vec::new(),
        statements,
        answer,
        secret: false,
    }
}

pub fn nothing<R>(answer: Answer<R>) -> Decision<R> {
    Decision {
        versions: 0,
        ..decision(Vec::new(), answer)
    }
}

fn done<R: From<StoredAnswer>>(outcome: Outcome<R>) -> R {
    match outcome {
        Outcome::Done(reply) => reply,
        Outcome::Replayed(stored) => stored.into(),
    }
}

impl Core {
    /// A change of definitions that no unique index can refuse.
    pub(super) async fn define<R: Reply + From<StoredAnswer>>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Result<Vec<Statement>, Refusal> + Send,
        decide: impl Fn(&Scope, Vec<Rows>) -> Result<Decision<R>, Refusal> + Send,
    ) -> Result<R, Refusal> {
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await?;
        Ok(done(outcome))
    }

    /// A change of a field, which may change what is searched in the records.
    pub(super) async fn change_field<R: Reply + From<StoredAnswer>>(
        &self,
        cx: &Context,
        type_name: &str,
        name: &str,
        change: impl Fn(&Schema, &ObjectType, &Field) -> Result<Option<Field>, Refusal> + Send + Sync,
        statements: impl Fn(&ObjectType, &Field, Option<&Field>) -> Result<Vec<Statement>, Refusal>
        + Send
        + Sync,
        answer: impl Fn(Option<&Field>) -> Result<Answer<R>, Refusal> + Send + Sync,
    ) -> Result<R, Refusal> {
        let searched = |field: &Field| field.definition.searchable;
        let plan = |scope: &Scope| {
            let object_type = type_of(scope, type_name)?;
            let old = field_of(object_type, name)?;
            let new = change(&scope.state.schema, object_type, old)?;
            if searched(old) == new.as_ref().is_some_and(searched) {
                return Ok(Vec::new());
            }
            Ok::<_, Refusal>(vec![
                Statement::new("SELECT seq FROM meta", []),
                change::records_with(type_name, old),
            ])
        };
        let decide = |scope: &Scope, rows: Vec<Rows>| {
            let object_type = type_of(scope, type_name)?;
            let old = field_of(object_type, name)?;
            let new = change(&scope.state.schema, object_type, old)?;
            if new
                .as_ref()
                .is_some_and(|new| new.definition == old.definition)
            {
                return Ok(nothing(answer(new.as_ref())?));
            }
            let mut decided = decision(
                statements(object_type, old, new.as_ref())?,
                answer(new.as_ref())?,
            );
            let mut rows = rows.into_iter();
            if let (Some(seq), Some(rows)) = (rows.next(), rows.next()) {
                let mut after = ObjectType::clone(object_type);
                match &new {
                    Some(new) => drop(after.fields.insert(name.to_owned(), Arc::new(new.clone()))),
                    None => drop(after.fields.shift_remove(name)),
                }
                decided
                    .statements
                    .extend(change::reindex(object_type, &after, rows)?);
                // The words are those of the records as they were read: none may have changed since.
                let seq = seq
                    .first()
                    .and_then(|row| row.first().and_then(Value::as_i64))
                    .unwrap_or_default();
                decided.guard = decided
                    .guard
                    .and("(SELECT seq = {} FROM meta)", [seq.into()]);
            }
            Ok(decided)
        };
        self.work
            .write(cx, plan, decide, Duplicates { field: name })
            .await
            .map(done)
    }
}
