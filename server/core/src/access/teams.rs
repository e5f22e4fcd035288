//! Teams: a tree of people who work together.

mod handlers;
pub mod row;
mod rules;
#[cfg(test)]
mod tests;
