//! What the conformance suites of the ports have in common. A case answers what it saw instead of panicking, so that it
//! runs on hosts where a panic ends the program.

use std::fmt::Debug;

/// What a case saw, if it is not what it expected.
pub type Verdict = Result<(), String>;

pub fn same<T: PartialEq + Debug>(what: &str, seen: T, expected: T) -> Verdict {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: saw {seen:?}, expected {expected:?}"))
    }
}
