//! API keys of other systems.

pub mod api_keys;
mod handlers;

#[cfg(test)]
mod tests;
