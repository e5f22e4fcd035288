//! Constraints that allow no value, and invalid patterns.

use std::collections::HashSet;

use serde_json::Number;

use crate::conforms::compile;
use crate::document::read::Reader;
use crate::document::{Kind, Schema};

/// The most different patterns that are compiled, since compiling one takes milliseconds.
const MOST_PATTERNS: usize = 500;
/// The most patterns that are refused before the check stops, since refused ones take longest.
const MOST_REFUSED: usize = 10;

#[derive(Default)]
pub(super) struct Patterns<'d> {
    tried: HashSet<&'d str>,
    refused: usize,
    /// Whether it has been reported that there are too many.
    told: bool,
}

impl Reader<'_> {
    pub(super) fn constraints<'d>(&mut self, schema: &'d Schema, patterns: &mut Patterns<'d>) {
        match &schema.kind {
            Kind::String(rules) => {
                self.counts(schema, "length", rules.min_length, rules.max_length);
                if let Some(pattern) = &rules.pattern {
                    self.pattern(schema, pattern, patterns);
                }
            }
            Kind::Integer(rules) | Kind::Number(rules) => {
                let low = greatest(rules.minimum.as_ref(), rules.exclusive_minimum.as_ref());
                let high = greatest(rules.maximum.as_ref(), rules.exclusive_maximum.as_ref());
                let low = low.map(|low| (low, rules.exclusive_minimum.is_some()));
                let high = high.map(|high| (high, rules.exclusive_maximum.is_some()));
                if let (Some((low, open_low)), Some((high, open_high))) = (low, high)
                    && (low > high || (low == high && (open_low || open_high)))
                {
                    let message = format!("no number is at least {low} and at most {high}");
                    self.report("bounds", &schema.at, message, "correct the bounds");
                }
                if rules
                    .multiple_of
                    .as_ref()
                    .and_then(Number::as_f64)
                    .is_some_and(|factor| factor <= 0.0)
                {
                    self.report(
                        "bounds",
                        &schema.at,
                        "multipleOf must be above 0".to_owned(),
                        "correct it",
                    );
                }
            }
            Kind::Array(rules) => {
                self.counts(schema, "number of items", rules.min_items, rules.max_items)
            }
            Kind::Object(rules) => {
                self.counts(
                    schema,
                    "number of properties",
                    rules.min_properties,
                    rules.max_properties,
                );
            }
            _ => {}
        }
    }

    pub(super) fn pattern<'d>(
        &mut self,
        schema: &Schema,
        pattern: &'d str,
        patterns: &mut Patterns<'d>,
    ) {
        if patterns.tried.contains(pattern) || patterns.told {
            return;
        }
        if patterns.tried.len() == MOST_PATTERNS || patterns.refused == MOST_REFUSED {
            patterns.told = true;
            let message = format!(
                "the patterns from here on are not looked at: at most {MOST_PATTERNS} are, and {MOST_REFUSED} that are refused"
            );
            self.report(
                "too-much",
                &schema.at,
                message,
                "use formats, or share schemas",
            );
            return;
        }
        patterns.tried.insert(pattern);
        if let Err(error) = compile(pattern) {
            patterns.refused += 1;
            let why = error.to_string();
            let why = why
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            let message = format!("the pattern `{pattern}` cannot be checked: {why}");
            let mend = "use a regular expression without look-around and back-references; bound lengths by maxLength";
            self.report("pattern", &schema.at, message, mend);
        }
    }

    pub(super) fn counts(
        &mut self,
        schema: &Schema,
        what: &str,
        least: Option<u64>,
        most: Option<u64>,
    ) {
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let message = format!("no {what} is at least {least} and at most {most}");
            self.report("bounds", &schema.at, message, "correct the bounds");
        }
    }
}

fn greatest(a: Option<&Number>, b: Option<&Number>) -> Option<f64> {
    a.and_then(Number::as_f64)
        .into_iter()
        .chain(b.and_then(Number::as_f64))
        .reduce(f64::max)
}
