//! The words by which records are found, where a change of a definition makes them others.

use serde_json::{Map, Value as Json};

use crate::{
    ports::store::{Statement, Value},
    schema::{Field, ObjectType, words},
};

/// Records whose words one change of a definition looks at.
pub const MOST_REINDEXED: usize = 20_000;

/// The records that a change of what is searched concerns: those with a value in the field.
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

/// The statements that bring the words of records from what one definition of their type searches to what another does.
/// None: more records hold the field than one change looks at.
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
