//! Slots: the columns key_0, key_1 ... of the table `records`, with the sort values of a type's indexed fields. Types
//! share the columns and their indexes, so a write only pays for the indexed fields of its own type, and an update only
//! for those that it changes. A type's slots are assigned once, when it is made. A field that is marked as indexed
//! later gets an index of its own, so no record must be rewritten.

use serde_json::{Map, Value as Json};

use super::{
    ObjectType,
    field::{Field, Order},
    index::{AFTER_ALL_NUMBERS, AFTER_ALL_TEXT, KEY_CHARS, sort_text},
};
use crate::ports::store::Value;

/// Slots below this number have an index of their own.
pub const INDEXED: u8 = 12;
/// The number of slots. The rest hold fields that only an index over several fields needs.
pub const ALL: u8 = 16;

pub fn column(slot: u8) -> String {
    format!("key_{slot}")
}

/// Whether an expression is a slot's column.
pub fn is_column(expression: &str) -> bool {
    expression.starts_with("key_")
}

pub fn is_indexed(slot: u8) -> bool {
    slot < INDEXED
}

/// Assigns the slots of a new type. Fields of its indexes over several fields come first, so that types with the same
/// indexes share them.
pub fn give_out(object_type: &mut ObjectType) {
    let indexed = |field: &Field| field.definition.indexed;
    let in_several = object_type.indexes.iter().flatten();
    let wanted: Vec<String> = in_several
        .chain(object_type.fields.keys())
        .cloned()
        .collect();
    let (mut next_indexed, mut next_other) = (0, INDEXED);
    let several = object_type.indexes.concat();
    for name in wanted {
        let Some(field) = object_type.fields.get_mut(&name) else {
            continue;
        };
        let (next, end) = if indexed(field) {
            (&mut next_indexed, INDEXED)
        } else if several.contains(&name) {
            (&mut next_other, ALL)
        } else {
            continue;
        };
        // Counted numbers are only known after the commit.
        let suits = field.kind().order() != Order::None && !field.is_counted();
        if suits && field.slot.is_none() && *next < end {
            *field = std::sync::Arc::new(Field::clone(field).in_slot(Some(*next)));
            *next += 1;
        }
    }
}

/// The slot values of a record, as many as its type uses. Unused slots are NULL.
pub fn values(object_type: &ObjectType, data: &Map<String, Json>) -> Vec<Value> {
    let mut values = Vec::new();
    for field in object_type.fields.values() {
        if let Some(slot) = field.slot.map(usize::from) {
            if values.len() <= slot {
                values.resize(slot + 1, Value::Null);
            }
            values[slot] = value(field, data.get(&field.name));
        }
    }
    values
}

/// The value of the field's slot. It equals the result of `Expressions::computed`.
pub fn value(field: &Field, value: Option<&Json>) -> Value {
    let number = |value: Option<&Json>| {
        let number = match value {
            Some(Json::Bool(flag)) => Some(Value::Integer((*flag).into())),
            Some(value) => value
                .as_i64()
                .map(Value::Integer)
                .or_else(|| value.as_f64().map(Value::Real)),
            None => None,
        };
        number.unwrap_or(Value::Integer(AFTER_ALL_NUMBERS))
    };
    let text = || value.and_then(Json::as_str);
    match field.kind().order() {
        Order::Number => number(value),
        Order::Money => number(value.and_then(|money| money.get("amount"))),
        Order::Folded => match text().map(sort_text) {
            Some(folded) => match folded.char_indices().nth(KEY_CHARS) {
                Some((end, _)) => folded[..end].into(),
                None => folded.into_owned().into(),
            },
            None => AFTER_ALL_TEXT.into(),
        },
        Order::Exact | Order::None => text().unwrap_or(AFTER_ALL_TEXT).into(),
    }
}

/// The statement that fills the slots of all records of a type. None if the type has no slots.
pub fn fill(object_type: &ObjectType) -> Option<String> {
    let set: Vec<String> = object_type
        .fields
        .values()
        .filter_map(|field| Some(format!("{} = {}", column(field.slot?), field.sql.computed)))
        .collect();
    let other: Vec<String> = set
        .iter()
        .map(|set| set.replacen(" = ", " IS NOT ", 1))
        .collect();
    (!set.is_empty()).then(|| {
        // A record with the right values is read but not written.
        format!(
            "UPDATE records SET {} WHERE type = '{}' AND ({})",
            set.join(", "),
            object_type.name,
            other.join(" OR ")
        )
    })
}

#[cfg(test)]
mod tests;
