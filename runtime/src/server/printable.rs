//! The body of an answer, as a value or as the JSON text of one. Printing many records from what the store gave takes a
//! fraction of what building them and printing those takes.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::reply::{Answer, Content};

/// A `T`, or its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum Printable<T> {
    Value(T),
    /// What printing a `T` gives, byte for byte.
    Text(Bytes),
}

impl<T> From<T> for Printable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Printable<T> {
    /// The answer that holds it.
    pub fn answer(self, status: u16) -> Result<Answer, serde_json::Error> {
        match self {
            Self::Value(value) => Answer::json(status, &value),
            Self::Text(text) => Ok(Answer {
                content: Content::Json(text),
                ..Answer::empty(status)
            }),
        }
    }
}

impl<T: DeserializeOwned> Printable<T> {
    /// The value; text is read for it.
    pub fn into_value(self) -> Result<T, serde_json::Error> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Text(text) => serde_json::from_slice(&text),
        }
    }

    /// Looks at the value; text is read for it. Text that is no `T` is not looked at.
    pub fn look(&self, at: impl FnOnce(&T)) {
        match self {
            Self::Value(value) => at(value),
            Self::Text(text) => {
                if let Ok(value) = serde_json::from_slice(text) {
                    at(&value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_and_its_text_are_the_same_answer_and_are_seen_alike() {
        let value = Printable::from(vec![1, 2]);
        let text = Printable::<Vec<i32>>::Text(Bytes::from_static(b"[1,2]"));
        let body = |printable: Printable<Vec<i32>>| printable.answer(200).unwrap().store();
        assert_eq!(body(value.clone()), body(text.clone()));
        for printable in [value, text] {
            let mut seen = Vec::new();
            printable.look(|value| seen.clone_from(value));
            assert_eq!(seen, [1, 2]);
            assert_eq!(printable.into_value().unwrap(), [1, 2]);
        }
    }
}
