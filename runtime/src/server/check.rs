//! The rules of JSON Schema as functions, which generated code calls with the contract's bounds. Each reports at most
//! one failure at the given place.

use std::{collections::HashSet, fmt::Display};

use serde_json::{Map, Value};

use super::{
    decode::Check,
    deprecation::Deprecation,
    format,
    invalid::{At, Report},
    pattern::Pattern,
};

/// The kind of a value, for messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn wrong_type(value: &Value, wanted: &str, at: &At<'_>, report: &mut Report) {
    report.add(
        at,
        "type",
        format!("Must be {wanted}, and is {}.", kind(value)),
    );
}

/// The check of one property: its name, its value.
pub type Property = fn(&str, &Value, &At<'_>, &mut Report);

/// Checks an object that must have the properties `required`. `each` checks every property that it has.
pub fn object(value: &Value, required: &[&str], each: Property, at: &At<'_>, report: &mut Report) {
    let Some(object) = as_object(value, at, report) else {
        return;
    };
    for (name, value) in object {
        each(name, value, &at.name(name), report);
    }
    for name in required {
        if !object.contains_key(*name) {
            report.add(&at.name(name), "required", "Is missing.");
        }
    }
}

/// Checks an object of any properties.
pub fn any_object(value: &Value, at: &At<'_>, report: &mut Report) {
    as_object(value, at, report);
}

fn as_object<'v>(
    value: &'v Value,
    at: &At<'_>,
    report: &mut Report,
) -> Option<&'v Map<String, Value>> {
    let object = value.as_object();
    if object.is_none() {
        wrong_type(value, "an object", at, report);
    }
    object
}

/// Checks the number of properties of an object. Ignores other values.
pub fn properties(value: &Value, count: Count, at: &At<'_>, report: &mut Report) {
    if let Some(object) = value.as_object() {
        count.judge(
            object.len(),
            ["min_properties", "max_properties"],
            "properties",
            at,
            report,
        );
    }
}

/// Checks a list and, with `each`, every item.
pub fn list(value: &Value, count: Count, each: Check, at: &At<'_>, report: &mut Report) {
    items(value, count, false, each, at, report);
}

/// Checks a list without equal items and, with `each`, every item.
pub fn set(value: &Value, count: Count, each: Check, at: &At<'_>, report: &mut Report) {
    items(value, count, true, each, at, report);
}

fn items(value: &Value, count: Count, differ: bool, each: Check, at: &At<'_>, report: &mut Report) {
    let Some(items) = value.as_array() else {
        wrong_type(value, "a list", at, report);
        return;
    };
    count.judge(items.len(), ["min_items", "max_items"], "items", at, report);
    if differ {
        unique(items, at, report);
    }
    for (index, item) in items.iter().enumerate() {
        each(item, &at.index(index), report);
    }
}

/// Accepts any value.
pub fn any(_: &Value, _: &At<'_>, _: &mut Report) {}

/// A rule for texts.
#[derive(Clone, Copy, Debug)]
pub enum Rule<'a> {
    /// Checks that a text is one of `allowed`, the values of `enum`.
    OneOf(&'a [&'a str]),
    /// Deprecated values, whose use is recorded.
    Going(&'a [(&'a str, &'static Deprecation)]),
    /// The number of Unicode scalar values.
    Length(Count),
    Matches(&'static Pattern),
    Format(&'static str),
}

/// A length with both bounds.
pub const fn between(least: u64, most: u64) -> Rule<'static> {
    Rule::Length(Count::Between(least, most))
}

/// A minimum length.
pub const fn at_least(least: u64) -> Rule<'static> {
    Rule::Length(Count::Least(least))
}

/// A maximum length.
pub const fn at_most(most: u64) -> Rule<'static> {
    Rule::Length(Count::Most(most))
}

/// A pattern in a static of its own.
#[macro_export]
macro_rules! pattern {
    ($source:literal) => {{
        static PATTERN: $crate::server::Pattern = $crate::server::Pattern::new($source);
        &PATTERN
    }};
}

/// Checks a text of several lines: it may contain tabs and line breaks, but no other control characters.
pub fn text(value: &Value, rules: &[Rule<'_>], at: &At<'_>, report: &mut Report) {
    if let Some(text) = of_lines(value, at, report) {
        judge(text, rules, at, report);
    }
}

fn of_lines<'v>(value: &'v Value, at: &At<'_>, report: &mut Report) -> Option<&'v str> {
    let text = any_text(value, at, report)?;
    if !is_plain(text, true) {
        let message = "Must hold no control characters but tab and line breaks.";
        report.add(at, CONTROL, message);
        return None;
    }
    Some(text)
}

/// Checks a text of one line, such as a name: it may not contain control characters.
pub fn line(value: &Value, rules: &[Rule<'_>], at: &At<'_>, report: &mut Report) {
    if let Some(text) = any_text(value, at, report)
        && is_line(text, at, report)
    {
        judge(text, rules, at, report);
    }
}

fn judge(text: &str, rules: &[Rule<'_>], at: &At<'_>, report: &mut Report) {
    for rule in rules {
        match *rule {
            Rule::OneOf(allowed) => one_of(text, allowed, at, report),
            Rule::Going(values) => {
                if let Some((_, notice)) = values.iter().find(|(value, _)| *value == text) {
                    report.uses(notice);
                }
            }
            Rule::Length(count) => length(text, count, at, report),
            Rule::Matches(pattern) => matches(text, pattern, at, report),
            Rule::Format(format) => of_format(text, format, at, report),
        }
    }
}

/// Checks the name of a property that the caller chose; `at` is its place.
pub fn key(name: &str, at: &At<'_>, report: &mut Report) {
    is_line(name, at, report);
}

const CONTROL: &str = "control_character";

/// Whether a text has no control characters; with `lines`, tabs and line breaks are allowed.
pub fn is_plain(text: &str, lines: bool) -> bool {
    // Most texts have none of the bytes with which a control character begins. A loop without branches checks that
    // fast.
    let suspect = |byte: u8| (byte < b' ') | (byte == 0x7f) | (byte == 0xc2);
    if !text.bytes().fold(false, |any, byte| any | suspect(byte)) {
        return true;
    }
    let layout = |c| lines && matches!(c, '\t' | '\n' | '\r');
    text.chars().all(|c| !c.is_control() || layout(c))
}

fn is_line(text: &str, at: &At<'_>, report: &mut Report) -> bool {
    let sound = is_plain(text, false);
    if !sound {
        report.add(at, CONTROL, "Must hold no control characters.");
    }
    sound
}

fn any_text<'v>(value: &'v Value, at: &At<'_>, report: &mut Report) -> Option<&'v str> {
    let text = value.as_str();
    if text.is_none() {
        wrong_type(value, "text", at, report);
    }
    text
}

pub fn boolean(value: &Value, at: &At<'_>, report: &mut Report) {
    if !value.is_boolean() {
        wrong_type(value, "true or false", at, report);
    }
}

pub fn null(value: &Value, at: &At<'_>, report: &mut Report) {
    if !value.is_null() {
        wrong_type(value, "null", at, report);
    }
}

pub fn never(at: &At<'_>, report: &mut Report) {
    report.add(at, "never", "Must be left out.");
}

pub fn unknown_property(at: &At<'_>, report: &mut Report) {
    report.add(at, "unknown_property", "The object has no such property.");
}

/// Bounds of a number of characters, items or properties.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    Any,
    Least(u64),
    Most(u64),
    /// The least and the most.
    Between(u64, u64),
}

impl Count {
    fn least(self) -> Option<u64> {
        match self {
            Self::Least(least) | Self::Between(least, _) => Some(least),
            Self::Any | Self::Most(_) => None,
        }
    }

    fn most(self) -> Option<u64> {
        match self {
            Self::Most(most) | Self::Between(_, most) => Some(most),
            Self::Any | Self::Least(_) => None,
        }
    }

    fn judge(
        self,
        count: usize,
        rules: [&'static str; 2],
        noun: &str,
        at: &At<'_>,
        report: &mut Report,
    ) {
        let count = count as u64;
        if let Some(least) = self.least().filter(|least| count < *least) {
            report.add(
                at,
                rules[0],
                format!("Must have at least {least} {noun}, and has {count}."),
            );
        } else if let Some(most) = self.most().filter(|most| count > *most) {
            report.add(
                at,
                rules[1],
                format!("Must have at most {most} {noun}, and has {count}."),
            );
        }
    }
}

/// Checks the length of a text in Unicode scalar values. They are not counted if there are few enough bytes.
fn length(text: &str, count: Count, at: &At<'_>, report: &mut Report) {
    let bytes = text.len() as u64;
    let surely = count
        .least()
        .is_none_or(|least| least <= 1 && bytes >= least)
        && count.most().is_none_or(|most| bytes <= most);
    if !surely {
        count.judge(
            text.chars().count(),
            ["min_length", "max_length"],
            "characters",
            at,
            report,
        );
    }
}

/// Checks that all items differ.
fn unique(items: &[Value], at: &At<'_>, report: &mut Report) {
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        // Equal values print equal texts, since names are sorted.
        if !seen.insert(item.to_string()) {
            report.add(&at.index(index), "unique_items", "Repeats an earlier item.");
        }
    }
}

fn matches(text: &str, pattern: &Pattern, at: &At<'_>, report: &mut Report) {
    if !pattern.matches(text) {
        report.add(at, "pattern", format!("Must match {}.", pattern.source()));
    }
}

fn of_format(text: &str, format: &'static str, at: &At<'_>, report: &mut Report) {
    if !format::holds(format, text) {
        report.add(at, "format", format!("Must be of the format {format}."));
    }
}

fn one_of(text: &str, allowed: &[&str], at: &At<'_>, report: &mut Report) {
    if !allowed.contains(&text) {
        report.add(
            at,
            "enum",
            format!("Must be one of: {}.", allowed.join(", ")),
        );
    }
}

/// Checks that a value is one of `allowed`, which are JSON texts.
pub fn one_of_values(value: &Value, allowed: &[&str], at: &At<'_>, report: &mut Report) {
    let is =
        |text: &&str| serde_json::from_str::<Value>(text).is_ok_and(|known| same(&known, value));
    if !allowed.iter().any(is) {
        report.add(
            at,
            "enum",
            format!("Must be one of: {}.", allowed.join(", ")),
        );
    }
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|number| b.as_f64() == Some(number))
}

/// A bound of a number.
#[derive(Clone, Copy, Debug)]
pub enum Bound<N> {
    /// The least and the most.
    Within(N, N),
    Least(N),
    Most(N),
    Above(N),
    Below(N),
    MultipleOf(N),
}

/// Checks an integer. Only the first bound that it breaks is reported.
pub fn integer(value: &Value, bounds: &[Bound<i64>], at: &At<'_>, report: &mut Report) {
    match value.as_i64() {
        Some(number) => {
            let divides = |factor| number.checked_rem(factor) == Some(0);
            within(number, bounds, divides, at, report);
        }
        None => wrong_type(value, "an integer", at, report),
    }
}

/// Checks a number. Only the first bound that it breaks is reported.
pub fn number(value: &Value, bounds: &[Bound<f64>], at: &At<'_>, report: &mut Report) {
    match value.as_f64() {
        Some(number) => {
            let divides = |factor| is_multiple(number, factor);
            within(number, bounds, divides, at, report);
        }
        None => wrong_type(value, "a number", at, report),
    }
}

fn within<N: Copy + PartialOrd + Display>(
    number: N,
    bounds: &[Bound<N>],
    divides: impl Fn(N) -> bool,
    at: &At<'_>,
    report: &mut Report,
) {
    let broken = bounds.iter().find_map(|bound| match *bound {
        Bound::Least(least) | Bound::Within(least, _) if number < least => {
            Some(("minimum", format!("Must be at least {least}.")))
        }
        Bound::Most(most) | Bound::Within(_, most) if number > most => {
            Some(("maximum", format!("Must be at most {most}.")))
        }
        Bound::Above(above) if number <= above => {
            Some(("exclusive_minimum", format!("Must be more than {above}.")))
        }
        Bound::Below(below) if number >= below => {
            Some(("exclusive_maximum", format!("Must be less than {below}.")))
        }
        Bound::MultipleOf(factor) if !divides(factor) => {
            Some(("multiple_of", format!("Must be a multiple of {factor}.")))
        }
        _ => None,
    });
    if let Some((rule, message)) = broken {
        report.add(at, rule, message);
    }
}

fn is_multiple(value: f64, factor: f64) -> bool {
    let quotient = value / factor;
    (quotient - quotient.round()).abs() < 1e-9 * quotient.abs().max(1.0)
}

/// The discriminator of an object, which names its alternative.
pub fn discriminator<'v>(
    value: &'v Value,
    property: &'static str,
    at: &At<'_>,
    report: &mut Report,
) -> Option<&'v str> {
    let tag = as_object(value, at, report)?.get(property);
    match tag {
        None => {
            report.add(&at.name(property), "required", "Is missing.");
            None
        }
        Some(tag) => of_lines(tag, &at.name(property), report),
    }
}

/// Reports an object whose discriminator names no alternative.
pub fn no_alternative(property: &'static str, known: &[&str], at: &At<'_>, report: &mut Report) {
    report.add(
        &at.name(property),
        "enum",
        format!("Must be one of: {}.", known.join(", ")),
    );
}

/// Checks that at least one alternative holds, with `exactly_one` no more than one. If none holds, reports the failures
/// of the closest one.
pub fn alternatives(
    value: &Value,
    checks: &[Check],
    exactly_one: bool,
    at: &At<'_>,
    report: &mut Report,
) {
    let mut held = 0;
    let mut closest: Option<((bool, usize), Report)> = None;
    for check in checks {
        let mut tried = Report::new();
        check(value, at, &mut tried);
        if tried.is_clean() {
            held += 1;
            report.extend(tried);
            continue;
        }
        let place = at.to_string();
        let other_type = tried
            .failures()
            .iter()
            .any(|failure| failure.rule == "type" && failure.pointer == place);
        let distance = (other_type, tried.found());
        if closest.as_ref().is_none_or(|(least, _)| distance < *least) {
            closest = Some((distance, tried));
        }
    }
    match (held, closest) {
        (0, Some(((true, _), _))) | (0, None) => {
            report.add(
                at,
                "one_of",
                format!(
                    "Must have one of the {} forms in the contract.",
                    checks.len()
                ),
            );
        }
        (0, Some((_, tried))) => report.extend(tried),
        (1, _) => {}
        _ if exactly_one => {
            report.add(
                at,
                "one_of",
                "Must have only one of the forms in the contract.",
            );
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
    use serde_json::json;

    use super::*;
    use crate::server::{DeprecatedKind, Deprecation};

    fn rules(check: impl FnOnce(&At<'_>, &mut Report)) -> Vec<&'static str> {
        let mut report = Report::new();
        check(&At::BODY, &mut report);
        report
            .failures()
            .iter()
            .map(|failure| failure.rule)
            .collect()
    }

    proptest! {
        #[test]
        fn a_plain_text_has_no_control_characters(
            text in r"([ -~]|[\t\r\n\x00-\x1f\x7f]|[\u{80}-\u{bf}]|é|😀){0,12}",
            lines in proptest::bool::ANY,
        ) {
            let mut controls = text.chars().filter(|c| c.is_control());
            let plain = controls.all(|c| lines && "\t\n\r".contains(c));
            prop_assert_eq!(is_plain(&text, lines), plain);
        }
    }

    static OLD: Deprecation = Deprecation {
        kind: DeprecatedKind::Property,
        version: 1,
        title: "property old",
        operation: None,
        element: "/old",
        deprecated_at: Some(0),
        sunset: None,
        sunset_date: None,
        replacement: None,
        link: None,
        successor: None,
    };

    fn is_text(value: &Value, at: &At<'_>, report: &mut Report) {
        text(value, &[], at, report);
    }

    fn is_short(value: &Value, at: &At<'_>, report: &mut Report) {
        report.uses(&OLD);
        text(value, &[Rule::Length(Count::Most(2))], at, report);
    }

    #[test]
    fn control_characters_are_in_no_text_and_lines_only_in_long_ones() {
        let of = |value: &str| {
            let value = json!(value);
            let long = rules(|at, report| text(&value, &[], at, report));
            let short = rules(|at, report| line(&value, &[], at, report));
            let name = rules(|at, report| key(value.as_str().unwrap(), at, report));
            assert_eq!(short, name);
            (long.is_empty(), short.is_empty())
        };
        for sound in ["", "a b", "caf\u{e9} \u{1f4a1} \u{2028}\u{200d}"] {
            assert_eq!(of(sound), (true, true), "{sound:?}");
        }
        for lines in ["a\tb", "a\nb", "a\r\nb"] {
            assert_eq!(of(lines), (true, false), "{lines:?}");
        }
        let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
        for c in controls.filter(|c| !"\t\n\r".contains(*c)) {
            assert_eq!(of(&format!("a{c}b")), (false, false), "{c:?}");
        }
    }

    #[test]
    fn any_alternative_suffices_and_exactly_one_means_one() {
        let judge = |value: Value, exactly| {
            rules(|at, report| alternatives(&value, &[is_text, is_short], exactly, at, report))
        };
        assert_eq!(judge(json!("a"), false), [""; 0]);
        assert_eq!(judge(json!("a"), true), ["one_of"]);
        assert_eq!(judge(json!("long"), true), [""; 0]);
        assert_eq!(judge(json!(1), true), ["one_of"]);
    }

    #[test]
    fn only_the_alternative_that_holds_counts_as_used() {
        let used = |value: Value| {
            let mut report = Report::new();
            alternatives(&value, &[is_text, is_short], false, &At::BODY, &mut report);
            report.used().0.len()
        };
        assert_eq!((used(json!("a")), used(json!("long"))), (1, 0));
    }

    #[test]
    fn the_nearest_alternative_explains_itself() {
        assert_eq!(
            rules(|at, report| alternatives(&json!("long"), &[is_short], true, at, report)),
            ["max_length"]
        );
    }

    #[test]
    fn multiples_of_fractions_are_found_despite_rounding() {
        let tenths = [Bound::MultipleOf(0.1)];
        let judge = |value: f64| rules(|at, report| number(&json!(value), &tenths, at, report));
        assert_eq!(judge(0.3), [""; 0]);
        assert_eq!(judge(0.35), ["multiple_of"]);
        let none = [Bound::MultipleOf(0)];
        assert_eq!(
            rules(|at, report| integer(&json!(3), &none, at, report)),
            ["multiple_of"]
        );
    }

    #[test]
    fn the_first_bound_that_is_broken_is_told() {
        let bounds = [Bound::Within(2, 8), Bound::MultipleOf(2)];
        let judge = |value: i64| rules(|at, report| integer(&json!(value), &bounds, at, report));
        assert_eq!(judge(1), ["minimum"]);
        assert_eq!(judge(9), ["maximum"]);
        assert_eq!(judge(5), ["multiple_of"]);
        assert_eq!(judge(4), [""; 0]);
    }

    #[test]
    fn an_object_tells_of_each_property_and_of_those_that_are_missing() {
        let each: Property = |name, value, at, report| match name {
            "a" => text(value, &[], at, report),
            _ => unknown_property(at, report),
        };
        let judge = |value: Value| {
            rules(|at, report| {
                object(&value, &["a", "c"], each, at, report);
                properties(&value, Count::Most(1), at, report);
            })
        };
        assert_eq!(
            judge(json!({"a": 1, "b": 2})),
            ["type", "unknown_property", "required", "max_properties"]
        );
        assert_eq!(judge(json!([])), ["type"]);
    }

    #[test]
    fn only_a_set_tells_of_equal_items() {
        let value = json!(["a", "a", 1]);
        let count = Count::Between(1, 2);
        assert_eq!(
            rules(|at, report| list(&value, count, is_text, at, report)),
            ["max_items", "type"]
        );
        assert_eq!(
            rules(|at, report| set(&value, count, is_text, at, report)),
            ["max_items", "unique_items", "type"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn length_counts_characters(value in "\\PC{0,12}", least in 0u64..8, more in 0u64..8) {
            let count = Count::Between(least, least + more);
            let characters = value.chars().count() as u64;
            let holds = (least..=least + more).contains(&characters);
            prop_assert_eq!(rules(|at, report| length(&value, count, at, report)).is_empty(), holds);
        }
    }
}
