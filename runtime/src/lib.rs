//! The runtime of generated code. The base has the parts that servers and clients share: JSON values that stay text,
//! typed record fields, open enumerations, media types and their versions. The feature `server` adds serving a request,
//! from bytes to handler and back; `client` adds making a call.

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

/// A JSON object: names to values.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// Re-exports of other crates for generated code, so that a crate with generated code depends only on this one.
#[doc(hidden)]
pub mod reexport {
    pub use bytes;
    pub use http;
    pub use serde;
    pub use serde_json;

    #[cfg(feature = "server")]
    pub use axum;
}
