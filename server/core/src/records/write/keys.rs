//! Unique values in the form that their indexes compare, and statements that find rows by such keys or by ids.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{
    access::visibility::Visible,
    fold::fold,
    ports::store::{Statement, Value},
    records::sql::Sql,
    schema::index::unique_text,
    schema::{Field, Order},
};

/// A unique value in the form that its index compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    pub fn of(field: &Field, value: &Json) -> Option<Self> {
        match (field.kind().order(), value) {
            (Order::Folded, Json::String(text)) => {
                Some(Self::Text(unique_text(text)?.into_owned()))
            }
            (Order::Exact, Json::String(text)) => Some(Self::Text(text.clone())),
            (Order::Number, value) => value.as_i64().map(Self::Number),
            _ => None,
        }
    }

    /// The key of a stored value. It is right for every folding of the record's keys.
    pub fn stored(field: &Field, value: &Value) -> Option<Self> {
        match (field.kind().order(), value) {
            (Order::Folded, Value::Text(text)) => Some(Self::Text(unique_text(text)?.into_owned())),
            _ => Self::read(value),
        }
    }

    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Number(*number)),
            Value::Text(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    /// The key without accents, which is the index's first column.
    fn folded(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => fold(text).into_owned(),
        }
    }
}

/// The holders of these values of a unique field: id, value, and whether the caller sees the record.
pub fn holders(
    visible: &Visible,
    type_name: &str,
    field: &Field,
    keys: &BTreeSet<Key>,
) -> Statement {
    let mut sql = Sql::new(&format!("SELECT id, {}, ", field.sql.raw));
    visible.tell(&mut sql, "records");
    by_keys(sql, type_name, field, keys)
}

/// Completes a condition: the preceding expression is one of these ids.
pub fn among_ids(sql: &mut Sql, ids: &BTreeSet<String>) {
    match ids.first() {
        Some(only) if ids.len() == 1 => drop(sql.push(" = ").bind(only.as_str())),
        _ => among(sql, ids.iter().map(|id| id.as_str().into())),
    }
}

/// Selects the records of a type that have one of these keys, with the columns in `sql`. It may select others too,
/// because an earlier folding stored no keys with accents. If several records have a key, the one that is not set apart
/// comes first: see `records::refold`.
pub fn by_keys(mut sql: Sql, type_name: &str, field: &Field, keys: &BTreeSet<Key>) -> Statement {
    sql.push(&format!(
        " FROM records WHERE type = '{type_name}' AND deleted_at IS NULL AND {}",
        field.sql.plain
    ));
    if field.kind().order() != Order::Folded {
        among(&mut sql, keys.iter().map(Key::json));
        return sql.statement();
    }
    let folded: BTreeSet<String> = keys.iter().map(Key::folded).collect();
    let folded: Vec<Json> = folded.into_iter().map(Json::from).collect();
    among(&mut sql, folded.iter().cloned());
    sql.push(&format!(" AND {}", field.sql.unique));
    among(&mut sql, keys.iter().map(Key::json).chain(folded));
    sql.push(" ORDER BY apart");
    sql.statement()
}

fn among(sql: &mut Sql, values: impl Iterator<Item = Json>) {
    sql.push(" IN ").bind_list(&values.collect::<Vec<_>>());
}
