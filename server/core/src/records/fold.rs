//! The folded form of a text: what search, sort and uniqueness compare. Compatibility decomposition (NFKD) without
//! marks, in lower case, so that "São" is found as "sao".

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Borrowed where the text is its own folded form.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let folded: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    // Lower case of a few letters brings marks of its own: once more, until nothing changes.
    let again: String = folded.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    if again == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(again)
    }
}

/// The words of a text, folded: runs of letters and digits, at most 40 characters of each.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(40).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_marks_and_width_do_not_count() {
        for (text, folded) in [
            ("São José dos Campos", "sao jose dos campos"),
            ("ÅNGSTRÖM", "angstrom"),
            ("ﬁne", "fine"),
            ("ＡＢＣ", "abc"),
            ("plain", "plain"),
            ("İstanbul", "istanbul"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,20}") {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once).into_owned(), once);
        }
    }
}
