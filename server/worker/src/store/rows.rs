//! Parses rows from the JSON text that JavaScript passes to Rust.

use std::fmt;

use crm_core::ports::store::{Rows, StoreError, Value};
use serde::{
    Deserialize,
    de::{self, Deserializer, Visitor},
};

/// The rows of each statement. JavaScript has one kind of number: those without a fraction become integers.
pub fn parse(json: &str) -> Result<Vec<Rows>, StoreError> {
    let rows: Vec<Vec<Vec<Column>>> = serde_json::from_str(json).map_err(|error| {
        StoreError::Failed(format!("D1 answered something else than rows: {error}"))
    })?;
    let values = |row: Vec<Column>| row.into_iter().map(|column| column.0).collect();
    Ok(rows
        .into_iter()
        .map(|rows| rows.into_iter().map(values).collect())
        .collect())
}

/// Has the layout of `Value`, so that collecting reuses the allocation.
struct Column(Value);

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

struct Shape;

impl Visitor<'_> for Shape {
    type Value = Column;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text or null")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Column, E> {
        Ok(Column(Value::Integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Column, E> {
        Ok(Column(
            i64::try_from(number).map_or(Value::Real(number as f64), Value::Integer),
        ))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Column, E> {
        Ok(Column(Value::Real(number)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Column, E> {
        Ok(Column(Value::Text(text.to_owned())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Column, E> {
        Ok(Column(Value::Text(text)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Column, E> {
        Ok(Column(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_sqlite_had() {
        let json = r#"[[[9007199254740991,-9007199254740991,0,0.5,-1.5e-7,1e21]],[],[["São \ud83d\udca1",null,""],[]]]"#;
        let expected = vec![
            vec![vec![
                Value::Integer(9_007_199_254_740_991),
                Value::Integer(-9_007_199_254_740_991),
                Value::Integer(0),
                Value::Real(0.5),
                Value::Real(-1.5e-7),
                Value::Real(1e21),
            ]],
            vec![],
            vec![
                vec![Value::from("São \u{1F4A1}"), Value::Null, Value::from("")],
                vec![],
            ],
        ];
        assert_eq!(parse(json), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for json in ["", "[[[true]]]", "[[[[1]]]]", "[[[{}]]]", "[[1]]", "{}"] {
            assert!(matches!(parse(json), Err(StoreError::Failed(_))), "{json}");
        }
    }
}
