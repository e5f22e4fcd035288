//! Numbers from counters: which counter a field uses, and how far a counter must move because an import stated numbers.
//! A stated number is never given out again.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value as Json;

use super::state::{Record, Version};
use crate::{schema::ObjectType, work::Counter};

/// The name of the counter for this field.
pub fn counter(object_type: &str, field: &str) -> String {
    format!("auto.{object_type}.{field}")
}

/// The counters that a write uses, found by name.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    list: Vec<Counter>,
    places: HashMap<String, usize>,
}

impl Counters {
    /// Takes the next number for the field. Returns the counter's index in the decision and the number's index in the
    /// counter.
    pub fn take(&mut self, object_type: &ObjectType, field: &str) -> (usize, u32) {
        let place = self.place(object_type, field);
        let mut index = 0;
        if let Some(counter) = self.list.get_mut(place) {
            index = counter.count;
            counter.count += 1;
        }
        (place, index)
    }

    /// Notes the greatest numbers that the written records state.
    pub fn note_stated<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        for record in records.filter(|record| matches!(record.version, Version::Issued(_))) {
            for (name, number) in stated(record) {
                let place = self.place(&record.object_type, name);
                if let Some(counter) = self.list.get_mut(place) {
                    counter.stated = number.max(counter.stated);
                }
            }
        }
    }

    /// The index of the field's counter, which is added if it is missing.
    fn place(&mut self, object_type: &ObjectType, field: &str) -> usize {
        let name = counter(&object_type.name, field);
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        self.list.push(Counter {
            name: name.clone(),
            count: 0,
            stated: 0,
        });
        self.places.insert(name, self.list.len() - 1);
        self.list.len() - 1
    }

    pub fn into_list(self) -> Vec<Counter> {
        self.list
    }
}

/// The numbers of a record that are new and did not come from a counter.
fn stated(record: &Record) -> impl Iterator<Item = (&str, i64)> {
    let object_type: &Arc<ObjectType> = &record.object_type;
    object_type
        .fields
        .values()
        .filter(|field| field.is_counted())
        .filter(|field| record.stored.is_none() || record.changed.contains(&field.name))
        .filter_map(|field| {
            let number = record.data.get(&field.name).and_then(Json::as_i64)?;
            Some((field.name.as_str(), number))
        })
}
