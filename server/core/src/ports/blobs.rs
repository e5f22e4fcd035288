//! The storage for the bytes of files, each under a key that belongs to a tenant. A blob is complete or absent: putting
//! one replaces the earlier blob atomically, and bytes that do not match the checksum are refused.

use std::ops::Range;

use bytes::Bytes;

use super::Answer;

pub mod admission;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod key;
pub mod signed;

pub use key::{BlobKey, KeyError};

/// The largest blob, in bytes: a Worker holds two copies of it in memory.
pub const LARGEST: usize = 25 << 20;

/// The metadata of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobHead {
    /// The number of bytes.
    pub bytes: u64,
    /// The media type (RFC 9110, section 8.3).
    pub content_type: String,
    pub sha256: [u8; 32],
}

/// A blob, or the requested part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The metadata of the whole blob.
    pub head: BlobHead,
    pub bytes: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    #[error("the blob has {0} bytes: at most {LARGEST} are taken")]
    TooLarge(usize),
    #[error("the bytes are others than the checksum says")]
    Checksum,
    #[error(
        "{0:?} is no content type: a type, a slash and a subtype in printable ASCII, at most 127 characters"
    )]
    ContentType(String),
    /// The requested part begins after the end.
    #[error("the blob has {bytes} bytes: none of them is in the range")]
    Range { bytes: u64 },
    /// A repeat may succeed later.
    #[error("the blobs cannot be reached: {0}")]
    Busy(String),
    #[error("{0}")]
    Failed(String),
}

pub trait Blobs: Send + Sync + 'static {
    /// Stores the bytes, durable on return. They have to match the checksum `sha256`.
    fn put<'a>(
        &'a self,
        key: &'a BlobKey,
        content_type: &'a str,
        sha256: [u8; 32],
        bytes: Bytes,
    ) -> Answer<'a, Result<(), BlobError>>;
    /// The blob, or its bytes in `part`; None if there is no such blob.
    fn get<'a>(
        &'a self,
        key: &'a BlobKey,
        part: Option<Range<u64>>,
    ) -> Answer<'a, Result<Option<Blob>, BlobError>>;
    fn head<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<Option<BlobHead>, BlobError>>;
    /// Deletes the blob; deleting an absent one succeeds.
    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<(), BlobError>>;
}
