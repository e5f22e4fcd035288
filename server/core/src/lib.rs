//! The CRM: handlers and business logic, the same on every host. A host provides the ports, mounts the router and
//! transports bytes. All decisions are made here.

pub mod access;
pub mod allowance;
pub mod auth;
pub mod context;
pub mod contract;
pub mod core;
pub mod cursor;
pub mod etag;
pub mod failure;
pub mod fault;
pub mod fold;
pub mod held;
pub mod hex;
pub mod http;
pub mod integrations;
pub mod me;
pub mod migrations;
mod new_id;
pub mod page;
pub mod platform;
pub mod portal;
pub mod ports;
pub mod random_id;
pub mod records;
pub mod refusal;
pub mod rows;
pub mod schema;
pub mod shares;
pub mod shown;
pub mod tenant;
mod upkeep;
mod v1;
pub mod work;

pub use crate::core::Core;
/// [`code_set`] needs these.
#[doc(hidden)]
pub use {crm_contract, crm_runtime};

#[cfg(test)]
mod testing;
