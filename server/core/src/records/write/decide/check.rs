//! What a record's values have to be true to beside their own definitions: the records and people that they point to are
//! there, and unique values are nobody else's.

use std::sync::Arc;

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::Decider;
use crate::{
    records::{
        refusals::Holding,
        write::{judge::REFUSED, keys::Key, state::Record},
    },
    refusal::Refusal,
    schema::{At, Failures, Field, Kind, ObjectType},
};

impl Decider<'_> {
    /// That the values of these fields point to something that is there, and are unique where they have to be.
    pub(super) fn check(
        &mut self,
        record: &Record,
        names: &[String],
        at: &str,
    ) -> Result<(), Refusal<Holding>> {
        let root = At::Root(at);
        let at = root.name("fields");
        let mut failures = Failures::default();
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
        if !failures.is_empty() {
            return Err(Refusal::failures(
                Holding::FieldInvalid,
                REFUSED,
                failures.into_list(),
            ));
        }
        Ok(self.check_unique(record, names)?)
    }

    fn point(
        &mut self,
        field: &Field,
        target: Option<&str>,
        id: &str,
        at: &At<'_>,
        failures: &mut Failures,
    ) {
        // A record that this request creates, changes or deletes is judged as it is by now.
        let found = match self.records.get(id) {
            Some(record) if record.deleted_at.is_some() => None,
            Some(record) => Some(record.object_type.name.as_str()),
            None => self.relations.get(id).map(String::as_str),
        };
        match found {
            Some(object_type) if Some(object_type) == target => {
                if self
                    .records
                    .get(id)
                    .is_none_or(|record| record.stored.is_some())
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

    pub(super) fn check_unique(
        &self,
        record: &Record,
        names: &[String],
    ) -> Result<(), Refusal<codes::UniqueViolation>> {
        for name in names {
            let Some((field, key)) = unique_key(record, name) else {
                continue;
            };
            let place = (record.object_type.name.clone(), name.clone(), key);
            if let Some(other) = self.taken.get(&place).filter(|other| **other != record.id) {
                return Err(unique_violation(Some(&field), name, other));
            }
        }
        Ok(())
    }

    /// Notes whose the record's unique values are from now on.
    pub(super) fn hold(&mut self, record: &Record, names: &[String]) {
        for name in names {
            if let Some((_, key)) = unique_key(record, name) {
                self.taken.insert(
                    (record.object_type.name.clone(), name.clone(), key),
                    record.id.clone(),
                );
            }
        }
    }

    /// Notes that these values are nobody's any more.
    pub(super) fn release(&mut self, object_type: &ObjectType, id: &str, values: &JsonObject) {
        for (name, value) in values {
            if let Some(field) = object_type
                .field(name)
                .filter(|field| field.definition.unique)
                && let Some(key) = Key::of(field, value)
            {
                let place = (object_type.name.clone(), name.clone(), key);
                if self.taken.get(&place).is_some_and(|holder| holder == id) {
                    self.taken.remove(&place);
                }
            }
        }
    }
}

fn unique_key(record: &Record, name: &str) -> Option<(Arc<Field>, Key)> {
    let field = record
        .object_type
        .field(name)
        .filter(|field| field.definition.unique)?;
    let key = Key::of(field, record.data.get(name)?)?;
    Some((field.clone(), key))
}

pub(super) fn unique_violation(
    field: Option<&Arc<Field>>,
    name: &str,
    existing: &str,
) -> Refusal<codes::UniqueViolation> {
    let label = field.map_or(name, |field| field.definition.label.as_str());
    Refusal::new(
        codes::UniqueViolation,
        format!("{label} has to be unique, and another record has this value."),
    )
    .with("field", name)
    .with("existing", existing)
}
