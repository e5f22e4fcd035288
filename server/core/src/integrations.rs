//! API keys of other systems, and deprecations of the API.

pub mod api_keys;
pub mod deprecations;
mod handlers;
pub mod notices;
pub mod usage;

#[cfg(test)]
mod tests;
