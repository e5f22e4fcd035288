//! A strict JSON parser by the rules of the contract: no duplicate names in an object, no integers beyond 2^53 - 1, no
//! NUL in texts, bounded depth. `serde_json` itself accepts duplicate names and keeps the last.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

const GREATEST: u64 = (1 << 53) - 1;
const DEEPEST: usize = 64;

/// Parses `bytes` as JSON; the error is a message.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Strict, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("nested too deep"));
        }
        Ok(Strict {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        match value {
            0..=GREATEST => Ok(value.into()),
            _ => Err(E::custom("an integer beyond 2^53 - 1")),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        match value.unsigned_abs() {
            0..=GREATEST => Ok(value.into()),
            _ => Err(E::custom("an integer beyond 2^53 - 1")),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("no number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(E::custom("NUL in text"));
        }
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self.deeper()?)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.contains('\0') {
                return Err(A::Error::custom("NUL in a name"));
            }
            let value = members.next_value_seed(self.deeper()?)?;
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the name {name:?} twice")));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_readers_forgive_is_refused() {
        assert_eq!(parse(br#"{"a": [1, null, "x", 1.5]}"#).unwrap()["a"][0], 1);
        for broken in [
            &br#"{"a": 1, "a": 2}"#[..],
            br#"{"a": 9007199254740992}"#,
            br#"{"a": -9007199254740992}"#,
            br#"{"a": "\u0000"}"#,
            br#"{"a": "\ud800"}"#,
            br#"{"a": 1} x"#,
            b"\"\xff\"",
            b"",
        ] {
            assert!(
                parse(broken).is_err(),
                "{}",
                String::from_utf8_lossy(broken)
            );
        }
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert!(parse(deep.as_bytes()).is_err());
        let nested = "[".repeat(64) + &"]".repeat(64);
        assert!(parse(nested.as_bytes()).is_ok());
    }
}
