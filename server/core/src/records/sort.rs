//! The order of a list: up to five keys, then the id, which makes every order total. Empty values come last in both
//! directions.

use super::column::{Column, Envelope};
use crate::{
    failure::Failure,
    schema::{ObjectType, Order},
};

pub const MOST_KEYS: usize = 5;

#[derive(Clone, Debug)]
pub struct Key {
    pub column: Column,
    pub descending: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Sort {
    pub keys: Vec<Key>,
    /// The direction of the id: that of the last key.
    pub descending: bool,
}

impl Sort {
    /// Parses `-updated_at,last_name`. Without a text the order is that of creation, which is the order of ids.
    pub fn parse(object_type: &ObjectType, text: Option<&str>) -> Result<Self, Vec<Failure>> {
        let mut sort = Self::default();
        let mut failures = Vec::new();
        let mut seen = Vec::new();
        for part in text
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.is_empty())
        {
            let (name, descending) = match part.strip_prefix('-') {
                Some(name) => (name, true),
                None => (part, false),
            };
            let mut fail = |rule, message| {
                failures.push(Failure {
                    pointer: "/query/sort".into(),
                    rule,
                    message,
                });
            };
            if seen.contains(&name) {
                fail("unique", format!("{name} is there twice."));
                continue;
            }
            seen.push(name);
            match Column::find(object_type, name) {
                None => fail(
                    "unknown_field",
                    format!("The type {} has no field {name}.", object_type.name),
                ),
                Some(column) if column.kind().order() == Order::None => fail(
                    "unsuitable",
                    format!(
                        "A field of type {} has no order to sort by.",
                        column.kind().name()
                    ),
                ),
                Some(Column::Envelope(Envelope::Id)) => {
                    sort.descending = descending;
                    // Ids are distinct, so later keys have no effect.
                    break;
                }
                Some(column) => {
                    sort.descending = descending;
                    sort.keys.push(Key { column, descending });
                }
            }
        }
        if seen.len() > MOST_KEYS {
            failures.push(Failure {
                pointer: "/query/sort".into(),
                rule: "max_length",
                message: format!("A list is sorted by at most {MOST_KEYS} fields."),
            });
        }
        if failures.is_empty() {
            Ok(sort)
        } else {
            Err(failures)
        }
    }
}
