//! What an import would be refused for, found before any of it is written: what the definitions refuse, totals that do not
//! come out, and unique values that a record of the tenant or an earlier row has.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crm_runtime::JsonObject;

use super::Row;
use crate::{
    context::Context,
    fault::Fault,
    ports::store::{Rows, Value},
    records::{
        refusals::Judging,
        totals,
        write::{
            Authority,
            judge::{REFUSED, complete, judge},
            keys::{self, Key, by_ids},
        },
    },
    refusal::Refusal,
    schema::{At, Failures, Field, ObjectType, pattern::Effort},
    work::{Scope, Work},
};

/// Rows that are looked up in one read.
const AT_ONCE: usize = 500;

/// What would become of a row.
#[derive(Debug)]
pub struct Rehearsed {
    /// What its record would hold, totals included, or everything that the definitions refuse.
    pub data: Result<JsonObject, Refusal<Judging>>,
    /// Unique values that another has.
    pub taken: Vec<Taken>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub field: String,
    /// The id of the record or of the earlier row that has the value.
    pub by: String,
}

/// Judges rows of one type as [`import`](super::import) would, in their order. `object_type` may have fields that the
/// tenant's does not have yet. Whether what a row points to is there is not judged.
pub async fn rehearse(
    work: &Work,
    cx: &Context,
    object_type: &ObjectType,
    rows: &[Row],
) -> Result<Vec<Rehearsed>, Fault> {
    let mut holders = Holders::default();
    let mut rehearsed = Vec::with_capacity(rows.len());
    for rows in rows.chunks(AT_ONCE) {
        let effort = Effort::default();
        let judged: Vec<Result<JsonObject, Refusal<Judging>>> = rows
            .iter()
            .map(|row| judge(object_type, Authority::Importing, &row.fields, "", &effort))
            .collect();
        let there = read(work, cx, object_type, rows, &judged, &mut holders).await?;
        for (row, judged) in rows.iter().zip(judged) {
            let before = there.get(&row.id);
            let data = judged.and_then(|values| become_of(object_type, before, values));
            let taken = match &data {
                Ok(data) => holders.take(object_type, &row.id, before, data),
                Err(_) => Vec::new(),
            };
            rehearsed.push(Rehearsed { data, taken });
        }
    }
    Ok(rehearsed)
}

/// The data of the rows' records, by id; who has the rows' unique values is noted in `holders`.
async fn read(
    work: &Work,
    cx: &Context,
    object_type: &ObjectType,
    rows: &[Row],
    judged: &[Result<JsonObject, Refusal<Judging>>],
    holders: &mut Holders,
) -> Result<HashMap<String, JsonObject>, Fault> {
    let ids: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
    let wanted: Vec<(&Arc<Field>, BTreeSet<Key>)> = unique(object_type)
        .map(|field| {
            let values = judged
                .iter()
                .flatten()
                .filter_map(|values| values.get(&field.name));
            (
                field,
                values.filter_map(|value| Key::of(field, value)).collect(),
            )
        })
        .collect();
    // A field that the tenant does not have yet has no values either.
    let known = |scope: &Scope, field: &Field| {
        let now = scope.state.schema.get(&object_type.name);
        now.is_some_and(|now| {
            now.field(&field.name)
                .is_some_and(|now| now.definition.unique)
        })
    };
    let plan = |scope: &Scope| {
        let mut statements = vec![by_ids(
            "SELECT id, data FROM records WHERE id",
            &ids,
            " AND deleted_at IS NULL",
        )];
        let fields = wanted.iter().filter(|(field, _)| known(scope, field));
        statements
            .extend(fields.map(|(field, keys)| keys::holders(&object_type.name, field, keys)));
        Ok::<_, Fault>(statements)
    };
    let (scope, rows) = work.read(cx, plan).await?;
    let mut rows = rows.into_iter();
    let there = rows.next().unwrap_or_default();
    let fields = wanted.iter().filter(|(field, _)| known(&scope, field));
    for ((field, _), rows) in fields.zip(rows) {
        holders.note(&field.name, rows);
    }
    let there = there.into_iter().filter_map(|row| {
        let [id, data] = <[Value; 2]>::try_from(row).ok()?;
        Some((id.into_text()?, serde_json::from_str(data.as_str()?).ok()?))
    });
    Ok(there.collect())
}

fn unique(object_type: &ObjectType) -> impl Iterator<Item = &Arc<Field>> {
    object_type
        .fields
        .values()
        .filter(|field| field.definition.unique)
}

/// What a record would hold after a row of these values, which are in normal form.
fn become_of(
    object_type: &ObjectType,
    before: Option<&JsonObject>,
    values: JsonObject,
) -> Result<JsonObject, Refusal<Judging>> {
    let states = values.contains_key("balance");
    let (mut data, settled) = match before {
        None => (complete(object_type, values, "")?, None),
        Some(before) => {
            let mut data = before.clone();
            for (name, value) in values {
                if value.is_null() {
                    data.remove(&name);
                } else {
                    data.insert(name, value);
                }
            }
            (data, (!states).then(|| totals::settled(before)))
        }
    };
    let mut failures = Failures::default();
    if totals::has_lines(object_type) {
        let root = At::Root("");
        let at = root.name("fields");
        totals::document(&mut data, object_type, settled, true, &at, &mut failures);
    }
    failures
        .result(data)
        .map_err(|failures| Refusal::failures(Judging::FieldInvalid, REFUSED, failures))
}

/// Whose a unique value is, by field: as the tenant has it, and as the rows so far have changed it.
#[derive(Default)]
struct Holders {
    stored: HashMap<(String, Key), String>,
    changed: HashMap<(String, Key), Option<String>>,
}

impl Holders {
    fn note(&mut self, field: &str, rows: Rows) {
        for row in rows {
            if let [id, key] = row.as_slice()
                && let (Some(id), Some(key)) = (id.as_str(), Key::read(key))
            {
                self.stored.insert((field.to_owned(), key), id.to_owned());
            }
        }
    }

    fn of(&self, place: &(String, Key)) -> Option<&String> {
        match self.changed.get(place) {
            Some(holder) => holder.as_ref(),
            None => self.stored.get(place),
        }
    }

    /// The record takes the unique values of its new data and lets go of others that it had; those that another has are
    /// told, and stay that one's.
    fn take(
        &mut self,
        object_type: &ObjectType,
        id: &str,
        before: Option<&JsonObject>,
        data: &JsonObject,
    ) -> Vec<Taken> {
        let mut taken = Vec::new();
        for field in unique(object_type) {
            let place = |data: &JsonObject| {
                Some((field.name.clone(), Key::of(field, data.get(&field.name)?)?))
            };
            let (old, new) = (before.and_then(place), place(data));
            if old == new {
                continue;
            }
            if let Some(by) = new
                .as_ref()
                .and_then(|new| self.of(new))
                .filter(|by| *by != id)
            {
                taken.push(Taken {
                    field: field.name.clone(),
                    by: by.clone(),
                });
                continue;
            }
            // Who had the old value was perhaps not asked: then it is this record.
            if let Some(old) = old.filter(|old| self.of(old).is_none_or(|holder| holder == id)) {
                self.changed.insert(old, None);
            }
            if let Some(new) = new {
                self.changed.insert(new, Some(id.to_owned()));
            }
        }
        taken
    }
}
