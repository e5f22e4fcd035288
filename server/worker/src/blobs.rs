//! `Blobs` on R2: an object per key; R2 itself verifies the checksum.

use std::ops::Range;

use bytes::Bytes;
use crm_core::ports::{
    Answer,
    blobs::{
        Blob, BlobError, BlobHead, BlobKey, Blobs, LARGEST,
        admission::{admit, part},
    },
};
use worker::{Bucket, HttpMetadata, Object, send::SendFuture};

pub struct R2Blobs(pub Bucket);

impl R2Blobs {
    async fn take(
        &self,
        key: &BlobKey,
        content_type: &str,
        sha256: [u8; 32],
        bytes: Bytes,
    ) -> Result<(), BlobError> {
        admit(content_type, &sha256, &bytes)?;
        let metadata = HttpMetadata {
            content_type: Some(content_type.to_owned()),
            ..HttpMetadata::default()
        };
        let put = self.0.put(key.to_string(), Vec::from(bytes));
        let put = put.http_metadata(metadata).sha256(sha256).execute().await;
        put.map(drop).map_err(|error| failed(&error))
    }

    async fn give(
        &self,
        key: &BlobKey,
        asked: Option<Range<u64>>,
    ) -> Result<Option<Blob>, BlobError> {
        let mut get = self.0.get(key.to_string());
        if let Some(asked) = &asked {
            // No blob is larger, and R2 refuses a range that ends beyond that.
            let end = asked.end.min(LARGEST as u64);
            let Some(length) = end.checked_sub(asked.start).filter(|length| *length > 0) else {
                return self.beyond(key, asked.clone()).await;
            };
            get = get.range(worker::Range::OffsetWithLength {
                offset: asked.start,
                length,
            });
        }
        let object = match (get.execute().await, asked.clone()) {
            (Ok(Some(object)), _) => object,
            (Ok(None), _) => return Ok(None),
            // R2 reports a range beyond the end and an unreachable object with the same error.
            (Err(error), Some(asked)) => {
                tracing::debug!(%error, "R2 did not return the range");
                return self.beyond(key, asked).await;
            }
            (Err(error), None) => return Err(failed(&error)),
        };
        let head = head(&object)?;
        let part = part(asked, head.bytes)?;
        let body = object
            .body()
            .ok_or_else(|| BlobError::Failed("R2 returned no body".into()))?;
        let bytes = body.bytes().await.map_err(|error| failed(&error))?;
        if bytes.len() as u64 != part.end - part.start {
            return Err(BlobError::Busy("R2 returned another range".into()));
        }
        Ok(Some(Blob {
            head,
            bytes: bytes.into(),
        }))
    }

    /// Finds out why R2 returned no range: the blob does not exist, or ends before the range, or R2 failed.
    async fn beyond(&self, key: &BlobKey, asked: Range<u64>) -> Result<Option<Blob>, BlobError> {
        let Some(head) = self.look(key).await? else {
            return Ok(None);
        };
        part(Some(asked), head.bytes)?;
        Err(BlobError::Busy(
            "R2 did not return an existing range".into(),
        ))
    }

    async fn look(&self, key: &BlobKey) -> Result<Option<BlobHead>, BlobError> {
        let object = self.0.head(key.to_string()).await;
        let object = object.map_err(|error| failed(&error))?;
        object.as_ref().map(head).transpose()
    }
}

fn head(object: &Object) -> Result<BlobHead, BlobError> {
    let foreign = || BlobError::Failed(format!("{} was not put by this program", object.key()));
    let sha256 = object.checksum().sha256.and_then(|sum| sum.try_into().ok());
    Ok(BlobHead {
        bytes: object.size(),
        content_type: object.http_metadata().content_type.ok_or_else(foreign)?,
        sha256: sha256.ok_or_else(foreign)?,
    })
}

/// R2 names temporary errors only in its message. Errors of the caller are excluded, since `admit` found them before.
fn failed(error: &worker::Error) -> BlobError {
    BlobError::Busy(error.to_string())
}

impl Blobs for R2Blobs {
    fn put<'a>(
        &'a self,
        key: &'a BlobKey,
        content_type: &'a str,
        sha256: [u8; 32],
        bytes: Bytes,
    ) -> Answer<'a, Result<(), BlobError>> {
        Box::pin(SendFuture::new(self.take(key, content_type, sha256, bytes)))
    }

    fn get<'a>(
        &'a self,
        key: &'a BlobKey,
        part: Option<Range<u64>>,
    ) -> Answer<'a, Result<Option<Blob>, BlobError>> {
        Box::pin(SendFuture::new(self.give(key, part)))
    }

    fn head<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<Option<BlobHead>, BlobError>> {
        Box::pin(SendFuture::new(self.look(key)))
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Result<(), BlobError>> {
        Box::pin(SendFuture::new(async move {
            let deleted = self.0.delete(key.to_string()).await;
            deleted.map_err(|error| failed(&error))
        }))
    }
}
