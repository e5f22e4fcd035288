//! Small questions about names, and percent-encoding.

use percent_encoding::percent_decode_str;

/// Percent-decodes a part of a URI. An invalid escape stays unchanged; a part that is not UTF-8 is not decoded.
pub fn percent_decoded(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// The edit distance of two words (insert, delete, replace), if it is at most `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *slot;
            let here = (diagonal + usize::from(x != y))
                .min(left + 1)
                .min(above + 1);
            diagonal = above;
            left = here;
            *slot = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// `snake_case`: a letter, then letters, digits and single underscores, all lower-case ASCII.
pub fn is_snake(text: &str) -> bool {
    is_lower(text, '_')
}

/// `kebab-case`.
pub fn is_kebab(text: &str) -> bool {
    is_lower(text, '-')
}

fn is_lower(text: &str, joint: char) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with(joint)
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint)
        && !text.contains(&format!("{joint}{joint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("x-consumer", "x-consumers", 2), Some(1));
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance("", "", 0), Some(0));
        assert_eq!(distance("", "ab", 2), Some(2));
    }

    #[test]
    fn cases_are_told_apart() {
        assert!(is_snake("next_cursor") && is_snake("a1") && is_kebab("portal-codes"));
        for wrong in ["", "_a", "a_", "a__b", "A", "1a", "nextCursor", "é"] {
            assert!(!is_snake(wrong), "{wrong}");
        }
    }
}
