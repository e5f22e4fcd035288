//! Passwords in the form of RFC 8265 (OpaqueString): every space becomes U+0020, and the text is normalised to NFC. The
//! two rules are implemented here, since a crate for all of PRECIS would add its tables to the Worker's module.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

/// The form that is hashed.
pub fn string(password: &str) -> String {
    let space = |c: char| if is_space(c) { ' ' } else { c };
    password.chars().map(space).nfc().collect()
}

/// The length of a new password in characters, in the hashed form.
const LENGTH: RangeInclusive<usize> = 12..=256;

/// Why a text is refused as a new password: the rule, and what to do. Spaces alone are refused.
pub fn refused(password: &str) -> Option<(&'static str, String)> {
    let (least, most) = (LENGTH.start(), LENGTH.end());
    let form = string(password);
    let blank = form.chars().all(|c| c == ' ');
    match form.chars().count() {
        count if count < *least => {
            let message = format!("Must have at least {least} characters in NFC, and has {count}.");
            Some(("min_length", message))
        }
        count if count > *most => {
            let message = format!("Must have at most {most} characters in NFC, and has {count}.");
            Some(("max_length", message))
        }
        _ => blank.then(|| ("blank", "Must hold more than spaces.".to_owned())),
    }
}

/// The forms in which a password may have been hashed: the current form, and the text as sent if that differs.
pub fn forms(password: &str) -> Vec<String> {
    let composed = string(password);
    let raw = (composed != password).then(|| password.to_owned());
    std::iter::once(composed).chain(raw).collect()
}

/// Whether a character is of the general category Zs, except U+0020 itself.
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
        fn how_a_password_is_spelled_makes_it_no_longer(password in "[a-z\u{e9}\u{390} \u{a0}]{0,300}") {
            let count = password.nfc().count();
            let rule = |text: &str| refused(text).map(|(rule, _)| rule);
            let expected = match count {
                ..12 => Some("min_length"),
                257.. => Some("max_length"),
                _ => password.chars().all(|c| " \u{a0}".contains(c)).then_some("blank"),
            };
            prop_assert_eq!(rule(&password), expected);
            prop_assert_eq!(rule(&password.nfd().collect::<String>()), expected);
        }

        #[test]
        fn ascii_is_one_form(password in "[ -~]{0,64}") {
            prop_assert_eq!(forms(&password), [password]);
        }
    }
}
