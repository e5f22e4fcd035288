//! The infrastructure of the contract tests: a host that runs the server, a proxy that records what each client sends
//! and gets, a judge that checks every exchange against `spec/openapi.yaml`, and the coverage matrix. Nothing here uses
//! the generated code, so the tests also find mistakes of the generator. The suites are in `tests/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the whole package is a test: anything unexpected has to end it"
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
