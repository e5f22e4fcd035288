//! Updates the search words of records when a change of a definition changes them.

use serde_json::{Map, Value as Json};

use crate::{
    ports::store::{Statement, Value},
    schema::{Field, ObjectType, words},
};

/// Upper bound of the records whose search words one change of a definition updates.
pub const MOST_REINDEXED: usize = 20_000;

/// The records that a change of the field's searchability affects: those with a value in the field.
pub fn records_with(object_type: &str, field: &Field) -> Statement {
    Statement::new(
        format!(
            "SELECT id, data FROM records WHERE type = '{object_type}' AND {} IS NOT NULL LIMIT {}",
            field.sql.raw,
            MOST_REINDEXED + 1
        ),
        [],
    )
}

/// The statements that change the records' search words from those of one definition of their type to those of another.
/// None if more than [`MOST_REINDEXED`] records have a value in the field.
pub fn reindex(
    before: &ObjectType,
    after: &ObjectType,
    rows: Vec<Vec<Value>>,
) -> Option<Vec<Statement>> {
    if rows.len() > MOST_REINDEXED {
        return None;
    }
    let mut changes = words::Words::default();
    for row in rows {
        let [Value::Text(id), Value::Text(data)] = row.as_slice() else {
            continue;
        };
        let Ok(data) = serde_json::from_str::<Map<String, Json>>(data) else {
            continue;
        };
        let mut had = words::search_words(before, &data);
        had.extend(words::earlier_words(before, &data));
        changes.change(id, &had, &words::search_words(after, &data));
    }
    Some(changes.statements())
}
