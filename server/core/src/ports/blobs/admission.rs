//! The rules that are equal on every host: which blobs a store accepts, and which part of a blob a range selects.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{BlobError, LARGEST};

/// The longest content type, in characters (RFC 6838, section 4.2, for a type and a subtype).
const CONTENT_TYPE: usize = 127;

/// Refuses blobs that no host stores.
pub fn admit(content_type: &str, sha256: &[u8; 32], bytes: &[u8]) -> Result<(), BlobError> {
    if bytes.len() > LARGEST {
        return Err(BlobError::TooLarge(bytes.len()));
    }
    if !is_content_type(content_type) {
        return Err(BlobError::ContentType(
            content_type.chars().take(CONTENT_TYPE).collect(),
        ));
    }
    if Sha256::digest(bytes)[..] != sha256[..] {
        return Err(BlobError::Checksum);
    }
    Ok(())
}

/// Parameters may follow, with any characters that a header may have.
fn is_content_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    text.len() <= CONTENT_TYPE
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && essence
            .split_once('/')
            .is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// The part of a blob of `bytes` bytes that a range selects, cut at the end. The whole of an empty blob is a valid
/// part.
pub fn part(asked: Option<Range<u64>>, bytes: u64) -> Result<Range<u64>, BlobError> {
    let Some(asked) = asked else {
        return Ok(0..bytes);
    };
    let end = asked.end.min(bytes);
    if asked.start >= end {
        return Err(BlobError::Range { bytes });
    }
    Ok(asked.start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_taken() {
        let sum = Sha256::digest(b"abc").into();
        for content_type in [
            "image/jpeg",
            "application/vnd.api+json",
            "text/plain; charset=utf-8",
        ] {
            assert_eq!(admit(content_type, &sum, b"abc"), Ok(()), "{content_type}");
        }
        assert_eq!(admit("image/png", &sum, b"abd"), Err(BlobError::Checksum));
        let large = vec![0; LARGEST + 1];
        let sum = Sha256::digest(&large).into();
        let refused = Err(BlobError::TooLarge(LARGEST + 1));
        assert_eq!(admit("image/png", &sum, &large), refused);
    }

    #[test]
    fn a_content_type_is_one() {
        let sum = Sha256::digest(b"").into();
        let long = format!("image/{}", "x".repeat(122));
        for content_type in [
            "",
            "image",
            "/",
            "image/",
            "/png",
            "a b/c",
            "image/png\r\nX-A: b",
            "image/é",
            "a/b\0",
            &long,
        ] {
            let refused = admit(content_type, &sum, b"");
            assert!(
                matches!(refused, Err(BlobError::ContentType(_))),
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn a_part_ends_where_the_blob_does() {
        let beyond = Err(BlobError::Range { bytes: 10 });
        assert_eq!(part(None, 10), Ok(0..10));
        assert_eq!(part(None, 0), Ok(0..0));
        assert_eq!(part(Some(0..10), 10), Ok(0..10));
        assert_eq!(part(Some(9..u64::MAX), 10), Ok(9..10));
        assert_eq!(part(Some(3..4), 10), Ok(3..4));
        for asked in [10..11, 5..5, u64::MAX..u64::MAX] {
            assert_eq!(part(Some(asked), 10), beyond);
        }
        assert_eq!(part(Some(0..1), 0), Err(BlobError::Range { bytes: 0 }));
    }
}
