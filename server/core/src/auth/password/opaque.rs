//! Passwords as RFC 8265 compares them (OpaqueString): every space is U+0020, and what remains is composed (NFC). The two
//! rules of that profile are written out here: a crate that knows all of PRECIS brings its tables into the Worker's module.

use unicode_normalization::UnicodeNormalization;

/// The form that is hashed.
pub fn string(password: &str) -> String {
    let space = |c: char| if is_space(c) { ' ' } else { c };
    password.chars().map(space).nfc().collect()
}

/// The forms under which a password may have been stored: as it is hashed now, and, where that differs, as it was sent.
pub fn forms(password: &str) -> Vec<String> {
    let composed = string(password);
    let raw = (composed != password).then(|| password.to_owned());
    std::iter::once(composed).chain(raw).collect()
}

/// Of the general category Zs, but for U+0020 itself.
fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spellings_that_are_canonically_equal_have_one_form(password in "\\PC{0,40}") {
            let form = string(&password);
            prop_assert_eq!(string(&form), form.as_str());
            prop_assert_eq!(string(&password.nfd().collect::<String>()), form.as_str());
            prop_assert_eq!(string(&password.nfc().collect::<String>()), form.as_str());
        }

        #[test]
        fn ascii_is_one_form(password in "[ -~]{0,64}") {
            prop_assert_eq!(forms(&password), [password]);
        }
    }
}
