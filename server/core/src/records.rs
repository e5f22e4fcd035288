//! Records of every type: what they may hold, how they are written, found, listed and read.

pub mod column;
pub mod cursor;
pub mod filter;
pub mod fold;
pub mod list;
pub mod row;
pub mod sort;
pub mod sql;
pub mod totals;
