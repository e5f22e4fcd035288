//! The folding of revision 0, which ignored every mark and knew lower case alone. Databases hold search words of it until
//! they are folded anew (`records::refold`), and a record that is written meanwhile takes its words of this form away.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

fn fold(text: &str) -> String {
    let folded: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    folded.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// The words of a text in the earlier form. Those of an ASCII text are as they were.
pub fn words(text: &str) -> BTreeSet<String> {
    if text.is_ascii() {
        return BTreeSet::new();
    }
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(40).collect())
        .collect()
}
