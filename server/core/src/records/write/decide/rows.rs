//! Takes the rows that were read: records, targets of relations, and holders of unique values.

use super::Decider;
use crate::{
    fault::Fault,
    ports::store::{Rows, Value},
    records::{
        list, row,
        write::{keys::Key, prepare::Asked, state::Record},
    },
    work::{Found, Scope, Wanted},
};

impl Decider<'_> {
    pub(super) fn take_rows(
        &mut self,
        scope: &Scope,
        asked: Asked,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let odd = || Fault::Internal("a row has another shape".into());
        let mut rows = |at: Option<Wanted<Rows>>| match at {
            Some(at) => found.take(at),
            None => Ok(Rows::new()),
        };
        for row in rows(asked.records)? {
            self.take_record(scope, row).ok_or_else(odd)?;
        }
        for row in rows(asked.relations)? {
            let mut columns = row.into_iter().filter_map(Value::into_text);
            self.relations.insert(
                columns.next().ok_or_else(odd)?,
                columns.next().ok_or_else(odd)?,
            );
        }
        for row in rows(asked.users)? {
            let id = row.into_iter().next().and_then(Value::into_text);
            self.users.insert(id.ok_or_else(odd)?);
        }
        for (type_name, field, at) in asked.unique {
            for row in rows(Some(at))? {
                let [id, key, visible] = row.as_slice() else {
                    return Err(odd());
                };
                let (Some(id), Some(key)) = (id.as_str(), Key::stored(&field, key)) else {
                    return Err(odd());
                };
                let place = (type_name.clone(), field.name.clone(), key);
                self.holders.note(place, id.to_owned(), is_true(visible));
            }
        }
        for (type_name, field, at) in asked.upserts {
            for mut row in rows(Some(at))? {
                let key = row.pop();
                let key = key
                    .and_then(|key| Key::stored(&field, &key))
                    .ok_or_else(odd)?;
                let (id, visible) = self.take_record(scope, row).ok_or_else(odd)?;
                let place = (type_name.clone(), field.name.clone(), key);
                self.holders.note(place, id, visible);
            }
        }
        for (field, at) in asked.restores {
            for row in rows(Some(at))? {
                let [id, other, visible] = row.as_slice() else {
                    return Err(odd());
                };
                let (Some(id), Some(other)) = (id.as_str(), other.as_str()) else {
                    return Err(odd());
                };
                if let Some(record) = self.records.get(id) {
                    let other = other.to_owned();
                    self.holders
                        .note_other(record, &field, other, is_true(visible));
                }
            }
        }
        Ok(())
    }

    /// Takes a whole record. Returns its id and whether the caller sees it. Skips a record whose type was deleted.
    fn take_record(&mut self, scope: &Scope, mut row: Vec<Value>) -> Option<(String, bool)> {
        debug_assert_eq!(row.len(), list::COLUMN_COUNT + 2);
        let visible = is_true(&row.pop()?);
        let hash = row.pop()?.into_text()?;
        let row = row::Row::read(row)?;
        let id = row.id.clone();
        if let Some(object_type) = scope.state.schema.get(&row.object_type) {
            let record = Record::read(object_type.clone(), row, hash, visible).ok()?;
            self.records.insert(id.clone(), record);
        }
        Some((id, visible))
    }
}

fn is_true(value: &Value) -> bool {
    value.as_i64() == Some(1)
}
