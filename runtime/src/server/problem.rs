//! Errors of operations: a documented code, a message for people, and a context with everything that a program needs.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::JsonObject;

/// A documented error code.
pub trait ErrorCode: Copy + fmt::Debug + Send + Sync + 'static {
    /// The code's text: upper case, stable.
    fn code(self) -> &'static str;
    /// The HTTP status of the code.
    fn status(self) -> StatusCode;
}

/// Implemented by codes and sets of codes that are all codes of `E`: by a code if `E` is `From` it, and by a set if
/// each of its codes is. So only an operation that documents all codes of a refusal can use it.
pub trait DocumentedBy<E> {
    /// The same code as a code of `E`.
    fn documented(self) -> E;
}

/// An error code by name and status, for the gate and the router, which do not know an operation's enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateCode {
    pub code: &'static str,
    pub status: StatusCode,
}

impl GateCode {
    pub const GONE: Self = Self::new("GONE", StatusCode::GONE);
    pub const INTERNAL: Self = Self::new("INTERNAL", StatusCode::INTERNAL_SERVER_ERROR);
    pub const MALFORMED_JSON: Self = Self::new("MALFORMED_JSON", StatusCode::BAD_REQUEST);
    pub const METHOD_NOT_ALLOWED: Self =
        Self::new("METHOD_NOT_ALLOWED", StatusCode::METHOD_NOT_ALLOWED);
    pub const NOT_FOUND: Self = Self::new("NOT_FOUND", StatusCode::NOT_FOUND);
    pub const PAYLOAD_TOO_LARGE: Self =
        Self::new("PAYLOAD_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE);
    pub const UNSUPPORTED_MEDIA_TYPE: Self =
        Self::new("UNSUPPORTED_MEDIA_TYPE", StatusCode::UNSUPPORTED_MEDIA_TYPE);
    pub const VALIDATION_FAILED: Self = Self::new("VALIDATION_FAILED", StatusCode::BAD_REQUEST);

    pub const fn new(code: &'static str, status: StatusCode) -> Self {
        Self { code, status }
    }

    /// The same code without its enumeration.
    pub fn of(code: impl ErrorCode) -> Self {
        Self::new(code.code(), code.status())
    }
}

impl ErrorCode for GateCode {
    fn code(self) -> &'static str {
        self.code
    }

    fn status(self) -> StatusCode {
        self.status
    }
}

/// The status of a code; the generator has checked the number.
#[doc(hidden)]
pub fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error with everything that its receiver needs to act on it. It is one pointer in size, so that results stay
/// small.
#[derive(Clone)]
pub struct Problem<E>(Box<Inner<E>>);

#[derive(Clone)]
struct Inner<E> {
    code: E,
    message: String,
    context: JsonObject,
    retry_after: Option<u32>,
}

impl<E> Problem<E> {
    pub fn new(code: E, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            context: JsonObject::new(),
            retry_after: None,
        }))
    }

    /// Adds to the context.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.context.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the answer's `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn context(&self) -> &JsonObject {
        &self.0.context
    }

    /// `Retry-After` in seconds.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The same problem with a code of another enumeration.
    pub fn map<F>(self, code: impl FnOnce(E) -> F) -> Problem<F> {
        let Inner {
            code: from,
            message,
            context,
            retry_after,
        } = *self.0;
        Problem(Box::new(Inner {
            code: code(from),
            message,
            context,
            retry_after,
        }))
    }

    /// The same problem with an enumeration that contains its codes.
    pub fn widen<F>(self) -> Problem<F>
    where
        E: DocumentedBy<F>,
    {
        self.map(E::documented)
    }
}

impl<E: ErrorCode> Problem<E> {
    pub fn code(&self) -> E {
        self.0.code
    }

    /// The same problem with its code by name.
    pub fn into_gate(self) -> Problem<GateCode> {
        self.map(GateCode::of)
    }

    /// The body as `{code, message, context}`; `request_id` goes into the context.
    pub fn body(&self, request_id: Option<&str>) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            code: &'a str,
            message: &'a str,
            context: Context<'a>,
        }
        let body = Body {
            code: self.0.code.code(),
            message: &self.0.message,
            context: self.told(request_id),
        };
        // Strings and JSON values always print.
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The body as problem details (RFC 9457), with code and context as members of their own. `types` is the prefix of
    /// the problem's type, before the code.
    pub fn details(&self, types: &str, request_id: Option<&str>) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: String,
            status: u16,
            detail: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            instance: Option<String>,
            code: &'a str,
            context: Context<'a>,
        }
        let code = self.0.code.code();
        let body = Body {
            r#type: format!("{types}{code}"),
            title: title(code),
            status: self.0.code.status().as_u16(),
            detail: &self.0.message,
            instance: request_id.map(|id| format!("urn:uuid:{id}")),
            code,
            context: self.told(request_id),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    fn told<'a>(&'a self, request_id: Option<&'a str>) -> Context<'a> {
        Context {
            request_id: request_id.filter(|_| !self.0.context.contains_key("request_id")),
            rest: &self.0.context,
        }
    }
}

#[derive(Serialize)]
struct Context<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    rest: &'a JsonObject,
}

/// A code in words: `ID_TAKEN` is "ID taken".
pub fn title(code: &str) -> String {
    let words = code.split('_').enumerate().map(|(index, word)| {
        if matches!(word, "ID" | "JSON") {
            return word.to_owned();
        }
        let small = word.to_ascii_lowercase();
        match (index, small.get(..1)) {
            (0, Some(first)) => format!("{}{}", first.to_ascii_uppercase(), &small[1..]),
            _ => small,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

impl<E: fmt::Debug> fmt::Debug for Problem<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("context", &self.0.context)
            .field("retry_after", &self.0.retry_after)
            .finish()
    }
}

impl<E: ErrorCode> fmt::Display for Problem<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.code(), self.0.message)
    }
}

impl<E: ErrorCode> std::error::Error for Problem<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_printed_with_its_context_and_the_request_id() {
        let problem = Problem::new(GateCode::NOT_FOUND, "There is no such job.")
            .with("id", "7")
            .retry_after(3);
        assert_eq!(problem.retry_after_seconds(), Some(3));
        assert_eq!(
            String::from_utf8(problem.body(Some("r1"))).unwrap(),
            r#"{"code":"NOT_FOUND","message":"There is no such job.","context":{"request_id":"r1","id":"7"}}"#
        );
    }

    #[test]
    fn problem_details_have_the_members_of_the_rfc_and_keep_code_and_context() {
        let problem = Problem::new(GateCode::NOT_FOUND, "There is no such job.").with("id", "7");
        assert_eq!(
            String::from_utf8(problem.details("/docs#code-", Some("r1"))).unwrap(),
            r##"{"type":"/docs#code-NOT_FOUND","title":"Not found","status":404,"detail":"There is no such job.","instance":"urn:uuid:r1","code":"NOT_FOUND","context":{"request_id":"r1","id":"7"}}"##
        );
    }

    #[test]
    fn a_title_is_the_code_in_words() {
        for (code, words) in [
            ("ID_TAKEN", "ID taken"),
            ("MALFORMED_JSON", "Malformed JSON"),
            ("INTERNAL", "Internal"),
            ("", ""),
        ] {
            assert_eq!(title(code), words);
        }
    }

    #[test]
    fn a_problem_is_one_pointer() {
        assert_eq!(size_of::<Problem<GateCode>>(), size_of::<usize>());
    }
}
