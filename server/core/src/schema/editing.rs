//! Writes of definitions: their guards, their effects on search words, and their refusals.

use std::sync::Arc;

use crm_contract::codes;
use crm_runtime::server::{Reply, StoredAnswer};

use super::{
    Field, ObjectType, Schema, change,
    refusals::{DeletingField, UpdatingField},
};
use crate::{
    Core,
    context::Context,
    failure::Failures,
    fault::Fault,
    ports::store::{Rows, Statement},
    refusal::Refusal,
    work::{
        AsyncViolation, Constraint, Decision, Found, Guard, MakeAnswer, NoneExpected, Planned,
        Reads, Scope, Violation, Wanted,
    },
};

pub fn field_of<'a>(
    object_type: &'a ObjectType,
    name: &str,
) -> Result<&'a Arc<Field>, Refusal<codes::NotFound>> {
    object_type.field(name).ok_or_else(|| {
        Refusal::new(
            codes::NotFound,
            format!("The type {} has no field {name}.", object_type.name),
        )
    })
}

/// The refusals of a change of a field that come from the records.
pub trait Hindrance<C>: AsyncViolation<Refusal<C>> + Sync {
    /// The refusal if more records have a value in the field than one change updates.
    fn too_many_records(&self) -> Refusal<C>;
}

/// A change of the field with this name.
pub struct Updated<'a>(pub &'a str);

impl AsyncViolation<Refusal<UpdatingField>> for Updated<'_> {
    /// The unique index could not be made, because two records have the same value.
    async fn explain(&self, _: &Scope, violation: Violation) -> Result<(), Refusal<UpdatingField>> {
        Err(match violation.constraint {
            Constraint::Unique { field, .. } if field == self.0 => Refusal::new(
                UpdatingField::UniqueViolation,
                format!("Two records hold the same {}: it cannot be unique.", self.0),
            )
            .with("field", self.0),
            other => Fault::Internal(format!("the constraint {other} refused a field")).into(),
        })
    }
}

impl Hindrance<UpdatingField> for Updated<'_> {
    fn too_many_records(&self) -> Refusal<UpdatingField> {
        let mut failures = Failures::default();
        failures.add("/body/searchable".into(), "too_many_records", format!("More than {} records hold this field: what is searched of it can no longer be changed.", change::MOST_REINDEXED));
        change::invalid(failures).into()
    }
}

/// Deleting a field adds no unique constraint, so no unique index can refuse it.
impl Hindrance<DeletingField> for NoneExpected {
    fn too_many_records(&self) -> Refusal<DeletingField> {
        let most = change::MOST_REINDEXED;
        Refusal::new(DeletingField::InUse, format!("More than {most} records hold this field, and their search words with it. Empty it first."))
            .with("records", 1_000)
    }
}

impl Core {
    /// Commits a change of definitions that no unique index can refuse.
    pub(super) async fn define<P: Send, R: Reply + From<StoredAnswer> + 'static, C: Send>(
        &self,
        cx: &Context,
        plan: impl Fn(&Scope) -> Planned<P, Refusal<C>> + Send,
        decide: impl Fn(&Scope, P, Found) -> Result<Decision<R>, Refusal<C>> + Send + Sync,
    ) -> Result<R, Refusal<C>> {
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await?;
        Ok(outcome.into_reply())
    }

    /// Commits a change of a field. It may change the search words of records.
    pub(super) async fn change_field<R: Reply + From<StoredAnswer> + 'static, C: Send>(
        &self,
        cx: &Context,
        (type_name, name): (&str, &str),
        change: impl Fn(&Schema, &ObjectType, &Field) -> Result<Option<Field>, Refusal<C>> + Send + Sync,
        statements: impl Fn(&ObjectType, &Field, Option<&Field>) -> Result<Vec<Statement>, Refusal<C>>
        + Send
        + Sync,
        answer: impl Fn(Option<&Field>) -> Result<MakeAnswer<R>, Fault> + Send + Sync,
        hindrance: impl Hindrance<C>,
    ) -> Result<R, Refusal<C>>
    where
        Refusal<C>: From<Refusal<codes::NotFound>>,
    {
        let searched = |field: &Field| field.definition.searchable;
        let plan = |scope: &Scope| {
            let object_type = scope.state.schema.find(type_name)?;
            let old = field_of(object_type, name)?;
            let new = change(&scope.state.schema, object_type, old)?;
            let mut reads = Reads::default();
            let reindexed = (searched(old) != new.as_ref().is_some_and(searched)).then(|| {
                let seq = reads.add(Statement::new("SELECT seq FROM meta", []));
                (seq, reads.add(change::records_with(type_name, old)))
            });
            Ok::<_, Refusal<C>>((reads, (new, reindexed)))
        };
        type Asked = (Option<Field>, Option<(Wanted<i64>, Wanted<Rows>)>);
        let decide = |scope: &Scope, (new, reindexed): Asked, mut found: Found| {
            let object_type = scope.state.schema.find(type_name)?;
            let old = field_of(object_type, name)?;
            if new
                .as_ref()
                .is_some_and(|new| new.definition == old.definition)
            {
                return Ok(Decision::nothing(answer(new.as_ref())?));
            }
            let mut decided = Decision::change(
                vec![change::of_field(type_name, Some(old), new.as_ref())?],
                statements(object_type, old, new.as_ref())?,
                answer(new.as_ref())?,
            );
            if let Some((seq, rows)) = reindexed {
                let (seq, rows) = (found.take(seq)?, found.take(rows)?);
                let mut after = ObjectType::clone(object_type);
                match &new {
                    Some(new) => drop(after.fields.insert(name.to_owned(), Arc::new(new.clone()))),
                    None => drop(after.fields.shift_remove(name)),
                }
                let reindexed = change::reindex(object_type, &after, rows);
                decided.extend(reindexed.ok_or_else(|| hindrance.too_many_records())?);
                // The words were computed from the records as read, so no record may have changed since.
                let unmoved = Guard::new().and("(SELECT seq = {} FROM meta)", [seq.into()]);
                decided = decided.under(unmoved);
            }
            Ok(decided)
        };
        let outcome = self.work.write(cx, plan, decide, &hindrance).await?;
        Ok(outcome.into_reply())
    }
}
