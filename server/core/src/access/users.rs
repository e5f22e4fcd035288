//! The people of a business: the rules for their properties, how they are read, and how they change.

pub mod change;
pub mod excess;
pub mod import;
pub mod row;
pub(super) mod rules;
pub mod standing;
mod taken;

pub use row::User;
