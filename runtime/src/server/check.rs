//! The rules of JSON Schema as functions, which generated code calls with the contract's bounds. Each reports at most
//! one failure at the given place.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    decode::Check,
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

pub fn object<'v>(
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

pub fn array<'v>(value: &'v Value, at: &At<'_>, report: &mut Report) -> Option<&'v [Value]> {
    let array = value.as_array();
    if array.is_none() {
        wrong_type(value, "a list", at, report);
    }
    array.map(Vec::as_slice)
}

/// Checks a text of several lines: it may contain tabs and line breaks, but no other control characters.
pub fn text<'v>(value: &'v Value, at: &At<'_>, report: &mut Report) -> Option<&'v str> {
    let text = any_text(value, at, report)?;
    if !is_plain(text, true) {
        let message = "Must hold no control characters but tab and line breaks.";
        report.add(at, CONTROL, message);
        return None;
    }
    Some(text)
}

/// Checks a text of one line, such as a name: it may not contain control characters.
pub fn line<'v>(value: &'v Value, at: &At<'_>, report: &mut Report) -> Option<&'v str> {
    let text = any_text(value, at, report)?;
    is_line(text, at, report).then_some(text)
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

pub fn integer(value: &Value, at: &At<'_>, report: &mut Report) -> Option<i64> {
    let integer = value.as_i64();
    if integer.is_none() {
        wrong_type(value, "an integer", at, report);
    }
    integer
}

pub fn number(value: &Value, at: &At<'_>, report: &mut Report) -> Option<f64> {
    let number = value.as_f64();
    if number.is_none() {
        wrong_type(value, "a number", at, report);
    }
    number
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

/// Checks that each of the names is present.
pub fn required(object: &Map<String, Value>, names: &[&str], at: &At<'_>, report: &mut Report) {
    for name in names {
        if !object.contains_key(*name) {
            report.add(&at.name(name), "required", "Is missing.");
        }
    }
}

pub fn unknown_property(at: &At<'_>, report: &mut Report) {
    report.add(at, "unknown_property", "The object has no such property.");
}

/// Bounds of a number of characters, items or properties.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub least: Option<u64>,
    pub most: Option<u64>,
}

impl Count {
    fn judge(
        self,
        count: usize,
        rules: [&'static str; 2],
        noun: &str,
        at: &At<'_>,
        report: &mut Report,
    ) {
        let count = count as u64;
        if let Some(least) = self.least.filter(|least| count < *least) {
            report.add(
                at,
                rules[0],
                format!("Must have at least {least} {noun}, and has {count}."),
            );
        } else if let Some(most) = self.most.filter(|most| count > *most) {
            report.add(
                at,
                rules[1],
                format!("Must have at most {most} {noun}, and has {count}."),
            );
        }
    }
}

pub fn properties(object: &Map<String, Value>, count: Count, at: &At<'_>, report: &mut Report) {
    count.judge(
        object.len(),
        ["min_properties", "max_properties"],
        "properties",
        at,
        report,
    );
}

pub fn items(items: &[Value], count: Count, at: &At<'_>, report: &mut Report) {
    count.judge(items.len(), ["min_items", "max_items"], "items", at, report);
}

/// Checks the length of a text in Unicode scalar values. They are not counted if there are few enough bytes.
pub fn length(text: &str, count: Count, at: &At<'_>, report: &mut Report) {
    let surely = count
        .least
        .is_none_or(|least| least <= 1 && text.len() as u64 >= least)
        && count.most.is_none_or(|most| text.len() as u64 <= most);
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
pub fn unique(items: &[Value], at: &At<'_>, report: &mut Report) {
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        // Equal values print equal texts, since names are sorted.
        if !seen.insert(item.to_string()) {
            report.add(&at.index(index), "unique_items", "Repeats an earlier item.");
        }
    }
}

pub fn pattern(text: &str, pattern: &Pattern, at: &At<'_>, report: &mut Report) {
    if !pattern.matches(text) {
        report.add(at, "pattern", format!("Must match {}.", pattern.source()));
    }
}

pub fn format(text: &str, format: &'static str, at: &At<'_>, report: &mut Report) {
    if !format::holds(format, text) {
        report.add(at, "format", format!("Must be of the format {format}."));
    }
}

/// Checks that a text is one of `allowed`, the values of `enum`.
pub fn one_of(text: &str, allowed: &[&str], at: &At<'_>, report: &mut Report) {
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

/// Bounds of an integer.
#[derive(Clone, Copy, Debug)]
pub struct Integers {
    pub least: Option<i64>,
    pub most: Option<i64>,
    pub multiple_of: Option<i64>,
}

pub fn integers(value: i64, bounds: Integers, at: &At<'_>, report: &mut Report) {
    if let Some(least) = bounds.least.filter(|least| value < *least) {
        report.add(at, "minimum", format!("Must be at least {least}."));
    } else if let Some(most) = bounds.most.filter(|most| value > *most) {
        report.add(at, "maximum", format!("Must be at most {most}."));
    } else if let Some(factor) = bounds
        .multiple_of
        .filter(|factor| value.checked_rem(*factor) != Some(0))
    {
        report.add(
            at,
            "multiple_of",
            format!("Must be a multiple of {factor}."),
        );
    }
}

/// Bounds of a number.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub least: Option<f64>,
    pub most: Option<f64>,
    pub above: Option<f64>,
    pub below: Option<f64>,
    pub multiple_of: Option<f64>,
}

pub fn numbers(value: f64, bounds: Numbers, at: &At<'_>, report: &mut Report) {
    if let Some(least) = bounds.least.filter(|least| value < *least) {
        report.add(at, "minimum", format!("Must be at least {least}."));
    } else if let Some(most) = bounds.most.filter(|most| value > *most) {
        report.add(at, "maximum", format!("Must be at most {most}."));
    } else if let Some(above) = bounds.above.filter(|above| value <= *above) {
        report.add(
            at,
            "exclusive_minimum",
            format!("Must be more than {above}."),
        );
    } else if let Some(below) = bounds.below.filter(|below| value >= *below) {
        report.add(
            at,
            "exclusive_maximum",
            format!("Must be less than {below}."),
        );
    } else if let Some(factor) = bounds
        .multiple_of
        .filter(|factor| !is_multiple(value, *factor))
    {
        report.add(
            at,
            "multiple_of",
            format!("Must be a multiple of {factor}."),
        );
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
    let tag = object(value, at, report)?.get(property);
    match tag {
        None => {
            report.add(&at.name(property), "required", "Is missing.");
            None
        }
        Some(tag) => text(tag, &at.name(property), report),
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
    use proptest::prelude::*;
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
            lines in any::<bool>(),
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
        text(value, at, report);
    }

    fn is_short(value: &Value, at: &At<'_>, report: &mut Report) {
        report.uses(&OLD);
        if let Some(text) = text(value, at, report) {
            length(
                text,
                Count {
                    least: None,
                    most: Some(2),
                },
                at,
                report,
            );
        }
    }

    #[test]
    fn control_characters_are_in_no_text_and_lines_only_in_long_ones() {
        let of = |value: &str| {
            let value = json!(value);
            let long = rules(|at, report| {
                let _ = text(&value, at, report);
            });
            let short = rules(|at, report| {
                let _ = line(&value, at, report);
            });
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
        let bounds = Numbers {
            least: None,
            most: None,
            above: None,
            below: None,
            multiple_of: Some(0.1),
        };
        assert_eq!(
            rules(|at, report| numbers(0.3, bounds, at, report)),
            [""; 0]
        );
        assert_eq!(
            rules(|at, report| numbers(0.35, bounds, at, report)),
            ["multiple_of"]
        );
        let none = Integers {
            least: None,
            most: None,
            multiple_of: Some(0),
        };
        assert_eq!(
            rules(|at, report| integers(3, none, at, report)),
            ["multiple_of"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn length_counts_characters(value in "\\PC{0,12}", least in 0u64..8, more in 0u64..8) {
            let count = Count { least: Some(least), most: Some(least + more) };
            let characters = value.chars().count() as u64;
            let holds = (least..=least + more).contains(&characters);
            prop_assert_eq!(rules(|at, report| length(&value, count, at, report)).is_empty(), holds);
        }
    }
}
