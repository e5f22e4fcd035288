//! The crate root: the generated modules, nothing else.
