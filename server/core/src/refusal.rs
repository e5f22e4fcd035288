//! Refusals by rules that do not know which operation they serve. The type of a rule names its codes. The compiler
//! checks that only operations that document these codes use the rule.

use crm_contract::codes::OperationCode;
use crm_runtime::server::{DocumentedBy, ErrorCode, GateCode, Problem};
use serde_json::Value;

use crate::{
    failure::{Failures, listed},
    fault::Fault,
};

/// `C`: a code of the contract, or a set of them ([`code_set`](crate::code_set)).
#[derive(Clone, Debug)]
pub enum Refusal<C> {
    /// An error that any operation can have.
    Fault(Fault),
    /// A refusal by a rule.
    Refused(Problem<C>),
}

impl<C> Refusal<C> {
    pub fn new(code: C, message: impl Into<String>) -> Self {
        Self::Refused(Problem::new(code, message))
    }

    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        match self {
            Self::Fault(_) => self,
            Self::Refused(problem) => Self::Refused(problem.with(name, value)),
        }
    }

    /// Lists failures under a code, and says how many are not listed.
    pub fn failures(code: C, what: &str, failures: Failures) -> Self {
        let found = failures.found();
        Self::Refused(listed(code, what, found, failures.into_list()))
    }

    /// The same refusal under another code.
    pub fn map<D>(self, code: impl FnOnce(C) -> D) -> Refusal<D> {
        match self {
            Self::Fault(fault) => Refusal::Fault(fault),
            Self::Refused(problem) => Refusal::Refused(problem.map(code)),
        }
    }

    /// The same refusal with a larger set of codes.
    pub fn widen<D>(self) -> Refusal<D>
    where
        C: DocumentedBy<D>,
    {
        self.map(C::documented)
    }

    /// The error of an operation that documents all the codes.
    pub fn narrow<E: OperationCode>(self) -> Problem<E>
    where
        C: DocumentedBy<E>,
    {
        match self {
            Self::Fault(fault) => fault.into(),
            Self::Refused(problem) => problem.widen(),
        }
    }
}

impl<C: ErrorCode> Refusal<C> {
    /// The problem for places without an operation: a value in an answer, or a line for the operator.
    pub fn problem(&self) -> Problem<GateCode> {
        match self.clone() {
            Self::Fault(fault) => fault.problem().into_gate(),
            Self::Refused(problem) => problem.into_gate(),
        }
    }
}

impl<C> From<Fault> for Refusal<C> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Defines a set of codes. A refusal with one code of the set converts to the set by `?`. A refusal with another set
/// converts by [`Refusal::widen`], if this set contains all of its codes.
#[macro_export]
macro_rules! code_set {
    ($(#[$meta:meta])* $visible:vis enum $name:ident { $($code:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name {
            $($code,)+
        }

        impl $crate::crm_runtime::server::ErrorCode for $name {
            fn code(self) -> &'static str {
                match self {
                    $(Self::$code => $crate::crm_runtime::server::ErrorCode::code($crate::crm_contract::codes::$code),)+
                }
            }

            fn status(self) -> $crate::crm_runtime::reexport::http::StatusCode {
                match self {
                    $(Self::$code => $crate::crm_runtime::server::ErrorCode::status($crate::crm_contract::codes::$code),)+
                }
            }
        }

        impl<E> $crate::crm_runtime::server::DocumentedBy<E> for $name
        where
            $(E: ::std::convert::From<$crate::crm_contract::codes::$code>,)+
        {
            fn documented(self) -> E {
                match self {
                    $(Self::$code => $crate::crm_contract::codes::$code.into(),)+
                }
            }
        }

        $(
            impl ::std::convert::From<$crate::crm_contract::codes::$code> for $name {
                fn from(_: $crate::crm_contract::codes::$code) -> Self {
                    Self::$code
                }
            }

            impl ::std::convert::From<$crate::refusal::Refusal<$crate::crm_contract::codes::$code>>
                for $crate::refusal::Refusal<$name>
            {
                fn from(refusal: $crate::refusal::Refusal<$crate::crm_contract::codes::$code>) -> Self {
                    refusal.widen()
                }
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    use crm_contract::{
        codes,
        latest::server::records::{CreateError, DeleteError},
    };

    use super::*;

    crate::code_set! {
        enum Moved { NotFound, VersionMismatch }
    }

    fn refuse() -> Result<(), Refusal<Moved>> {
        let gone = Refusal::new(codes::NotFound, "It is gone.").with("id", 7);
        Err(gone)?
    }

    #[test]
    fn a_refusal_is_the_operations_own_error_with_all_that_was_said() {
        let problem: Problem<DeleteError> = refuse().map_err(Refusal::narrow).unwrap_err();
        assert_eq!(problem.code(), DeleteError::NotFound);
        assert_eq!(
            (problem.message(), problem.context()["id"].as_i64()),
            ("It is gone.", Some(7))
        );
    }

    #[test]
    fn a_fault_goes_through_rules_as_it_is() {
        let busy: Refusal<codes::NotFound> = Fault::Busy("locked".into()).into();
        let problem: Problem<CreateError> = busy.widen::<Moved2>().narrow();
        assert_eq!(problem.code(), CreateError::TenantBusy);
    }

    crate::code_set! {
        enum Moved2 { NotFound, IdTaken }
    }
}
