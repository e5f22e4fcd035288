//! `crm import`: files of other systems become records and users. A mapping says which column becomes which field. Every
//! file is read through and judged before the first row is written, so that a file with errors changes nothing; rows are
//! recognised by a key of theirs, so that a second import changes nothing and one that was cut off goes on.

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
pub mod spool;
pub mod table;
pub mod text;
pub mod write;
