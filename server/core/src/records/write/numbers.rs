//! Numbers out of counters: which counter a field's numbers come from, and past which numbers a counter has to move because
//! an import stated them. A number that was stated is never given again.

use std::sync::Arc;

use serde_json::Value as Json;

use super::state::{Record, Version};
use crate::schema::ObjectType;

/// A counter that a commit takes from: its name, how many numbers are taken, and the greatest number that is stated.
pub type Counter = (String, u32, i64);

/// The name of the counter that the numbers of this field come from.
pub fn counter(object_type: &str, field: &str) -> String {
    format!("auto.{object_type}.{field}")
}

/// Where the counter of the field stands among `counters`; it is added if it is not there.
pub fn place(counters: &mut Vec<Counter>, object_type: &ObjectType, field: &str) -> usize {
    let name = counter(&object_type.name, field);
    counters
        .iter()
        .position(|(known, ..)| *known == name)
        .unwrap_or_else(|| {
            counters.push((name, 0, 0));
            counters.len() - 1
        })
}

/// Notes the greatest number that the written records state, by counter.
pub fn note_stated<'a>(counters: &mut Vec<Counter>, records: impl Iterator<Item = &'a Record>) {
    for record in records.filter(|record| matches!(record.version, Version::Issued(_))) {
        for (name, number) in stated(record) {
            let place = place(counters, &record.object_type, name);
            if let Some((_, _, greatest)) = counters.get_mut(place) {
                *greatest = number.max(*greatest);
            }
        }
    }
}

/// The numbers that are new in a record and were not taken from a counter.
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
