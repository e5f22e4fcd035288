//! `crm-codegen`: reads, lints, slices, lowers and compares OpenAPI contracts, and generates servers and clients from
//! them. It knows nothing of the CRM: everything particular to an API is in its document, as an OpenAPI keyword or an
//! `x-` extension.

pub mod adapt;
pub mod conforms;
pub mod consumers;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod generate;
pub mod hoist;
pub mod lint;
pub mod lower;
pub mod names;
pub mod openapi30;
pub mod overlay;
pub mod page;
mod progenitor_name;
pub mod publish;
pub mod release;
pub mod slice;
pub mod source;
pub mod text;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use document::Document;
pub use source::Node;
