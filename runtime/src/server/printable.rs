//! The body of an answer, as a value or as its JSON text. Making the text of many records directly from the store's
//! rows takes a fraction of the time for building values and printing them.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::reply::{Answer, Content};
use crate::JsonObject;

/// A `T`, or its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum Printable<T> {
    Value(T),
    /// The bytes that printing a `T` yields.
    Text(Bytes),
    Open(Open),
}

/// The text of an unclosed object with at least one member, and its last members. A translation to an older form of the
/// object changes only these members and does not parse the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// `{"items":[...]`
    pub text: Vec<u8>,
    pub rest: JsonObject,
}

impl Open {
    /// The whole text.
    pub fn close(self) -> Result<Bytes, serde_json::Error> {
        let mut text = self.text;
        for (name, value) in &self.rest {
            text.push(b',');
            serde_json::to_writer(&mut text, name)?;
            text.push(b':');
            serde_json::to_writer(&mut text, value)?;
        }
        text.push(b'}');
        Ok(text.into())
    }
}

impl<T> From<T> for Printable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Printable<T> {
    /// The answer with this body.
    pub fn answer(self, status: u16) -> Result<Answer, serde_json::Error> {
        let text = match self {
            Self::Value(value) => return Answer::json(status, &value),
            Self::Text(text) => text,
            Self::Open(open) => open.close()?,
        };
        Ok(Answer {
            content: Content::Json(text),
            ..Answer::empty(status)
        })
    }
}

impl<T: DeserializeOwned> Printable<T> {
    /// The value; a text is parsed.
    pub fn into_value(self) -> Result<T, serde_json::Error> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Text(text) => serde_json::from_slice(&text),
            Self::Open(open) => serde_json::from_slice(&open.close()?),
        }
    }

    /// Calls `at` with the value; a text is parsed, and skipped if it is not a `T`.
    pub fn look(&self, at: impl FnOnce(&T)) {
        let text = match self {
            Self::Value(value) => return at(value),
            Self::Text(text) => text.clone(),
            Self::Open(open) => match open.clone().close() {
                Ok(text) => text,
                Err(_) => return,
            },
        };
        if let Ok(value) = serde_json::from_slice(&text) {
            at(&value);
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

    #[test]
    fn an_object_is_closed_with_its_last_members() {
        let open = Open {
            text: b"{\"items\":[1]".to_vec(),
            rest: JsonObject::from_iter([("next".to_owned(), "a\"b".into())]),
        };
        let text = open.clone().close().unwrap();
        assert_eq!(text, r#"{"items":[1],"next":"a\"b"}"#);
        let printable = Printable::<serde_json::Value>::Open(open);
        let mut seen = None;
        printable.look(|value| seen = Some(value["next"].clone()));
        assert_eq!(seen, Some("a\"b".into()));
        assert_eq!(printable.answer(200).unwrap().store().body, text);
    }
}
