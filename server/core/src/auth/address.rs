//! Login addresses: the form in which all spellings of one address are equal.

use unicode_normalization::UnicodeNormalization;

/// Lower case, NFC. The directory and the users table hold this form.
pub fn fold(address: &str) -> String {
    address.trim().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_equal() {
        for spelling in [
            "Zo\u{eb}@Example.ORG",
            " zoe\u{308}@example.org ",
            "ZO\u{cb}@EXAMPLE.org",
        ] {
            assert_eq!(fold(spelling), "zo\u{eb}@example.org");
        }
        assert_ne!(fold("zoe@example.org"), fold("zo\u{eb}@example.org"));
    }
}
