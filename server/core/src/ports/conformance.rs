//! The common parts of the ports' conformance suites. A case returns a message instead of panicking, so that it runs on
//! hosts where a panic ends the program.

use std::fmt::Debug;

use super::Answer;

/// The result of a case; the error is a message.
pub type Verdict = Result<(), String>;

/// One case of a suite for a `Subject`.
pub struct Case<Subject> {
    pub name: &'static str,
    pub run: fn(Subject) -> Answer<'static, Verdict>,
}

/// Defines the cases of a suite by the names of their functions, each with the suite's own `Subject`.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        /// Every case; their order means nothing.
        pub const CASES: &[$crate::ports::conformance::Case<Subject>] = &[
            $($crate::ports::conformance::Case {
                name: stringify!($name),
                run: |subject| Box::pin($name(subject)),
            }),+
        ];
    };
}

pub(super) use cases;

pub fn same<T: PartialEq + Debug>(what: &str, seen: T, expected: T) -> Verdict {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: saw {seen:?}, expected {expected:?}"))
    }
}
