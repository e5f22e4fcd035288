//! The folding of revision 0, which ignored every mark and used lower case only. Databases hold its search words until
//! they are recomputed (`records::refold`). A record that is written meanwhile removes its words of this form.

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

/// The words of a text in the earlier form. For ASCII texts both forms are equal.
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
