//! Who the caller is, and what the caller may do.

mod handlers;
mod permissions;

pub use handlers::business;
