//! The native host: the core's ports on one machine, an HTTP server around its router, and the command line.

pub mod backup;
pub mod blobs;
pub mod check;
pub mod cli;
pub mod clock;
pub mod compute;
pub mod demo;
pub mod directory;
pub mod error;
pub mod export;
pub mod files;
mod folder;
pub mod host;
pub mod import;
pub mod limiter;
pub mod log;
pub mod operator;
pub mod serve;
pub mod store;
pub mod upkeep;
