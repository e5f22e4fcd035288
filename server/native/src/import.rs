//! `crm import`: files of other systems become records and users. A mapping says which column becomes which field.
//! Every file is read and checked completely before the first row is written, so a file with errors changes nothing. A
//! key identifies each row, so a second import changes nothing, and an interrupted import, run again, continues.

pub mod batches;
pub mod convert;
pub mod definitions;
pub mod index;
pub mod issue;
pub mod judge;
pub mod mapping;
pub mod plan;
pub mod quoting;
pub mod run;
pub mod schema;
pub mod spool;
pub mod table;
pub mod text;
pub mod write;
