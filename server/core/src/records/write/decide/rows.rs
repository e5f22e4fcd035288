//! What the rows that were read say of the records, of what is pointed to, and of whose unique values are.

use super::Decider;
use crate::{
    fault::Fault,
    ports::store::{Rows, Value},
    records::{
        list, row,
        write::{keys::Key, prepare::Prepared, state::Record},
    },
    work::Scope,
};

impl Decider<'_> {
    pub(super) fn take_rows(
        &mut self,
        scope: &Scope,
        prepared: &Prepared,
        rows: Vec<Rows>,
    ) -> Result<(), Fault> {
        let odd = || Fault::Internal("a row has another shape".into());
        let mut rows = rows.into_iter();
        if prepared.reads_records() {
            for row in rows.next().unwrap_or_default() {
                self.take_record(scope, row).ok_or_else(odd)?;
            }
        }
        if !prepared.relations.is_empty() {
            for row in rows.next().unwrap_or_default() {
                let mut columns = row.into_iter().filter_map(Value::into_text);
                self.relations.insert(
                    columns.next().ok_or_else(odd)?,
                    columns.next().ok_or_else(odd)?,
                );
            }
        }
        if !prepared.users.is_empty() {
            let ids = rows
                .next()
                .unwrap_or_default()
                .into_iter()
                .filter_map(|row| row.into_iter().next()?.into_text());
            self.users.extend(ids);
        }
        for ((type_name, name), (field, _)) in &prepared.unique {
            for row in rows.next().unwrap_or_default() {
                let [id, key] = row.as_slice() else {
                    return Err(odd());
                };
                let (Some(id), Some(key)) = (id.as_str(), Key::stored(field, key)) else {
                    return Err(odd());
                };
                let place = (type_name.clone(), name.clone(), key);
                self.holders.note(place, id.to_owned());
            }
        }
        for ((type_name, name), (field, _)) in &prepared.upserts {
            for mut row in rows.next().unwrap_or_default() {
                let key = row.pop();
                let key = key
                    .and_then(|key| Key::stored(field, &key))
                    .ok_or_else(odd)?;
                let id = self.take_record(scope, row).ok_or_else(odd)?;
                self.holders
                    .note((type_name.clone(), name.clone(), key), id);
            }
        }
        for (object_type, _) in prepared.restores.values() {
            for field in object_type
                .fields
                .values()
                .filter(|field| field.definition.unique)
            {
                for row in rows.next().unwrap_or_default() {
                    let [id, other] = row.as_slice() else {
                        return Err(odd());
                    };
                    let (Some(id), Some(other)) = (id.as_str(), other.as_str()) else {
                        return Err(odd());
                    };
                    if let Some(record) = self.records.get(id) {
                        self.holders
                            .note_other(record, &field.name, other.to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    /// A row of the record's columns and its content hash. A record of a type that is gone is left out.
    fn take_record(&mut self, scope: &Scope, mut row: Vec<Value>) -> Option<String> {
        debug_assert_eq!(row.len(), list::COLUMN_COUNT + 1);
        let hash = row.pop()?.into_text()?;
        let row = row::Row::read(row)?;
        let id = row.id.clone();
        if let Some(object_type) = scope.state.schema.get(&row.object_type) {
            let record = Record::read(object_type.clone(), row, hash).ok()?;
            self.records.insert(id.clone(), record);
        }
        Some(id)
    }
}
