//! Cursors: a position in a list, opaque and signed (HMAC-SHA256 with the tenant's secret). The signature covers the
//! list's parameters, which the caller repeats, so a cursor is invalid in another list or tenant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signature is cut to this many bytes.
const TAG: usize = 16;

/// The list that a cursor belongs to.
pub struct List<'a> {
    pub secret: &'a str,
    /// The kind of list, and all parameters that decide its items and their order.
    pub parts: &'a [&'a str],
}

/// The cursor was not made for this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl List<'_> {
    fn tag(&self, position: &[u8]) -> Option<[u8; TAG]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).ok()?;
        for part in self
            .parts
            .iter()
            .map(|part| part.as_bytes())
            .chain([position])
        {
            // The length before each part makes the boundaries between parts unambiguous.
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().first_chunk().copied()
    }

    /// `position` is any JSON.
    pub fn seal(&self, position: &serde_json::Value) -> Option<String> {
        let mut bytes = position.to_string().into_bytes();
        let tag = self.tag(&bytes)?;
        bytes.extend(tag);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn open(&self, cursor: &str) -> Result<serde_json::Value, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Invalid)?;
        let (position, tag) = bytes.split_last_chunk::<TAG>().ok_or(Invalid)?;
        let expected = self.tag(position).ok_or(Invalid)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..], &tag[..])) {
            return Err(Invalid);
        }
        serde_json::from_slice(position).map_err(|_| Invalid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_is_worth_nothing_elsewhere() {
        let list = List {
            secret: "s",
            parts: &["records", "job", "{}"],
        };
        let cursor = list.seal(&json!([1, "a"])).unwrap();
        assert_eq!(list.open(&cursor), Ok(json!([1, "a"])));
        for other in [
            List {
                secret: "t",
                parts: &["records", "job", "{}"],
            },
            List {
                secret: "s",
                parts: &["records", "job", "{} "],
            },
            List {
                secret: "s",
                parts: &["records", "jo", "b{}"],
            },
            List {
                secret: "s",
                parts: &["history", "job", "{}"],
            },
        ] {
            assert_eq!(other.open(&cursor), Err(Invalid));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_changed_cursor_is_refused(at in 0usize..60, flip in 1u8..=255, junk in "\\PC{0,40}") {
            let list = List { secret: "s", parts: &["records", "job"] };
            let cursor = list.seal(&json!([1_750_000_000_000_i64, "0190a1b2-0000-7000-8000-00000000000f"])).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert_eq!(list.open(&URL_SAFE_NO_PAD.encode(bytes)), Err(Invalid));
            prop_assert_eq!(list.open(&junk), Err(Invalid));
            prop_assert_eq!(list.open(&cursor[..cursor.len() - 1]), Err(Invalid));
        }
    }
}
