//! Patterns compared with the regex crate, and the bounds of their memory and work.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{allowance::MOST_STATES, ports::store::TenantId};

fn tenant(n: u8) -> Option<Owner> {
    let id = TenantId::parse(&format!("01a19b89-d968-77eb-a8e3-b91d26ab4a{n:02}"));
    id.map(Owner::Tenant)
}

fn judge(pattern: &str, text: &str) -> Verdict {
    Pattern::new(pattern, false).judge(text, &Allowance::default())
}

fn measured(pattern: &str) -> Measure {
    Tree::parse(pattern).unwrap().translate().unwrap().1
}

fn weight(pattern: &str) -> u64 {
    measured(pattern).weight
}

fn take(pattern: &str, characters: usize) -> Result<(), String> {
    Room::of(&Schema::default()).take(pattern, characters, &Allowance::default())
}

fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        proptest::sample::select(vec![
            "a", "b", "é", ".", "[ab]", "[^a]", r"\d", r"\w", r"\b", r"\S", "(?i)A", "^", "$",
            "x*?", "(?:)", "(?:|||x)", r"\b?", "^?"
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
        programs.judge(tenant(1), &Arc::from(pattern.as_str()), "", &Allowance::default());
        // The fixed size of a program, and the cache of its search.
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
        // A pattern that older programs accepted.
        ("a)|(?:b", "ax", Verdict::Matches),
        ("(", "x", Verdict::Unusable),
    ] {
        assert_eq!(judge(pattern, text), verdict, "{pattern}");
    }
}

#[test]
fn a_tenant_s_programs_stay_however_many_another_needs() {
    let most = 1 << 20;
    let programs = Programs::new(most);
    let (greedy, modest) = (tenant(1), tenant(2));
    let few: Vec<Arc<str>> = ["[a-z]+@[a-z]+", "[0-9]{5}", r"\w{1,4}"]
        .map(Arc::from)
        .to_vec();
    let everybody = Some(Owner::Everybody);
    let needed = |owner: &Option<Owner>| {
        for pattern in &few {
            programs.judge(owner.clone(), pattern, "x", &Allowance::default());
        }
    };
    needed(&modest);
    needed(&everybody);
    for n in 0..600 {
        let pattern = Arc::from(format!(r"\w{{1,{}}}-{n}", n % 7 + 1));
        let judged = programs.judge(greedy.clone(), &pattern, "x", &Allowance::default());
        assert_eq!(judged, Verdict::Differs);
        assert!(programs.bytes() <= most);
    }
    let holds =
        |owner: &Option<Owner>, pattern: &str| programs.holds(owner.as_ref().unwrap(), pattern);
    // None of these programs was used meanwhile.
    assert!(few.iter().all(|pattern| holds(&modest, pattern)));
    assert!(few.iter().all(|pattern| holds(&everybody, pattern)));
    assert!(holds(&greedy, r"\w{1,5}-599") && !holds(&greedy, r"\w{1,1}-0"));
    assert!(!holds(&greedy, &few[0]));
}

#[test]
fn of_one_tenant_s_programs_those_stay_that_are_needed() {
    let programs = Programs::new(1 << 20);
    let owner = tenant(1);
    let often: Arc<str> = Arc::from("[a-z]+@[a-z]+");
    for n in 0..600 {
        let pattern = Arc::from(format!(r"\w{{1,{}}}-{n}", n % 7 + 1));
        programs.judge(owner.clone(), &pattern, "x", &Allowance::default());
        programs.judge(owner.clone(), &often, "a@b", &Allowance::default());
    }
    let owner = owner.unwrap();
    assert!(programs.bytes() <= 1 << 20);
    assert!(programs.holds(&owner, &often) && !programs.holds(&owner, r"\w{1,1}-0"));
}

#[test]
fn programs_without_an_owner_are_not_kept() {
    let programs = Programs::new(1 << 20);
    let judged = programs.judge(None, &Arc::from("a"), "a", &Allowance::default());
    assert_eq!((judged, programs.bytes()), (Verdict::Matches, 0));
}

#[test]
fn what_one_request_has_compiled_is_bounded() {
    // Nothing is kept, so each text compiles its pattern again.
    let programs = Programs::new(0);
    let pattern: Arc<str> = Arc::from(r"\w{1,10}");
    let allowance = Allowance::default();
    let judge = |pattern: &Arc<str>| programs.judge(tenant(1), pattern, "x", &allowance);
    let compiled = (0..100_000)
        .take_while(|_| judge(&pattern) == Verdict::Matches)
        .count() as u64;
    let Read::Sound(_, measure) = read(&pattern) else {
        panic!("{pattern} is sound");
    };
    assert_eq!(compiled, MOST_STATES / measure.weight);
    assert_eq!(judge(&pattern), Verdict::TooDear);
    // The refused pattern was only parsed, so some of the allowance is left.
    assert_eq!(judge(&Arc::from("x")), Verdict::Matches);
}

#[test]
fn a_request_may_need_all_the_patterns_that_a_tenant_can_have() {
    let longest = format!("a{}", "(?:)".repeat(124));
    for (pattern, most) in [
        (r"\w{1,10}", u64::MAX),
        ("[a-z]{1,400}", u64::MAX),
        (&*longest, MOST_WEIGHT_OF_TENANT / LEAST_WEIGHT),
    ] {
        let schema = Schema::default();
        let mut room = Room::of(&schema);
        let programs = Programs::new(0);
        let (defining, judging) = (Allowance::default(), Allowance::default());
        let mut taken = 0;
        while taken < most && room.take(pattern, 1, &defining).is_ok() {
            let judged = programs.judge(tenant(1), &Arc::from(pattern), "", &judging);
            assert_ne!(judged, Verdict::TooDear, "{taken} of {pattern}");
            taken += 1;
        }
        assert!(taken > 3, "{taken} of {pattern}");
    }
}

#[test]
fn patterns_that_one_request_defines_are_looked_at_within_bounds() {
    let schema = Schema::default();
    let mut room = Room::of(&schema);
    let allowance = Allowance::default();
    let large = r"\w".repeat(70);
    let refused: Vec<String> = (0..20)
        .map(|_| room.take(&large, 1, &allowance).unwrap_err())
        .collect();
    assert!(
        refused[0].contains("too large: it has about"),
        "{}",
        refused[0]
    );
    assert!(refused[19].contains("this request"), "{}", refused[19]);
}

#[test]
fn a_search_that_makes_too_many_states_still_ends_right_and_keeps_none_of_them() {
    let programs = Programs::new(usize::MAX);
    let pattern: Arc<str> = Arc::from("(?:.*a.*b.*c){40}.*");
    let text = "01001abcab01".repeat(300);
    let judged = programs.judge(tenant(1), &pattern, &text, &Allowance::default());
    assert_eq!(judged, Verdict::Matches);
    assert!(programs.bytes() < 200_000, "{}", programs.bytes());
}

/// A text that makes the pattern enter a new state at nearly every character.
fn states(characters: u32) -> String {
    let bit = |n: u32| n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 30 & 1;
    (0..characters)
        .map(|n| if bit(n) == 0 { '0' } else { '1' })
        .collect()
}

#[test]
fn texts_of_one_request_share_its_effort() {
    let allowance = Allowance::default();
    let pattern = Pattern::new("[01]*1[01]{99}", false);
    let text = "0".repeat(1_000);
    // Few states: the cache has them.
    let judged = (0..1_000).map(|_| pattern.judge(&text, &allowance));
    assert!(
        judged
            .into_iter()
            .all(|verdict| verdict == Verdict::Differs)
    );
    // A new state for nearly every character: more than the cache can hold.
    let text = states(1_000);
    let judged = (0..1_000).map(|_| pattern.judge(&text, &allowance));
    let done = judged
        .take_while(|verdict| *verdict != Verdict::TooDear)
        .count() as u64;
    let slow = 1_000 * measured("[01]*1[01]{99}").width;
    let most = MOST_EFFORT / slow;
    assert!(done <= most && done >= most / 8, "{done} of {most}");
    assert_eq!(
        pattern.judge(&text, &Allowance::default()),
        Verdict::Differs
    );
    assert_eq!(
        Pattern::new("x", false).judge("x", &allowance),
        Verdict::Matches
    );
}

#[test]
fn the_longest_text_of_a_field_can_be_judged() {
    for pattern in [
        "[01]*1[01]{160}",
        "[01]*1[01]{999}",
        "(?:[01]*1){20}[01]{100}",
        "[01€]*1[01€]{30}",
    ] {
        let longest = longest(measured(pattern).width);
        take(pattern, longest as usize).unwrap();
        let refused = take(pattern, longest as usize + 1).unwrap_err();
        assert!(
            refused.contains(&format!("at most {longest}.")),
            "{refused}"
        );
        let text = states(longest as u32);
        assert_ne!(judge(pattern, &text), Verdict::TooDear, "{pattern}");
    }
}

/// Each makes the search visit thousands of states per character, although few of them read a character.
#[test]
fn what_leads_to_a_place_is_counted_as_well() {
    let looks = r"\b?".repeat(100);
    for pattern in [
        format!("(?:(?:{looks}x?){{80}}é)*"),
        format!("(?:{looks}[ab])*a[ab]{{16}}").replace(r"\b", "^"),
        "(?:(?:|||||||||x){900})*".to_owned(),
        "(?:(?:a?){999})*".to_owned(),
    ] {
        let Measure { weight, width } = measured(&pattern);
        assert!(
            width * 9 > weight && width > 100,
            "{pattern}: {width} of {weight}"
        );
        let refused = take(&pattern, 20_000).unwrap_err();
        assert!(refused.contains("max_length of at most"), "{refused}");
    }
}

/// Each fills the search's cache with data other than states.
#[test]
fn a_search_whose_cache_is_too_small_ends_right() {
    for (pattern, text, verdict) in [
        ("(?:||||||||x){900}", "xxx", Verdict::Matches),
        ("(?:||||||||x){900}", "a", Verdict::Differs),
        ("(?:(?:||){30}x){200}", "a", Verdict::Differs),
        (r"(?:(?:\b|){200}x?){20}", "xx", Verdict::Matches),
    ] {
        let allowance = Allowance::default();
        let judged = (0..3).map(|_| Pattern::new(pattern, false).judge(text, &allowance));
        for judged in judged {
            assert_eq!(judged, verdict, "{pattern} of {text}");
        }
    }
}

#[test]
fn classes_that_ignore_case_are_weighed_before_they_are_made() {
    for dear in [
        r"(?i)[\w\W&&x]".to_owned(),
        r"(?i)[\w\W&&x]".repeat(50),
        r"(?i:[^x[^y]])".to_owned(),
        r"(?i)[\x{0}-\x{10FFFF}]".to_owned(),
        r"(?i)[[[[[[[[\w]]]]]]]]".to_owned(),
        r"(?i)[[:^alpha:]]".to_owned(),
    ] {
        let refused = take(&dear, 1).unwrap_err();
        assert!(refused.contains("ignores the case"), "{dear}: {refused}");
        // A pattern that an older program may have stored.
        assert_eq!(judge(&dear, "x"), Verdict::TooDear, "{dear}");
    }
    for fine in [
        r"(?i)[\w.-]+@[a-z0-9.-]+\.[a-z]{2,}",
        r"(?i)[^@\s]+@example\.com",
        r"(?i)\p{L}+",
        r"[\w\W&&x]",
    ] {
        take(fine, 1_000).unwrap();
    }
    // The same without (?i): many small parts of large classes.
    assert!(weight(&r"[\w\W&&x]".repeat(50)) > 50 * 2 * 32);
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
        let refused = Room::of(&schema)
            .take(bomb, 1, &Allowance::default())
            .unwrap_err();
        assert!(refused.contains("too large"), "{refused}");
    }
    let refused = Room::of(&schema)
        .take("[01]*1[01]{999}", 100_000, &Allowance::default())
        .unwrap_err();
    assert!(refused.contains("max_length of at most 1"), "{refused}");
    for fine in [
        r"[^@\s]+@[^@\s]+",
        r"\d{5}(-\d{4})?",
        r"\w{1,12}",
        ".{10,500}",
        "[A-Z]{2}[0-9]{2}([A-Z0-9]{4}){3,8}",
    ] {
        Room::of(&schema)
            .take(fine, 2_000, &Allowance::default())
            .unwrap();
    }
    assert!(
        Room::of(&schema)
            .take("a)|(?:b", 1, &Allowance::default())
            .is_err()
    );
}

#[test]
fn a_tenant_s_patterns_have_one_room() {
    let schema = Schema::default();
    let mut room = Room::of(&schema);
    let taken = (0..)
        .take_while(|_| room.take(r"\w{1,10}", 1, &Allowance::default()).is_ok())
        .count() as u64;
    assert_eq!(taken, MOST_WEIGHT_OF_TENANT / weight(r"\w{1,10}"));
    let mut room = Room::of(&schema);
    let taken = (0..)
        .take_while(|_| room.take("x", 1, &Allowance::default()).is_ok())
        .count() as u64;
    assert_eq!(taken, MOST_WEIGHT_OF_TENANT / LEAST_WEIGHT);
}
