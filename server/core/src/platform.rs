//! The state, the limits and the contract of the API itself.

mod dashboard;
pub(crate) mod documents;
mod handlers;
