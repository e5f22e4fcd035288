//! Why an operation did not do what it was asked, before it is known which operation it was: any code of the contract.
//! Handlers narrow it to the codes that their operation documents.

use crm_contract::codes::{Code, EveryCode};
use crm_runtime::server::{ErrorCode, Problem};
use serde_json::Value;

use crate::{
    fault::{self, Fault},
    schema::Failure,
};

#[derive(Debug)]
pub struct Refusal(Problem<Code>);

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Problem::new(code, message))
    }

    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(name, value))
    }

    pub fn code(&self) -> Code {
        self.0.code()
    }

    pub fn problem(&self) -> &Problem<Code> {
        &self.0
    }

    /// Lists all failures under a code.
    pub fn failures(code: Code, what: &str, failures: Vec<Failure>) -> Self {
        let message = match failures.as_slice() {
            [only] => format!("{what}: {}", only.message),
            many => format!(
                "{what} in {} places: {}",
                many.len(),
                many.first()
                    .map(|first| first.message.as_str())
                    .unwrap_or_default()
            ),
        };
        let errors: Vec<Value> = failures
            .into_iter()
            .map(|failure| serde_json::json!({"pointer": failure.pointer, "rule": failure.rule, "message": failure.message}))
            .collect();
        Self::new(code, message).with("errors", errors)
    }

    /// What the contract's own checks could not know: names that only the schema has.
    pub fn invalid(failures: Vec<Failure>) -> Self {
        Self::failures(Code::ValidationFailed, "The request is not valid", failures)
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what)
    }

    /// As the operation's own error.
    pub fn narrow<E: ErrorCode + From<EveryCode>>(self) -> Problem<E> {
        fault::narrow(self.0)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self(fault.into())
    }
}
