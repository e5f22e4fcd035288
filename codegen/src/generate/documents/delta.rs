//! A text as the difference from another, so that the common part of a consumer's document and the whole one is stored
//! once. `crm_runtime::PublishedText` describes the format and restores the text.

use std::collections::HashMap;

/// The length of equal bytes from which a range is searched. Repeating shorter ones is cheaper than naming them.
const BLOCK: usize = 32;

/// Alternates new bytes and ranges of `base`: length and bytes of the former, start and length of the latter. Numbers
/// are LEB128.
pub fn delta(base: &[u8], text: &[u8]) -> Vec<u8> {
    let blocks = blocks(base);
    let mut out = Vec::new();
    let (mut new_from, mut at) = (0, 0);
    while let Some(block) = text.get(at..at + BLOCK) {
        // Both documents have the same order, so the next range of the base mostly follows the last one.
        let Some(&found) = blocks.get(block) else {
            at += 1;
            continue;
        };
        let before = same(
            text.get(new_from..at).unwrap_or_default().iter().rev(),
            base.get(..found).unwrap_or_default().iter().rev(),
        );
        let after = same(
            text.get(at..).unwrap_or_default().iter(),
            base.get(found..).unwrap_or_default().iter(),
        );
        push(
            &mut out,
            text.get(new_from..at - before).unwrap_or_default(),
        );
        number(&mut out, found - before);
        number(&mut out, before + after);
        at += after;
        new_from = at;
    }
    push(&mut out, text.get(new_from..).unwrap_or_default());
    out
}

/// The start of each block of the base; for equal blocks that of the first.
fn blocks(base: &[u8]) -> HashMap<&[u8], usize> {
    let mut blocks = HashMap::new();
    for (index, block) in base.chunks_exact(BLOCK).enumerate() {
        blocks.entry(block).or_insert(index * BLOCK);
    }
    blocks
}

fn same<'a>(one: impl Iterator<Item = &'a u8>, other: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

fn push(out: &mut Vec<u8>, new: &[u8]) {
    number(out, new.len());
    out.extend_from_slice(new);
}

fn number(out: &mut Vec<u8>, mut number: usize) {
    while let Some(more @ 1..) = number.checked_shr(7) {
        out.push((number & 0x7f) as u8 | 0x80);
        number = more;
    }
    out.push((number & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_base_is_named_and_not_repeated() {
        let base: String = (0..200).map(|n| format!("line {n}\n")).collect();
        let text = base.replace("line 100\n", "another line\n") + "and an end";
        let delta = delta(base.as_bytes(), text.as_bytes());
        assert!(delta.len() < 120, "{}", delta.len());
        let shown = String::from_utf8_lossy(&delta).into_owned();
        assert!(
            shown.contains("another") && shown.ends_with("and an end"),
            "{shown}"
        );
    }

    #[test]
    fn numbers_are_in_leb128() {
        let mut out = Vec::new();
        number(&mut out, 0);
        number(&mut out, 127);
        number(&mut out, 128);
        number(&mut out, 624_485);
        assert_eq!(out, [0, 0x7f, 0x80, 0x01, 0xe5, 0x8e, 0x26]);
    }
}
