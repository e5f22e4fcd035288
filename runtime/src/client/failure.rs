//! Documented failures whose bodies differ by status.

use bytes::Bytes;
use progenitor_client::{Error, ResponseValue};
use reqwest::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The failures of a call; generated enums implement it.
pub trait FailureBody: Sized {
    /// Reads the body of a failure.
    fn read(status: u16, body: Bytes) -> Self;
}

/// Shortcuts to the failure in an error.
pub trait FailureExt<E> {
    /// The failure that the server answered.
    fn failure(&self) -> Option<&E>;
}

impl<E: FailureBody> FailureExt<E> for Error<E> {
    fn failure(&self) -> Option<&E> {
        match self {
            Error::ErrorResponse(answer) => Some(answer.as_ref()),
            _ => None,
        }
    }
}

/// Makes an error from an answer.
pub async fn failure<E: FailureBody>(response: Response) -> Error<E> {
    let (status, headers) = (response.status(), response.headers().clone());
    match response.bytes().await {
        Ok(body) => {
            let body = E::read(status.as_u16(), body);
            Error::ErrorResponse(ResponseValue::new(body, status, headers))
        }
        Err(error) => Error::ResponseBodyError(error),
    }
}

/// Reads a body in its documented form, else keeps its bytes.
pub fn read_as<T: DeserializeOwned, E>(
    body: Bytes,
    known: impl FnOnce(T) -> E,
    other: impl FnOnce(Bytes) -> E,
) -> E {
    match serde_json::from_slice(&body) {
        Ok(value) => known(value),
        Err(_) => other(body),
    }
}

/// Reads a generated server's own refusal: exactly `code`, `message` and `context`. It is tried first, since a
/// documented body with only optional properties would match it too.
pub fn refusal<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let members = value.as_object()?;
    let is_refusal = members.len() == 3
        && members.get("code").is_some_and(Value::is_string)
        && members.get("message").is_some_and(Value::is_string)
        && members.get("context").is_some_and(Value::is_object);
    is_refusal.then(|| serde_json::from_value(value).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_other_bodies() {
        let read = |text: &str| refusal::<Value>(text.as_bytes()).is_some();
        assert!(read(
            r#"{"code": "INTERNAL", "message": "", "context": {}}"#
        ));
        for text in [
            "",
            "[]",
            r#"{"code": 1, "message": "", "context": {}}"#,
            r#"{"code": "x", "message": ""}"#,
            r#"{"code": "x", "message": "", "context": {}, "more": 1}"#,
        ] {
            assert!(!read(text), "{text}");
        }
    }
}
