//! A published document of the contract.

/// One version of the contract, whole or for one consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub version: u32,
    /// None: the whole contract.
    pub consumer: Option<&'static str>,
    pub json: PublishedText,
    pub yaml: PublishedText,
    /// The document as OpenAPI 3.0.
    pub json_3_0: PublishedText,
    pub yaml_3_0: PublishedText,
    /// The reference page in HTML.
    pub page: PublishedText,
}

/// A text in a compressed file, stored whole or as a difference from another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedText {
    /// The name of the file, which is in gzip.
    pub file: &'static str,
    /// The text from which this one is a difference. The file then alternates between new bytes and ranges of the base:
    /// length and bytes of the former, start and length of the latter; numbers are LEB128.
    pub base: Option<&'static PublishedText>,
    /// The length of the text in bytes.
    pub length: usize,
    /// The first 8 bytes of the text's SHA-256 in hexadecimal: the inside of its ETag.
    pub tag: &'static str,
}

/// Applies `delta` to `base`; None if it is not a valid difference, or yields more than `length` bytes.
pub fn patched(base: &[u8], delta: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length);
    let mut rest = delta;
    while !rest.is_empty() {
        let new = number(&mut rest)?;
        let (bytes, more) = rest.split_at_checked(new)?;
        rest = more;
        out.extend_from_slice(bytes);
        if !rest.is_empty() {
            let start = number(&mut rest)?;
            let end = start.checked_add(number(&mut rest)?)?;
            out.extend_from_slice(base.get(start..end)?);
        }
        if out.len() > length {
            return None;
        }
    }
    Some(out)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, more) = rest.split_first()?;
        *rest = more;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_bytes_and_stretches_of_the_base_follow_in_turn() {
        let delta = [&[3_u8][..], b"an ", &[4, 7, 1], b"."].concat();
        let text = patched(b"not another", &delta, 11).unwrap();
        assert_eq!(text, b"an another.");
        assert_eq!(patched(b"base", &[], 0).unwrap(), b"");
    }

    #[test]
    fn what_is_no_difference_makes_no_text() {
        for delta in [
            &[5, b'a'][..],
            &[0, 3, 9],
            &[0, 0xff],
            &[0x80; 20],
            &[0, 0, 4, 0, 0, 4],
        ] {
            assert_eq!(patched(b"base", delta, 6), None, "{delta:?}");
        }
    }
}
