//! The first line of a blob's file: what it holds, as JSON.

use crm_core::{hex, ports::blobs::BlobHead};
use serde::{Deserialize, Serialize};

/// The longest first line, in bytes.
pub const LONGEST: u64 = 1_024;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    bytes: u64,
    content_type: String,
    /// 64 hexadecimal digits.
    sha256: String,
}

pub fn print(head: &BlobHead) -> Vec<u8> {
    let line = Line {
        bytes: head.bytes,
        content_type: head.content_type.clone(),
        sha256: hex::encode(&head.sha256),
    };
    // Serialising numbers and texts cannot fail.
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Parses a first line; None if it is not exactly the output of [`print`].
pub fn parse(bytes: &[u8]) -> Option<BlobHead> {
    let line: Line = serde_json::from_slice(bytes.strip_suffix(b"\n")?).ok()?;
    Some(BlobHead {
        bytes: line.bytes,
        content_type: line.content_type,
        sha256: hex::decode(&line.sha256)?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_written_or_nothing() {
        let head = BlobHead {
            bytes: 5,
            content_type: "text/plain; charset=\"utf-8\"".into(),
            sha256: [0xa7; 32],
        };
        let line = print(&head);
        assert_eq!(parse(&line), Some(head));
        for end in 0..line.len() {
            assert_eq!(parse(&line[..end]), None, "{end}");
        }
        for line in [
            "",
            "\n",
            "{}\n",
            "\u{0}\n",
            "{\"bytes\":1,\"content_type\":\"a/b\",\"sha256\":\"00\"}\n",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
