//! What generated code stands on. The base holds what servers and clients share: JSON values that
//! stay text, typed record fields, open enumerations, media types and their versions. Feature
//! `server` adds the way of a request from bytes to handler and back, `client` what a call needs.

pub mod form;
pub mod json;
pub mod media;
pub mod open_enum;
pub mod patch;
pub mod present;
mod published;
pub mod raw_json;
pub mod record;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
pub mod server;

pub use media::{Media, MediaVersion, negotiate};
pub use patch::Patch;
pub use present::present;
pub use published::{Published, PublishedText, patched};
pub use raw_json::RawJson;
pub use record::RecordFields;

/// A JSON object as it came: names to values.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// What generated code names of other crates, so that a crate that holds generated code needs no
/// dependency beside this one.
#[doc(hidden)]
pub mod reexport {
    pub use bytes;
    pub use http;
    pub use serde;
    pub use serde_json;

    #[cfg(feature = "server")]
    pub use axum;
}
