//! The state, the limits and the contract of the API itself.

mod documents;
mod handlers;
