//! The normal form of an answer: values that differ between runs become placeholders. Ids keep their identity: the
//! first id is `<id 1>` wherever it occurs.

use std::{collections::HashMap, fmt::Write, sync::LazyLock};

use contract_tests::raw::Answer;
use regex::{Captures, Regex};

/// Headers of the connection, which do not belong to the answer.
const OF_THE_CONNECTION: [&str; 5] = [
    "date",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
];

static ID: LazyLock<Regex> =
    LazyLock::new(|| regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
/// A time of these decades in epoch ms.
static TIME: LazyLock<Regex> = LazyLock::new(|| regex(r"\b1[789][0-9]{11}\b"));
/// Secrets that the server makes, recognised by the member's name or the prefix.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#""(access_token|refresh_token|secret|hint|kid|x|next_cursor|release)":"[^"]*"|"(?:pc|rt|crm)_[^"]*""#,
    )
});
/// Values that count down.
static COUNT: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"\b(r|t|retry_after|expires_in)("?[=:])[0-9]+"#));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

#[derive(Default)]
pub struct Normal {
    ids: HashMap<String, usize>,
}

impl Normal {
    /// Status, headers in order of their names, body.
    pub fn of(&mut self, answer: &Answer) -> String {
        let mut text = answer.status.as_u16().to_string();
        let mut headers: Vec<(&str, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()))
            .map(|(name, value)| {
                (
                    name.as_str(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        headers.sort();
        for (name, value) in headers {
            let value = match name {
                "x-request-id" => "<request>".to_owned(),
                "retry-after" => "<seconds>".to_owned(),
                // The native host compresses answers itself; for the Worker the platform does.
                "vary" => value.replace(", accept-encoding", ""),
                _ => self.text(&value),
            };
            let _ = write!(text, "\n    {name}: {value}");
        }
        let _ = write!(
            text,
            "\n    {}",
            self.text(&String::from_utf8_lossy(&answer.body))
        );
        text
    }

    fn text(&mut self, text: &str) -> String {
        let text = SECRET.replace_all(text, |found: &Captures<'_>| match found.get(1) {
            Some(name) => format!(r#""{}":"<secret>""#, name.as_str()),
            None => r#""<secret>""#.to_owned(),
        });
        let text = TIME.replace_all(&text, "<time>");
        let text = COUNT.replace_all(&text, "$1$2<number>");
        ID.replace_all(&text, |found: &Captures<'_>| {
            let next = self.ids.len() + 1;
            let number = *self.ids.entry(found[0].to_owned()).or_insert(next);
            format!("<id {number}>")
        })
        .into_owned()
    }
}
