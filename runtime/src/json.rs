//! Reads untrusted JSON: input that is ambiguous or that some readers change (duplicate names, NUL in text, integers
//! beyond ±(2^53 - 1), nesting beyond 64) is an error with its place.

use std::{cell::RefCell, fmt};

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 64;

/// The largest integer that JavaScript, JSON and D1 agree on: 2^53 - 1.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Why a text is not accepted as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, at line {line}, column {column}")]
pub struct Malformed {
    pub reason: String,
    /// From 1.
    pub line: usize,
    /// From 1, in bytes.
    pub column: usize,
    /// JSON pointer (RFC 6901) of the value that was being read.
    pub pointer: String,
}

/// Reads one JSON value and nothing after it. A number without a fraction becomes an integer,
/// however it is written (`1.0`, `1e3`), as JSON Schema has it.
pub fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    let steps = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let node = Node {
        depth: 0,
        steps: &steps,
    };
    node.deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Malformed {
            line: error.line(),
            column: error.column(),
            reason: reason(&error),
            pointer: pointer(&steps.borrow()),
        })
}

/// The error's message without the place that serde_json appends.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The pointer of steps that were recorded from the innermost outwards.
fn pointer(steps: &[String]) -> String {
    let mut out = String::new();
    for step in steps.iter().rev() {
        out.push('/');
        // NUL is refused in a text, so the answer must not contain it.
        let step = step.replace('\0', "\u{fffd}");
        out.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    out
}

/// Reads one value. Steps are recorded only while an error is returned, so valid text costs nothing.
#[derive(Clone, Copy)]
struct Node<'s> {
    depth: usize,
    steps: &'s RefCell<Vec<String>>,
}

impl<'s> Node<'s> {
    fn inner<E: de::Error>(self) -> Result<Node<'s>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Node {
            depth: self.depth + 1,
            ..self
        })
    }

    fn note<T, E>(self, step: impl fmt::Display, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.steps.borrow_mut().push(step.to_string());
        }
        result
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value < -MAX_INTEGER {
            return Err(beyond());
        }
        Ok(Value::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER as u64 {
            return Err(beyond());
        }
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() != 0.0 {
            return Ok(Value::from(value));
        }
        if value.abs() > MAX_INTEGER as f64 {
            return Err(beyond());
        }
        Ok(Value::from(value as i64))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        without_nul(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = self.note(items.len(), seq.next_element_seed(inner))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.note(&name, without_nul(&name))?;
            if members.contains_key(&name) {
                return self.note(
                    &name,
                    Err(de::Error::custom(format_args!("duplicate name `{name}`"))),
                );
            }
            let value = map.next_value_seed(inner);
            let value = match value {
                Ok(value) => value,
                Err(error) => return self.note(&name, Err(error)),
            };
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

fn without_nul<E: de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("NUL character in text"));
    }
    Ok(())
}

fn beyond<E: de::Error>() -> E {
    E::custom(format_args!("number beyond \u{b1}{MAX_INTEGER}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> (String, String) {
        let malformed = parse(text.as_bytes()).unwrap_err();
        (malformed.pointer, malformed.reason)
    }

    #[test]
    fn errors_name_their_place() {
        let malformed = parse(b"{\"a\": [1,\n {\"b/c\": 1, \"b/c\": 2}]}").unwrap_err();
        assert_eq!(malformed.pointer, "/a/1/b~1c");
        assert_eq!(malformed.reason, "duplicate name `b/c`");
        assert_eq!(malformed.line, 2);
    }

    #[test]
    fn ambiguous_json_is_refused() {
        assert_eq!(refused(r#"{"a":1,"a":1}"#).0, "/a");
        assert_eq!(
            refused(r#"["\u0000"]"#),
            ("/0".into(), "NUL character in text".into())
        );
        assert_eq!(refused("{\"a\\u0000\":1}").1, "NUL character in text");
        assert!(parse(br#""\ud800""#).is_err());
        assert!(parse(br#""\udc00\ud800""#).is_err());
        assert!(refused("[9007199254740992]").1.starts_with("number beyond"));
        assert!(
            refused("[-9007199254740992]")
                .1
                .starts_with("number beyond")
        );
        assert!(
            refused("[123456789012345678901234567890]")
                .1
                .starts_with("number beyond")
        );
        assert!(refused("[1e999]").1.contains("range"));
        assert!(refused("[1] 2").1.contains("trailing"));
        assert!(parse(b"").is_err());
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn numbers_without_fraction_are_integers() {
        assert_eq!(
            parse(b"[1.0, 1e3, -0.0, 9007199254740991, 0.5]").unwrap(),
            json!([1, 1000, 0, MAX_INTEGER, 0.5])
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(refused(&nested(MAX_DEPTH + 1)).1.contains("nested deeper"));
        assert!(parse("[".repeat(10_000).as_bytes()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn what_is_taken_is_what_serde_json_reads(text in r#"[\[\]{}:,0-9a"\\ .e-]{0,24}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                let read: Value = serde_json::from_str(&text).unwrap();
                let same = |a: &Value, b: &Value| a.as_f64() == b.as_f64();
                prop_assert!(value == read || !value.is_number() || same(&value, &read) || text.contains('.') || text.contains('e'));
            }
        }
    }
}
