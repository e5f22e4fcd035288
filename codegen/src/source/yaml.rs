//! YAML 1.2 with the core schema, from the events of saphyr-parser.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::Number;

use super::tree::{Step, Tree};
use super::{Content, Position};

const CORE: &str = "tag:yaml.org,2002:";

pub(super) fn read(text: &str, tree: &mut Tree<'_>) -> Step {
    let mut parser = Parser::new_from_str(text);
    while let Some(step) = parser.next_event() {
        let (event, span) = match step {
            Ok(step) => step,
            // The scanner reads ahead of the tree and has its own bound (255 brackets).
            Err(error) if error.info().contains("recursion limit") => {
                return tree.too_deep(&position(error.marker()));
            }
            Err(error) => {
                return tree.stop(
                    "syntax",
                    &position(error.marker()),
                    format!("this is not YAML: {}", error.info()),
                    "mend the syntax here or just before; indentation, quotes and brackets are the usual causes",
                );
            }
        };
        let at = position(&span.start);
        match event {
            Event::DocumentStart(_) if tree.has_root() => {
                return tree.stop(
                    "several-documents",
                    &at,
                    "a second YAML document starts here; a contract is one document",
                    "remove it, or move it into its own file",
                );
            }
            Event::Scalar(text, style, anchor, tag) => {
                if tree.wants_key() {
                    merge_key(tree, &text, style, &at);
                    tree.key(text.into_owned(), at)?;
                } else {
                    let content = scalar(tree, &text, style, tag.as_deref(), &at);
                    tree.scalar(at, content, anchor)?;
                }
            }
            Event::SequenceStart(anchor, tag) => {
                collection_tag(tree, tag.as_deref(), "seq", &at);
                tree.open_list(at, anchor)?;
            }
            Event::MappingStart(anchor, tag) => {
                collection_tag(tree, tag.as_deref(), "map", &at);
                tree.open_map(at, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => tree.close()?,
            Event::Alias(anchor) => tree.alias(&at, anchor)?,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Ok(())
}

fn position(mark: &Marker) -> Position {
    let bound = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        file: None,
        line: bound(mark.line()),
        column: bound(mark.col() + 1),
    }
}

fn merge_key(tree: &mut Tree<'_>, text: &str, style: ScalarStyle, at: &Position) {
    if text == "<<" && style == ScalarStyle::Plain {
        tree.report(
            "merge-key",
            at,
            "`<<` is not a merge in YAML 1.2: it would be a key of that name",
            "use $ref, or write the members out",
        );
    }
}

fn scalar(
    tree: &mut Tree<'_>,
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    at: &Position,
) -> Content {
    let resolved = match tag {
        None if style == ScalarStyle::Plain => plain(text),
        None => Some(Content::Text(text.to_owned())),
        Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => {
            Some(Content::Text(text.to_owned()))
        }
        Some(tag) if tag.handle == CORE && tag.suffix == "str" => {
            Some(Content::Text(text.to_owned()))
        }
        Some(tag)
            if tag.handle == CORE
                && matches!(tag.suffix.as_str(), "int" | "float" | "bool" | "null") =>
        {
            plain(text)
        }
        Some(tag) => {
            unknown_tag(tree, tag, at);
            Some(Content::Text(text.to_owned()))
        }
    };
    resolved.unwrap_or_else(|| {
        tree.report(
            "number",
            at,
            format!("`{text}` is a number in YAML that JSON cannot hold"),
            "quote it if it is a text; else write a finite number",
        );
        Content::Null
    })
}

fn collection_tag(tree: &mut Tree<'_>, tag: Option<&Tag>, expected: &str, at: &Position) {
    if let Some(tag) = tag
        && !(tag.handle == CORE && tag.suffix == expected)
        && !(tag.handle == "!" && tag.suffix.is_empty())
    {
        unknown_tag(tree, tag, at);
    }
}

fn unknown_tag(tree: &mut Tree<'_>, tag: &Tag, at: &Position) {
    let message = format!(
        "the YAML tag `{}{}` has no meaning in a contract",
        tag.handle, tag.suffix
    );
    tree.report("yaml-tag", at, message, "remove the tag");
}

/// A plain scalar by the core schema (YAML 1.2.2, 10.3.2); None for a number that JSON does not have.
fn plain(text: &str) -> Option<Content> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => match text.bytes().next() {
            Some(b'0'..=b'9' | b'-' | b'+' | b'.') => return number(text),
            _ => Content::Text(text.to_owned()),
        },
    })
}

fn number(text: &str) -> Option<Content> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return None;
    }
    let radix = |prefix, base| {
        text.strip_prefix(prefix)
            .filter(|digits| !digits.is_empty())
            .map(|digits| (digits, base))
    };
    if let Some((digits, base)) = radix("0o", 8).or_else(|| radix("0x", 16))
        && digits.chars().all(|c| c.is_digit(base))
    {
        return u64::from_str_radix(digits, base)
            .ok()
            .map(|value| Content::Number(value.into()));
    }
    if !is_decimal(unsigned) {
        return Some(Content::Text(text.to_owned()));
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(value) = text.parse::<i64>() {
        return Some(Content::Number(value.into()));
    }
    if let Ok(value) = text.parse::<u64>() {
        return Some(Content::Number(value.into()));
    }
    text.parse::<f64>()
        .ok()
        .and_then(Number::from_f64)
        .map(Content::Number)
}

/// `[0-9]+ | ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_one = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent_is_one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let json = |text| {
            plain(text).map(|content| {
                super::super::Node {
                    content,
                    ..Default::default()
                }
                .to_string()
            })
        };
        for (text, expected) in [
            ("12", "12"),
            ("-7", "-7"),
            ("+7", "7"),
            ("0o17", "15"),
            ("0xff", "255"),
            ("1.5e3", "1500.0"),
            (".5", "0.5"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.0.0", "\"1.0.0\""),
            ("2026-11-22", "\"2026-11-22\""),
            ("-", "\"-\""),
            ("0x", "\"0x\""),
            ("1e", "\"1e\""),
            ("no", "\"no\""),
            ("~", "null"),
            ("True", "true"),
        ] {
            assert_eq!(json(text).as_deref(), Some(expected), "{text}");
        }
        for text in [".inf", "-.inf", ".nan", "1e999", "0xffffffffffffffffff"] {
            assert_eq!(json(text), None, "{text}");
        }
    }
}
