//! Answers that an older program stored. Their placeholders are integers of 16 digits, whose first ten digits are a
//! prefix that occurs nowhere else in the answer. Such rows are read until the day after the upgrade, so that a repeat
//! of their request does not take effect twice. They are no longer written.

use super::Issued;

const PER_COUNTER: i64 = 100_000;

/// `text` with the number for every placeholder.
pub(super) fn fill(text: &str, prefix: i64, issued: &Issued) -> String {
    let mark = prefix.to_string();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&mark) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let digits = tail
            .get(mark.len()..mark.len() + 6)
            .and_then(|digits| digits.parse::<i64>().ok());
        let Some(offset) = digits else {
            out.push_str(&mark);
            rest = &tail[mark.len()..];
            continue;
        };
        let value = match offset / PER_COUNTER {
            0 => issued.base + offset,
            counter => {
                issued
                    .counters
                    .get(counter as usize - 1)
                    .copied()
                    .unwrap_or_default()
                    + offset % PER_COUNTER
            }
        };
        out.push_str(&value.to_string());
        rest = &tail[mark.len() + 6..];
    }
    out.push_str(rest);
    out
}
