//! The conformance suite of `Blobs`: cases that a host runs on its implementation, each with new tenants.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::{
    Blob, BlobError, BlobHead, BlobKey, Blobs, LARGEST,
    key::{PART, PARTS},
};
use crate::ports::{
    conformance::{Verdict, cases, same},
    store::TenantId,
};

/// The blobs under test, and two tenants without blobs.
#[derive(Clone)]
pub struct Subject {
    pub blobs: Arc<dyn Blobs>,
    pub tenant: TenantId,
    pub other: TenantId,
}

cases![
    what_was_never_put_is_not_there,
    what_is_put_comes_back,
    a_part_comes_back,
    a_part_of_nothing_is_refused,
    the_last_put_counts_whole,
    puts_at_once_leave_one_of_them_whole,
    what_is_deleted_is_gone,
    what_arrives_damaged_is_refused,
    what_is_no_content_type_is_refused,
    the_largest_is_taken_and_no_larger,
    a_name_may_go_on_below_another,
    names_as_long_as_they_may_be,
    tenants_see_their_own_alone,
];

fn head(content_type: &str, bytes: &[u8]) -> BlobHead {
    BlobHead {
        bytes: bytes.len() as u64,
        content_type: content_type.to_owned(),
        sha256: Sha256::digest(bytes).into(),
    }
}

/// All byte values, repeated.
fn all_bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|n| (n % 256) as u8 ^ (n / 256) as u8)
        .collect()
}

impl Subject {
    fn key(&self, name: &str) -> Result<BlobKey, String> {
        BlobKey::new(&self.tenant, name).map_err(|error| error.to_string())
    }

    async fn put(&self, name: &str, content_type: &str, bytes: &[u8]) -> Verdict {
        self.try_put(name, content_type, bytes, Sha256::digest(bytes).into())
            .await?
            .map_err(|error| format!("{name} is not taken: {error}"))
    }

    async fn try_put(
        &self,
        name: &str,
        content_type: &str,
        bytes: &[u8],
        sha256: [u8; 32],
    ) -> Result<Result<(), BlobError>, String> {
        let bytes = Bytes::copy_from_slice(bytes);
        let key = self.key(name)?;
        Ok(self.blobs.put(&key, content_type, sha256, bytes).await)
    }

    async fn get(
        &self,
        name: &str,
        part: Option<Range<u64>>,
    ) -> Result<Result<Option<Blob>, BlobError>, String> {
        Ok(self.blobs.get(&self.key(name)?, part).await)
    }

    /// Checks that the blob has exactly these bytes and this metadata.
    async fn is(&self, name: &str, content_type: &str, bytes: &[u8]) -> Verdict {
        let expected = head(content_type, bytes);
        let seen = self.blobs.head(&self.key(name)?).await;
        same(name, seen, Ok(Some(expected.clone())))?;
        let blob = self.get(name, None).await?;
        let Ok(Some(blob)) = blob else {
            return Err(format!("{name}: {blob:?}"));
        };
        same(name, blob.head, expected)?;
        if blob.bytes[..] != bytes[..] {
            let seen = blob.bytes.len();
            return Err(format!("{name}: other bytes ({seen} of {})", bytes.len()));
        }
        Ok(())
    }

    async fn is_not_there(&self, name: &str) -> Verdict {
        same(name, self.blobs.head(&self.key(name)?).await, Ok(None))?;
        same(name, self.get(name, None).await?, Ok(None))?;
        same(name, self.get(name, Some(0..1)).await?, Ok(None))
    }
}

async fn what_was_never_put_is_not_there(subject: Subject) -> Verdict {
    subject.is_not_there("never").await?;
    subject.is_not_there("never/below").await
}

async fn what_is_put_comes_back(subject: Subject) -> Verdict {
    let large = all_bytes(3_000_001);
    let blobs: [(&str, &str, &[u8]); 5] = [
        ("empty", "text/plain", b""),
        ("one", "application/octet-stream", b"\0"),
        (
            "line",
            "text/plain; charset=\"utf-8\"",
            b"{\"bytes\":1}\n\n",
        ),
        ("files/photo", "image/jpeg", &large),
        ("files/text", "text/csv", "São \u{1F4A1}\r\n".as_bytes()),
    ];
    for (name, content_type, bytes) in blobs {
        subject.put(name, content_type, bytes).await?;
    }
    for (name, content_type, bytes) in blobs {
        subject.is(name, content_type, bytes).await?;
    }
    Ok(())
}

async fn a_part_comes_back(subject: Subject) -> Verdict {
    let bytes = all_bytes(1_000);
    subject.put("a", "image/png", &bytes).await?;
    let last = bytes.len() as u64;
    for part in [
        0..1,
        0..last,
        10..20,
        last - 1..last,
        990..5_000,
        0..u64::MAX,
    ] {
        let blob = subject.get("a", Some(part.clone())).await?;
        let (from, to) = (part.start as usize, part.end.min(last) as usize);
        let expected = Blob {
            // The metadata of the whole blob, for any part.
            head: head("image/png", &bytes),
            bytes: Bytes::copy_from_slice(&bytes[from..to]),
        };
        same(&format!("{part:?}"), blob, Ok(Some(expected)))?;
    }
    Ok(())
}

async fn a_part_of_nothing_is_refused(subject: Subject) -> Verdict {
    subject.put("a", "image/png", b"abc").await?;
    subject.put("empty", "image/png", b"").await?;
    for (name, part, bytes) in [
        ("a", 3..4, 3),
        ("a", 1..1, 3),
        ("a", u64::MAX - 1..u64::MAX, 3),
        ("empty", 0..1, 0),
    ] {
        let seen = subject.get(name, Some(part.clone())).await?;
        let what = format!("{name} {part:?}");
        same(&what, seen, Err(BlobError::Range { bytes }))?;
    }
    Ok(())
}

async fn the_last_put_counts_whole(subject: Subject) -> Verdict {
    subject.put("a", "image/png", &all_bytes(50_000)).await?;
    subject.put("a", "text/plain", b"short").await?;
    subject.is("a", "text/plain", b"short").await?;
    subject.put("a", "text/plain", b"short").await?;
    subject.is("a", "text/plain", b"short").await
}

async fn puts_at_once_leave_one_of_them_whole(subject: Subject) -> Verdict {
    let blob = |n: usize| (format!("text/n{n}"), vec![n as u8; 10_000 + n]);
    let race = (0..12).map(|n| {
        let (content_type, bytes) = blob(n);
        let subject = subject.clone();
        async move { subject.put("a", &content_type, &bytes).await }
    });
    for put in join_all(race).await {
        put?;
    }
    let seen = subject.blobs.head(&subject.key("a")?).await;
    let Ok(Some(seen)) = seen else {
        return Err(format!("{seen:?}"));
    };
    let n = usize::try_from(seen.bytes).unwrap_or_default();
    let (content_type, bytes) = blob(n.saturating_sub(10_000));
    subject.is("a", &content_type, &bytes).await
}

async fn what_is_deleted_is_gone(subject: Subject) -> Verdict {
    subject.put("a", "image/png", b"a").await?;
    subject.put("b", "image/png", b"b").await?;
    for _ in 0..2 {
        let deleted = subject.blobs.delete(&subject.key("a")?).await;
        same("deleted, and deleted again", deleted, Ok(()))?;
        subject.is_not_there("a").await?;
    }
    let never = subject.blobs.delete(&subject.key("never/there")?).await;
    same("what was never there", never, Ok(()))?;
    subject.is("b", "image/png", b"b").await?;
    subject.put("a", "image/gif", b"again").await?;
    subject.is("a", "image/gif", b"again").await
}

async fn what_arrives_damaged_is_refused(subject: Subject) -> Verdict {
    subject.put("a", "image/png", b"before").await?;
    let sum = Sha256::digest(b"other bytes").into();
    for name in ["a", "new"] {
        let put = subject.try_put(name, "image/png", b"othor bytes", sum);
        same(name, put.await?, Err(BlobError::Checksum))?;
    }
    subject.is("a", "image/png", b"before").await?;
    subject.is_not_there("new").await
}

async fn what_is_no_content_type_is_refused(subject: Subject) -> Verdict {
    let sum = Sha256::digest(b"").into();
    for content_type in ["", "image", "image/png\r\nSet-Cookie: a=b", "image/é"] {
        let put = subject.try_put("a", content_type, b"", sum).await?;
        let refused = Err(BlobError::ContentType(content_type.to_owned()));
        same(content_type, put, refused)?;
    }
    subject.is_not_there("a").await
}

async fn the_largest_is_taken_and_no_larger(subject: Subject) -> Verdict {
    let largest = all_bytes(LARGEST);
    subject.put("largest", "video/mp4", &largest).await?;
    let expected = head("video/mp4", &largest);
    drop(largest);
    let key = subject.key("largest")?;
    same(
        "the largest",
        subject.blobs.head(&key).await,
        Ok(Some(expected)),
    )?;
    let end = LARGEST as u64;
    let last = subject.get("largest", Some(end - 3..end)).await?;
    let last = last.map(|blob| blob.map(|blob| blob.bytes.len()));
    same("its end", last, Ok(Some(3)))?;
    let larger = vec![0; LARGEST + 1];
    let sum = Sha256::digest(&larger).into();
    let put = subject.try_put("larger", "video/mp4", &larger, sum).await?;
    same("a larger one", put, Err(BlobError::TooLarge(LARGEST + 1)))?;
    subject.is_not_there("larger").await
}

async fn a_name_may_go_on_below_another(subject: Subject) -> Verdict {
    for name in ["a/b/c", "a", "a/b", "a-b", "a_b"] {
        subject.put(name, "text/plain", name.as_bytes()).await?;
    }
    let deleted = subject.blobs.delete(&subject.key("a")?).await;
    same("deleted", deleted, Ok(()))?;
    subject.is_not_there("a").await?;
    for name in ["a/b/c", "a/b", "a-b", "a_b"] {
        subject.is(name, "text/plain", name.as_bytes()).await?;
    }
    Ok(())
}

async fn names_as_long_as_they_may_be(subject: Subject) -> Verdict {
    let long = "x".repeat(PART);
    let wide = ["y".repeat(PART), "z".repeat(PART), "w".repeat(PART)].join("/");
    let deep = ["d"; PARTS].join("/");
    for name in [&long, &wide, &deep] {
        subject.put(name, "text/plain", name.as_bytes()).await?;
    }
    for name in [&long, &wide, &deep] {
        subject.is(name, "text/plain", name.as_bytes()).await?;
    }
    Ok(())
}

async fn tenants_see_their_own_alone(subject: Subject) -> Verdict {
    let other = Subject {
        tenant: subject.other.clone(),
        other: subject.tenant.clone(),
        ..subject.clone()
    };
    subject.put("files/a", "text/plain", b"one").await?;
    other.is_not_there("files/a").await?;
    other.put("files/a", "text/plain", b"another").await?;
    subject.is("files/a", "text/plain", b"one").await?;
    let deleted = other.blobs.delete(&other.key("files/a")?).await;
    same("deleted", deleted, Ok(()))?;
    subject.is("files/a", "text/plain", b"one").await
}
