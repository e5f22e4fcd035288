//! Records of every type: which values they hold, and how they are written, found, listed and read.

pub mod column;
pub mod filter;
pub mod handlers;
pub mod id;
pub mod import;
pub mod list;
pub mod print;
pub mod read;
pub mod refold;
pub mod refusals;
pub mod row;
pub mod search;
pub mod sort;
pub mod sql;
pub mod totals;
pub mod write;

#[cfg(test)]
pub mod tests;
