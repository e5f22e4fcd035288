use proptest::prelude::*;

use super::*;

/// Every character with a case or another form. All others fold to themselves.
fn every_char() -> impl Iterator<Item = char> {
    ('\0'..=char::MAX).filter(|c| {
        let plain = |mut form: Box<dyn Iterator<Item = char>>| form.next() == Some(*c);
        is_combining_mark(*c)
            || !plain(Box::new(c.to_uppercase()))
            || !plain(Box::new(c.to_lowercase()))
            || !plain(Box::new(std::iter::once(*c).nfkd()))
    })
}

/// Texts of letters in the scripts that the rules name, their marks, and characters between them.
fn texts() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(
        "aAeEsSßẞſİıIiǅŉﬁŁø éÉÅΣσςάΐΑΙᾳᾴᾼιйЙёе\u{301}\u{308}\u{323}\u{345}\u{327}かがガｶﾞ\u{3099}하하각\u{1112}\u{1161}אָשׁالعَربآ\u{653}किक्षกิ่１２２²½\u{a0}\u{200d}\u{fe0f}\u{20e3}😀ÀǕ\u{1e9e}ᏸꭰ"
            .chars()
            .collect::<Vec<_>>(),
    );
    let any = prop_oneof![4 => letters, 1 => any::<char>()];
    prop::collection::vec(any, 0..12).prop_map(String::from_iter)
}

#[test]
fn the_letters_with_accents_are_those_of_three_scripts() {
    for letter in "aZéøΩἀжЁ".chars() {
        assert!(has_accents(letter), "{letter}");
    }
    for letter in "1 がא한क\u{10ffff}😀".chars() {
        assert!(!has_accents(letter), "{letter}");
    }
}

#[test]
fn case_accents_and_width_do_not_count() {
    for (text, folded) in [
        ("São José dos Campos", "sao jose dos campos"),
        ("ÅNGSTRÖM", "angstrom"),
        ("ﬁne", "fine"),
        ("ＡＢＣ", "abc"),
        ("plain", "plain"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("STRAẞE", "strasse"),
        ("ὈΔΥΣΣΕΎΣ", "οδυσσευσ"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("Ёлка", "елка"),
        // Without the Turkish rule: a capital I with a dot equals i, and an i without a dot is a different letter.
        ("İstanbul", "istanbul"),
        ("ISTANBUL", "istanbul"),
        ("ısı", "ısı"),
    ] {
        assert_eq!(fold(text), folded);
    }
}

#[test]
fn a_mark_of_another_script_makes_another_letter() {
    for (one, other) in [
        ("が", "か"),
        ("ガ", "カ"),
        ("パ", "ハ"),
        ("שׁ", "ש"),
        ("كِتاب", "كتاب"),
        ("आ", "अ"),
        ("कि", "क"),
        ("กิ่ง", "กง"),
        ("1\u{20e3}", "1"),
    ] {
        assert_ne!(fold(one), fold(other));
        assert_ne!(exact(one), exact(other));
    }
    // The same letter: composed, decomposed, and half-width.
    assert_eq!(fold("が"), fold("か\u{3099}"));
    assert_eq!(fold("ガ"), fold("ｶﾞ"));
    assert_eq!(fold("각"), fold("\u{1100}\u{1161}\u{11a8}"));
}

#[test]
fn what_is_unique_keeps_its_accents() {
    for (text, key) in [
        ("José", "josé"),
        ("JOSE\u{301}", "josé"),
        ("Straße", "strasse"),
        ("ΟΔΟΣ", "οδοσ"),
        ("  A-1\u{a0}", "a-1"),
        ("\u{3000} \t", ""),
    ] {
        assert_eq!(exact(text), key);
    }
    assert_ne!(exact("José"), exact("Jose"));
    assert_ne!(exact("ＡＢＣ"), exact("abc"));
}

#[test]
fn words_keep_the_marks_that_belong_to_their_letters() {
    assert_eq!(words("Straße 12, São"), ["strasse", "12", "sao"]);
    assert_eq!(words("กิ่งแก้ว"), ["กิ่งแก้ว"]);
    assert_eq!(words("क्षेत्र"), ["क्षेत्र"]);
    assert_eq!(words("- \u{20e3} !"), [""; 0]);
}

/// A character equals its folded form in every spelling.
#[test]
fn every_character_is_equal_to_its_upper_and_its_lower_case() {
    for c in every_char() {
        // The only letter whose capital belongs to another letter. Without the Turkish rule, Unicode folds neither to
        // the other.
        if c == 'ı' {
            continue;
        }
        let text = c.to_string();
        for form in [fold, exact] {
            let folded = form(&text);
            assert_eq!(form(&folded), folded, "{c:?} folded twice");
            for other in [text.to_uppercase(), text.to_lowercase()] {
                assert_eq!(form(&other), folded, "{c:?} and {other:?}");
            }
        }
        assert_eq!(fold(&exact(&text)), fold(&text), "{c:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn folding_twice_is_folding_once(text in texts()) {
        let once = fold(&text).into_owned();
        prop_assert_eq!(fold(&once).into_owned(), once);
        let once = exact(&text).into_owned();
        prop_assert_eq!(exact(&once).into_owned(), once);
    }

    #[test]
    fn every_normal_form_of_a_text_is_the_same_text(text in texts()) {
        // No language has this: a mark whose capital is a letter, before a mark that is a letter in one of the forms.
        prop_assume!(!(text.contains('\u{345}') && text.contains(['\u{ff9e}', '\u{ff9f}'])));
        let folded = fold(&text).into_owned();
        let (nfc, nfd): (String, String) = (text.nfc().collect(), text.nfd().collect());
        let (nfkc, nfkd): (String, String) = (text.nfkc().collect(), text.nfkd().collect());
        for form in [&nfc, &nfd, &nfkc, &nfkd] {
            prop_assert_eq!(fold(form).into_owned(), folded.clone(), "{:?}", form);
        }
        prop_assert_eq!(exact(&nfc), exact(&text));
        prop_assert_eq!(exact(&nfd), exact(&text));
    }

    /// So one index serves both: texts with equal unique keys are adjacent in the order of the folded ones.
    #[test]
    fn texts_that_are_equal_with_accents_are_equal_without(text in texts()) {
        let exact = exact(&text);
        prop_assert_eq!(fold(&exact), fold(&text));
    }

    #[test]
    fn white_space_at_the_ends_does_not_count(text in texts(), before in "\\s{0,3}", after in "\\s{0,3}") {
        // A leading mark would combine with the space before it.
        prop_assume!(!text.starts_with(is_combining_mark));
        let padded = format!("{before}{text}{after}");
        prop_assert_eq!(fold(&padded), fold(&text));
        prop_assert_eq!(exact(&padded), exact(&text));
    }
}
