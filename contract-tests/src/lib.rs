//! What the contract tests stand on: a host that runs the server, a proxy that records what each
//! client sends and gets, a judge that holds every exchange against `spec/openapi.yaml`, and the
//! matrix of what has to be covered. Nothing here uses the code that is generated from the contract,
//! so a mistake of the generator cannot hide itself. The suites are in `tests/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the whole package is a test: whatever does not go as expected has to end it"
)]

pub mod business;
pub mod contract;
pub mod coverage;
pub mod exchange;
pub mod host;
pub mod judge;
pub mod proxy;
pub mod raw;
pub mod recording;
pub mod runner;
pub mod world;
