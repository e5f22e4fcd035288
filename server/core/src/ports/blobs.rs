//! Where files' bytes lie, each under a key that belongs to a tenant. A blob is whole or it is not there: one that is put
//! replaces what was there before at once, and what arrives other than its checksum says is refused.

use std::ops::Range;

use bytes::Bytes;

use super::Answer;

pub mod admission;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod key;
pub mod signed;

pub use key::{BlobKey, KeyError};

/// The largest blob, in bytes: a Worker's memory holds it twice over.
pub const LARGEST: usize = 25 << 20;

/// What is known of a blob beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobHead {
    /// How many it has.
    pub bytes: u64,
    /// RFC 9110, section 8.3.
    pub content_type: String,
    pub sha256: [u8; 32],
}

/// A blob, or the asked part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Of the whole blob.
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
    /// The part that was asked for begins where nothing is.
    #[error("the blob has {bytes} bytes: none of them is in the range")]
    Range { bytes: u64 },
    /// It may work in a moment.
    #[error("the blobs cannot be reached: {0}")]
    Busy(String),
    #[error("{0}")]
    Failed(String),
}

pub trait Blobs: Send + Sync + 'static {
    /// Keeps the bytes, durably once answered. `sha256` is what they have to add up to.
    fn put<'a>(
        &'a self,
        key: &'a BlobKey,
        content_type: &'a str,
        sha256: [u8; 32],
        bytes: Bytes,
    ) -> Answer<'a, Result<(), BlobError>>;
    /// The blob, or those bytes of it that are in `part`; none if there is no such blob.
    fn get<'a>(
        &'a self,
        key: &'a BlobKey,
        part: Option<Range<u64>>,
    ) -> Answer<'a, Result<Option<Blob>, BlobError>>;
    fn head<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<Option<BlobHead>, BlobError>>;
    /// What is not there is deleted.
    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<(), BlobError>>;
}
