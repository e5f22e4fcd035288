//! API keys of other systems, and what of the API is going away.

pub mod api_keys;
pub mod deprecations;
mod handlers;
pub mod notices;
pub mod usage;

#[cfg(test)]
mod tests;
