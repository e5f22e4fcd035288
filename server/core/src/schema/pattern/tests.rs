//! Patterns against the regex crate, and the bounds of what they hold.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn judge(pattern: &str, text: &str) -> Verdict {
    Pattern::new(pattern).judge(text, &Effort::default())
}

fn weight(pattern: &str) -> u64 {
    measure(&regex_syntax::parse(pattern).unwrap()).weight
}

fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        proptest::sample::select(vec![
            "a", "b", "é", ".", "[ab]", "[^a]", r"\d", r"\w", r"\b", r"\S", "(?i)A", "^", "$",
            "x*?"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            proptest::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), 0_u32..3, 0_u32..3).prop_map(|(inner, least, more)| format!(
                "(?:{inner}){{{least},{}}}",
                least + more
            )),
            inner.prop_map(|inner| format!("({inner})*")),
        ]
    })
}

proptest! {
    #[test]
    fn a_text_matches_as_the_regex_crate_says(pattern in pattern(), text in "[abxé1 ]{0,12}") {
        let expected = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(&text);
        let verdict = if expected { Verdict::Matches } else { Verdict::Differs };
        prop_assert_eq!(judge(&pattern, &text), verdict);
    }

    #[test]
    fn a_program_takes_no_more_than_its_weight_says(pattern in pattern()) {
        let programs = Programs::new(usize::MAX);
        programs.judge(&Arc::from(pattern.as_str()), "", &Effort::default());
        // Beside the states: what every program has, and the cache of its search.
        prop_assert!(programs.bytes() as u64 <= weight(&pattern) * 96 + 8_192, "{}", programs.bytes());
    }
}

#[test]
fn a_pattern_is_of_the_whole_text_however_it_is_written() {
    for (pattern, text, verdict) in [
        ("a|b", "ab", Verdict::Differs),
        ("a|b", "b", Verdict::Matches),
        ("(?m)a", "a\nb", Verdict::Differs),
        ("a", "a\n", Verdict::Differs),
        ("", "", Verdict::Matches),
        // As older programs took it.
        ("a)|(?:b", "ax", Verdict::Matches),
        ("(", "x", Verdict::Unusable),
    ] {
        assert_eq!(judge(pattern, text), verdict, "{pattern}");
    }
}

#[test]
fn programs_of_many_tenants_stay_within_the_bound() {
    let most = 1 << 20;
    let programs = Programs::new(most);
    let often: Arc<str> = Arc::from("[a-z]+@[a-z]+");
    for n in 0..600 {
        let pattern = Arc::from(format!(r"\w{{1,{}}}-{n}", n % 7 + 1));
        assert_eq!(
            programs.judge(&pattern, "x", &Effort::default()),
            Verdict::Differs
        );
        programs.judge(&often, "a@b", &Effort::default());
        assert!(programs.bytes() <= most);
    }
    assert!(
        programs.holds(&often) && programs.holds(r"\w{1,5}-599") && !programs.holds(r"\w{1,1}-0")
    );
}

#[test]
fn a_search_that_makes_too_many_states_still_ends_right_and_keeps_none_of_them() {
    let programs = Programs::new(usize::MAX);
    let pattern: Arc<str> = Arc::from("(?:.*a.*b.*c){40}.*");
    let text = "01001abcab01".repeat(300);
    let judged = programs.judge(&pattern, &text, &Effort::default());
    assert_eq!(judged, Verdict::Matches);
    assert!(programs.bytes() < 200_000, "{}", programs.bytes());
}

#[test]
fn texts_of_one_request_share_its_effort() {
    let effort = Effort::default();
    let pattern = Pattern::new("[01]*1[01]{99}");
    let text = "0".repeat(1_000);
    let judged = (0..1_000).map(|_| pattern.judge(&text, &effort));
    let done = judged
        .take_while(|verdict| *verdict == Verdict::Differs)
        .count() as u64;
    assert_eq!(done, MOST_EFFORT / (1_000 * 101));
    assert_eq!(pattern.judge(&text, &Effort::default()), Verdict::Differs);
    assert_eq!(Pattern::new("x").judge("x", &effort), Verdict::Matches);
}

#[test]
fn bombs_are_refused_before_they_are_compiled() {
    let schema = Schema::default();
    for bomb in [
        "(a{1000}){1000}",
        "((((a{99}){99}){99}){99}){99}",
        r"\w{100}",
        r"(?i)[\w\s]{60}",
    ] {
        let refused = Room::of(&schema).take(bomb, 1).unwrap_err();
        assert!(refused.contains("too large"), "{refused}");
    }
    let refused = Room::of(&schema)
        .take("[01]*1[01]{999}", 100_000)
        .unwrap_err();
    assert!(refused.contains("max_length of at most 16"), "{refused}");
    for fine in [
        r"[^@\s]+@[^@\s]+",
        r"\d{5}(-\d{4})?",
        r"\w{1,12}",
        ".{10,500}",
        "[A-Z]{2}[0-9]{2}([A-Z0-9]{4}){3,8}",
    ] {
        Room::of(&schema).take(fine, 2_000).unwrap();
    }
    assert!(Room::of(&schema).take("a)|(?:b", 1).is_err());
}

#[test]
fn a_tenant_s_patterns_have_one_room() {
    let schema = Schema::default();
    let mut room = Room::of(&schema);
    let taken = (0..)
        .take_while(|_| room.take(r"\w{1,10}", 1).is_ok())
        .count() as u64;
    assert_eq!(taken, MOST_WEIGHT_OF_TENANT / weight(r"\w{1,10}"));
    let mut room = Room::of(&schema);
    let taken = (0..).take_while(|_| room.take("x", 1).is_ok()).count() as u64;
    assert_eq!(taken, MOST_WEIGHT_OF_TENANT / LEAST_WEIGHT);
}
