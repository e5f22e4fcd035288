//! A dry run of an import: finds what would be refused before any row is written. Reasons are the definitions, totals
//! that cannot be computed, and unique values that a record or an earlier row has.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crm_runtime::JsonObject;

use super::{Row, Seen};
use crate::{
    access::visibility::{Of, Visible},
    allowance::Allowance,
    context::Context,
    failure::{At, Failures},
    fault::Fault,
    ports::store::{Rows, Value},
    records::{
        refusals::Judging,
        sql::Sql,
        totals,
        write::{
            Authority, WRITTEN,
            judge::{Judged, REFUSED, complete, judge},
            keys::{self, Key, among_ids},
        },
    },
    refusal::Refusal,
    schema::{Field, ObjectType},
    work::{Reads, Scope, Work},
};

/// The expected result for a row.
#[derive(Debug)]
pub struct Rehearsed {
    /// The record's data with totals, or all failures against the definitions.
    pub data: Result<JsonObject, Refusal<Judging>>,
    /// Unique values that another record or row has.
    pub taken: Vec<Taken>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub field: String,
    /// The id of the record or of the earlier row that has the value.
    pub by: String,
}

/// Checks the rows of one batch like [`import`](super::import), in order and with one read. `object_type` may have
/// fields that are new to the tenant. `seen` holds what earlier batches of the same import changed. Targets of
/// relations are not checked. Records that are too large to be changed together are a fault, as in the import.
pub async fn rehearse(
    work: &Work,
    cx: &Context,
    object_type: &ObjectType,
    rows: &[Row],
    seen: &mut dyn Seen,
) -> Result<Vec<Rehearsed>, Fault> {
    let tenant = cx.caller.as_ref().map(|caller| &caller.tenant);
    let allowance = tenant.map_or_else(Allowance::default, Allowance::of);
    let judged: Vec<Judged> = rows
        .iter()
        .map(|row| {
            judge(
                object_type,
                Authority::Importing,
                &row.fields,
                "",
                &allowance,
            )
        })
        .collect();
    let (there, stored) = read(work, cx, object_type, rows, &judged).await?;
    let mut holders = Holders {
        stored,
        changed: seen,
        waiting: Vec::new(),
    };
    let mut rehearsed = Vec::with_capacity(rows.len());
    for (index, (row, judged)) in rows.iter().zip(judged).enumerate() {
        let before = there.get(&row.id);
        let data = become_of(object_type, before, &judged, &allowance);
        if let Ok(data) = &data {
            holders.take(object_type, index, &row.id, before, data)?;
        }
        rehearsed.push(Rehearsed {
            data,
            taken: Vec::new(),
        });
    }
    for (index, taken) in holders.settle()? {
        if let Some(row) = rehearsed.get_mut(index) {
            row.taken.push(taken);
        }
    }
    Ok(rehearsed)
}

/// Reads the data of the rows' records, by id, and the holders of the rows' unique values.
async fn read(
    work: &Work,
    cx: &Context,
    object_type: &ObjectType,
    rows: &[Row],
    judged: &[Judged],
) -> Result<(HashMap<String, JsonObject>, Stored), Fault> {
    let ids: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
    let wanted: Vec<(&Arc<Field>, BTreeSet<Key>)> = unique(object_type)
        .map(|field| {
            let values = judged
                .iter()
                .filter_map(|judged| judged.values().get(&field.name));
            (
                field,
                values.filter_map(|value| Key::of(field, value)).collect(),
            )
        })
        .collect();
    // A field that is new to the tenant has no stored values.
    let known = |scope: &Scope, field: &Field| {
        let now = scope.state.schema.get(&object_type.name);
        now.is_some_and(|now| {
            now.field(&field.name)
                .is_some_and(|now| now.definition.unique)
        })
    };
    let plan = |scope: &Scope| {
        let visible = Visible::to(scope);
        let mut sql = Sql::new("SELECT id, data FROM records WHERE records.deleted_at IS NULL");
        visible.restrict(&mut sql, Of::Any, "records");
        sql.push(" AND records.id");
        among_ids(&mut sql, &ids);
        let mut reads = Reads::default();
        let there = reads.add::<Rows>(sql.statement().bounded(WRITTEN));
        let fields = wanted.iter().filter(|(field, _)| known(scope, field));
        let holders = fields.map(|(field, keys)| {
            let holders = keys::holders(&visible, &object_type.name, field, keys);
            (*field, reads.add::<Rows>(holders))
        });
        let holders: Vec<_> = holders.collect();
        Ok::<_, Fault>((reads, (there, holders)))
    };
    let (_, (there, holders), mut found) = work.read(cx, plan).await?;
    let there = found.take(there)?;
    let mut stored = Stored::new();
    for (field, at) in holders {
        note(&mut stored, field, found.take(at)?);
    }
    let there = there.into_iter().filter_map(|row| {
        let [id, data] = <[Value; 2]>::try_from(row).ok()?;
        Some((id.into_text()?, serde_json::from_str(data.as_str()?).ok()?))
    });
    Ok((there.collect(), stored))
}

fn unique(object_type: &ObjectType) -> impl Iterator<Item = &Arc<Field>> {
    object_type
        .fields
        .values()
        .filter(|field| field.definition.unique)
}

/// The record's data after a row with these values.
fn become_of(
    object_type: &ObjectType,
    before: Option<&JsonObject>,
    judged: &Judged,
    allowance: &Allowance,
) -> Result<JsonObject, Refusal<Judging>> {
    let values = judged.of_record(object_type, before, "", allowance)?;
    let states = values.contains_key("balance");
    let (mut data, settled) = match before {
        None => (complete(object_type, values, "", allowance)?, None),
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
    let mut failures = Failures::sharing(allowance);
    if totals::has_lines(object_type) {
        let root = At::Root("");
        let at = root.name("fields");
        totals::document(&mut data, object_type, settled, true, &at, &mut failures);
    }
    failures
        .result(data)
        .map_err(|failures| Refusal::failures(Judging::FieldInvalid, REFUSED, failures))
}

/// The stored holder of each unique value, by field.
type Stored = HashMap<(String, Key), String>;

fn note(stored: &mut Stored, field: &Field, rows: Rows) {
    for row in rows {
        if let [id, key, _] = row.as_slice()
            && let (Some(id), Some(key)) = (id.as_str(), Key::stored(field, key))
        {
            stored
                .entry((field.name.clone(), key))
                .or_insert_with(|| id.to_owned());
        }
    }
}

/// The holder of each unique value: as stored, and as changed by the rows so far. Unique values are checked against the
/// state after the whole batch, as in the import.
struct Holders<'a> {
    stored: Stored,
    changed: &'a mut dyn Seen,
    /// Values that another record had when a row took them: the row's index, its record, the value.
    waiting: Vec<(usize, String, (String, Key))>,
}

impl Holders<'_> {
    fn of(&self, place: &(String, Key)) -> Result<Option<String>, Fault> {
        let (field, key) = place;
        Ok(match self.changed.get(field, &text(key))? {
            Some(holder) => holder,
            None => self.stored.get(place).cloned(),
        })
    }

    fn set(&mut self, (field, key): &(String, Key), holder: Option<&str>) -> Result<(), Fault> {
        self.changed.set(field, &text(key), holder)
    }

    /// Gives the record the unique values of its new data, or makes it wait for those that another record has. Releases
    /// the old values.
    fn take(
        &mut self,
        object_type: &ObjectType,
        row: usize,
        id: &str,
        before: Option<&JsonObject>,
        data: &JsonObject,
    ) -> Result<(), Fault> {
        for field in unique(object_type) {
            let place = |data: &JsonObject| {
                Some((field.name.clone(), Key::of(field, data.get(&field.name)?)?))
            };
            let (old, new) = (before.and_then(place), place(data));
            if old == new {
                continue;
            }
            // The holder of the old value may not have been read. Then it is this record.
            if let Some(old) = old
                && self.of(&old)?.is_none_or(|holder| holder == id)
            {
                self.set(&old, None)?;
            }
            let Some(new) = new else { continue };
            if self.of(&new)?.is_some_and(|by| by != id) {
                self.waiting.push((row, id.to_owned(), new));
            } else {
                self.set(&new, Some(id))?;
            }
        }
        Ok(())
    }

    /// Gives each waiting record its value if that is free now. Returns the others: the row's index, the field, and the
    /// holder.
    fn settle(&mut self) -> Result<Vec<(usize, Taken)>, Fault> {
        let mut taken = Vec::new();
        for (row, id, place) in std::mem::take(&mut self.waiting) {
            match self.of(&place)?.filter(|by| *by != id) {
                Some(by) => {
                    let field = place.0;
                    taken.push((row, Taken { field, by }));
                }
                None => self.set(&place, Some(&id))?,
            }
        }
        Ok(taken)
    }
}

/// A text that is distinct for each key.
fn text(key: &Key) -> String {
    match key {
        Key::Number(number) => format!("#{number}"),
        Key::Text(text) => format!("'{text}"),
    }
}
