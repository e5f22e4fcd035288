//! Forms of parameters and bodies for which generated clients need help: lists in one value, JSON inside a query
//! parameter, and optional bodies.

use std::fmt;

use serde::{Serialize, Serializer};

/// A list that is sent as one value with commas (`style: form` or `simple` without `explode`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommaSeparated<T>(pub Vec<T>);

impl<T: fmt::Display> fmt::Display for CommaSeparated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

impl<T: fmt::Display> Serialize for CommaSeparated<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<T, I: Into<T>> From<Vec<I>> for CommaSeparated<T> {
    fn from(items: Vec<I>) -> Self {
        items.into_iter().collect()
    }
}

impl<T, I: Into<T>, const N: usize> From<[I; N]> for CommaSeparated<T> {
    fn from(items: [I; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T, I: Into<T> + Clone> From<&[I]> for CommaSeparated<T> {
    fn from(items: &[I]) -> Self {
        items.iter().cloned().collect()
    }
}

impl<T, I: Into<T>> FromIterator<I> for CommaSeparated<T> {
    fn from_iter<Items: IntoIterator<Item = I>>(items: Items) -> Self {
        Self(items.into_iter().map(Into::into).collect())
    }
}

/// A value that is sent as JSON text in a parameter (`content: application/json`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonText<T>(pub T);

impl<T> From<T> for JsonText<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize> Serialize for JsonText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<T: Serialize> fmt::Display for JsonText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// Sends an optional JSON body.
pub trait OptionalBody {
    /// Like `json`, without a body for `None`.
    fn optional_json<T: Serialize>(self, body: &Option<T>) -> Self;
}

impl OptionalBody for reqwest::RequestBuilder {
    fn optional_json<T: Serialize>(self, body: &Option<T>) -> Self {
        match body {
            Some(body) => self.json(body),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_join_with_commas() {
        let fields: CommaSeparated<String> = ["a", "b"].into();
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#""a,b""#);
        assert_eq!(CommaSeparated::<String>(vec![]).to_string(), "");
    }

    #[test]
    fn values_travel_as_json_text() {
        let filter = JsonText(serde_json::json!({"field": "name"}));
        assert_eq!(filter.to_string(), r#"{"field":"name"}"#);
        assert_eq!(
            serde_json::to_value(&filter).unwrap(),
            serde_json::json!(r#"{"field":"name"}"#)
        );
    }
}
