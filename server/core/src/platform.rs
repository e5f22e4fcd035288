//! The state, the limits and the contract of the API itself.

mod dashboard;
mod documents;
mod handlers;
