//! The forms in which texts are compared. [`fold`] is for search, sort and filters: it ignores case, accents and width.
//! [`exact`] is for unique fields: it ignores case only. Both follow Unicode's full case folding without
//! language-specific rules (Unicode 3.13, D145 and D146), and ignore white space at the ends.
//!
//! [`fold`] ignores the marks of Latin, Greek and Cyrillic letters only. In other scripts a mark makes a different
//! letter: the voicing of kana, the vowels of Hebrew, Arabic, Devanagari and Thai.

use std::{borrow::Cow, sync::LazyLock};

use regex_syntax::hir::{Class, HirKind};
use unicase::UniCase;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub mod earlier;

/// The revision of this module's results. Each tenant's database stores the revision of its keys and words.
pub const REVISION: i64 = 1;

/// Upper bound of the characters of a word. Further characters are ignored.
const WORD_CHARS: usize = 40;

/// The letters whose marks are accents, as ascending ranges. The pattern is constant, and a test parses it.
static ACCENTED: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let parsed = regex_syntax::parse(r"[\p{Latin}\p{Greek}\p{Cyrillic}]");
    match parsed.map(|parsed| parsed.into_kind()) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            let ranges = class.ranges().iter();
            ranges.map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
});

fn has_accents(letter: char) -> bool {
    let ranges = &*ACCENTED;
    let after = ranges.partition_point(|(start, _)| *start <= letter);
    after > 0 && ranges.get(after - 1).is_some_and(|(_, end)| letter <= *end)
}

/// The characters without the marks of these letters.
fn without_accents(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut drops = false;
    chars.filter(move |c| {
        let is_mark = is_combining_mark(*c);
        if !is_mark {
            drops = has_accents(*c);
        }
        !(is_mark && drops)
    })
}

/// The form that search, sort and filters compare.
pub fn fold(text: &str) -> Cow<'_, str> {
    trimmed(text, fold_part)
}

/// The same for a part of a text, where white space at the ends counts.
pub fn fold_part(text: &str) -> Cow<'_, str> {
    changed(text, |text| {
        let folded = cased(text.nfd());
        let folded = cased(folded.nfkd());
        without_accents(folded.nfkd()).nfc().collect()
    })
}

/// The form that unique fields compare: accents count, case does not.
pub fn exact(text: &str) -> Cow<'_, str> {
    trimmed(text, |text| {
        changed(text, |text| cased(text.nfd()).nfc().collect())
    })
}

/// The form in which entries of a list without options are compared: email addresses as in unique fields, everything
/// else unchanged.
pub fn entry(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    match is_address(text) {
        true => fold(text),
        false if text.is_ascii() => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether a text looks like an email address: one @ with something on either side, and no white space.
pub fn is_address(text: &str) -> bool {
    let (local, domain) = text.split_once('@').unwrap_or_default();
    !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !text.contains(char::is_whitespace)
}

/// The form of a text, trimmed before and after folding: some characters fold to a space and a mark.
fn trimmed<'a>(text: &'a str, form: impl Fn(&'a str) -> Cow<'a, str>) -> Cow<'a, str> {
    match form(text.trim()) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Borrowed if the text is its own form. ASCII texts need no tables.
fn changed(text: &str, change: impl Fn(&str) -> String) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let changed = change(text);
    match changed == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(changed),
    }
}

fn cased(chars: impl Iterator<Item = char>) -> String {
    UniCase::unicode(chars.collect::<String>()).to_folded_case()
}

/// The words of a text, folded: runs of letters, their marks and digits, each cut at 40 characters.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !(c.is_alphanumeric() || is_combining_mark(c)))
        .filter(|word| word.contains(char::is_alphanumeric))
        .map(|word| word.chars().take(WORD_CHARS).collect())
        .collect()
}

#[cfg(test)]
mod tests;
