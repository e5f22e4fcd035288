//! Unique values as their indexes compare them, and the statements that find rows by such keys or by ids.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{
    ports::store::{Statement, Value},
    records::{fold::fold, row::unique_text},
    schema::{Field, Order},
};

/// A unique value in the form in which the index compares it.
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

    /// The key of a value as it is stored, which is right whatever folding the record's keys are of.
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

    /// The same without accents, which the index has first.
    fn folded(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => fold(text).into_owned(),
        }
    }
}

/// Who has these values of a unique field: id and value.
pub fn holders(type_name: &str, field: &Field, keys: &BTreeSet<Key>) -> Statement {
    let select = format!("SELECT id, {}", field.sql.raw);
    by_keys(&select, type_name, field, keys)
}

/// The rows whose column, with which `select` ends, is one of these ids; `rest` follows.
pub fn by_ids(select: &str, ids: &BTreeSet<String>, rest: &str) -> Statement {
    match ids.first() {
        Some(only) if ids.len() == 1 => {
            Statement::new(format!("{select} = ?1{rest}"), [only.as_str().into()])
        }
        _ => among(select, ids.iter().map(|id| id.as_str().into()), rest),
    }
}

/// What `select` says of the records of a type that have one of these keys, and of some that may have one: an earlier
/// folding had no keys with accents. Of several with one key the one that the index holds it for comes first: see
/// `records::refold`.
pub fn by_keys(select: &str, type_name: &str, field: &Field, keys: &BTreeSet<Key>) -> Statement {
    let select = format!(
        "{select} FROM records WHERE type = '{type_name}' AND deleted_at IS NULL AND {}",
        field.sql.plain
    );
    if field.kind().order() != Order::Folded {
        return among(&select, keys.iter().map(Key::json), "");
    }
    let folded: BTreeSet<String> = keys.iter().map(Key::folded).collect();
    let folded: Vec<Json> = folded.into_iter().map(Json::from).collect();
    let exact: Vec<Json> = keys.iter().map(Key::json).chain(folded.clone()).collect();
    Statement::new(
        format!(
            "{select} IN (SELECT value FROM json_each(?1)) AND {} IN (SELECT value FROM json_each(?2)) ORDER BY apart",
            field.sql.unique
        ),
        [
            Json::Array(folded).to_string().into(),
            Json::Array(exact).to_string().into(),
        ],
    )
}

fn among(select: &str, values: impl Iterator<Item = Json>, rest: &str) -> Statement {
    Statement::new(
        format!("{select} IN (SELECT value FROM json_each(?1)){rest}"),
        [Json::Array(values.collect()).to_string().into()],
    )
}
