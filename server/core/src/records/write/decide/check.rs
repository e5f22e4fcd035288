//! Checks of a record's values beyond their own definitions: the records and people that they point to exist.

use crm_contract::codes;
use serde_json::Value as Json;

use super::Decider;
use crate::{
    failure::{At, Failures},
    records::write::{judge::REFUSED, state::Record},
    refusal::Refusal,
    schema::{Field, Kind},
};

impl Decider<'_> {
    /// Checks that the values of these fields point to something that exists.
    pub(super) fn check(
        &mut self,
        record: &Record,
        names: &[String],
        at: &str,
    ) -> Result<(), Refusal<codes::FieldInvalid>> {
        let root = At::Root(at);
        let at = root.name("fields");
        let mut failures = Failures::sharing(&self.allowance);
        for name in names {
            let (Some(field), Some(value)) =
                (record.object_type.field(name), record.data.get(name))
            else {
                continue;
            };
            let at = at.name(name);
            match (field.kind(), value) {
                (Kind::Relation, Json::String(id)) => self.point(
                    field,
                    field.definition.target.as_deref(),
                    id,
                    &at,
                    &mut failures,
                ),
                (Kind::RelationList, Json::Array(ids)) => {
                    for (index, id) in ids.iter().enumerate() {
                        self.point(
                            field,
                            field.definition.target.as_deref(),
                            id.as_str().unwrap_or_default(),
                            &at.index(index),
                            &mut failures,
                        );
                    }
                }
                (Kind::Lines, Json::Array(lines)) => {
                    for (index, line) in lines.iter().enumerate() {
                        let at = at.index(index);
                        for name in ["price_item", "tax_rate"] {
                            if let Some(id) = line.get(name).and_then(Json::as_str) {
                                self.point(field, Some(name), id, &at.name(name), &mut failures);
                            }
                        }
                    }
                }
                (Kind::User, Json::String(id)) if !self.users.contains(id) => {
                    failures.add(
                        at.pointer(),
                        "user",
                        format!("{}: there is no active user {id}.", field.definition.label),
                    );
                }
                _ => {}
            }
        }
        failures
            .result(())
            .map_err(|failures| Refusal::failures(codes::FieldInvalid, REFUSED, failures))
    }

    fn point(
        &mut self,
        field: &Field,
        target: Option<&str>,
        id: &str,
        at: &At<'_>,
        failures: &mut Failures,
    ) {
        // For a record that this request creates, changes or deletes, its current state counts.
        let found = match self.records.get(id) {
            Some(record) if record.deleted_at.is_some() || !record.visible => None,
            Some(record) => Some(record.object_type.name.as_str()),
            None => self.relations.get(id).map(String::as_str),
        };
        match found {
            Some(object_type) if Some(object_type) == target => {
                if self
                    .records
                    .get(id)
                    .is_none_or(|record| record.stored.as_ref().is_some_and(|row| row.is_live))
                {
                    self.alive.push(id.to_owned());
                }
            }
            Some(object_type) => failures.add(
                at.pointer(),
                "target",
                format!(
                    "{} points to a record of type {}, and {id} is of type {object_type}.",
                    field.definition.label,
                    target.unwrap_or_default()
                ),
            ),
            None => failures.add(
                at.pointer(),
                "relation",
                format!(
                    "{}: there is no {} {id}.",
                    field.definition.label,
                    target.unwrap_or_default()
                ),
            ),
        }
    }
}
