//! Access: roles, users, teams, and what a caller's roles grant. One place restricts the SQL that reads records. One
//! place computes what a caller may see of a record.

pub mod grants;
mod handlers;
pub mod rights;
pub mod roles;
pub mod teams;
pub mod users;
pub mod visibility;

#[cfg(test)]
mod tests;
