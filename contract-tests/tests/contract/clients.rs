//! The suites of the generated clients.

use std::sync::Arc;

use contract_tests::{runner::Test, world::World};

pub fn tests(_: &Arc<World>) -> Vec<Test> {
    Vec::new()
}
