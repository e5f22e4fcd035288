//! The deprecation notice in an answer's headers: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and links (RFC 8288)
//! to the deprecated things and their replacements.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::LINK;
use percent_encoding::percent_decode_str;
use sfv::{BareItem, Item, Parser};

/// The most links of an answer that are read.
const MOST_LINKS: usize = 100;

/// The notice that an operation, or something used in the call or present in its answer, will be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// When it was announced; for several things the earliest day.
    pub at: SystemTime,
    /// The day from which the first of them may be gone.
    pub sunset: Option<SystemTime>,
    /// The deprecated things.
    pub things: Vec<DeprecatedThing>,
    /// The addresses of the operations' replacements: links with `rel="successor-version"`.
    pub successors: Vec<String>,
}

/// One deprecated thing: a link with `rel="deprecation"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeprecatedThing {
    /// A link to read on.
    pub link: String,
    /// What it is, and what to use instead, for people.
    pub title: Option<String>,
    /// Its place in the contract as a JSON pointer, if the link points into the contract.
    pub element: Option<String>,
}

/// A use of something deprecated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeprecatedUse {
    /// The `operationId` in the contract, in snake case.
    pub operation: &'static str,
    pub notice: Deprecation,
}

pub(super) fn notice(headers: &HeaderMap, sunset: Option<SystemTime>) -> Option<Deprecation> {
    let item: Item = Parser::new(headers.get("deprecation")?.to_str().ok()?)
        .parse()
        .ok()?;
    let BareItem::Date(date) = item.bare_item else {
        return None;
    };
    let seconds = u64::try_from(i64::from(date.unix_seconds())).ok()?;
    let links: Vec<Link> = headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links)
        .take(MOST_LINKS)
        .collect();
    let with = |relation: &'static str| links.iter().filter(move |link| link.is(relation));
    Some(Deprecation {
        at: UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?,
        sunset,
        things: with("deprecation").map(Link::thing).collect(),
        successors: with("successor-version")
            .map(|link| link.target.clone())
            .collect(),
    })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Link {
    target: String,
    parameters: Vec<(String, String)>,
}

impl Link {
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn is(&self, relation: &str) -> bool {
        self.parameter("rel").is_some_and(|rel| {
            rel.split_ascii_whitespace()
                .any(|one| one.eq_ignore_ascii_case(relation))
        })
    }

    fn thing(&self) -> DeprecatedThing {
        // RFC 8187: charset, language, percent-encoded text.
        let beyond_ascii = self
            .parameter("title*")
            .and_then(|value| value.splitn(3, '\'').nth(2));
        let fragment = self.target.split_once('#').map(|(_, fragment)| fragment);
        let pointer = fragment.filter(|fragment| fragment.starts_with('/'));
        DeprecatedThing {
            link: self.target.clone(),
            title: beyond_ascii
                .map(decoded)
                .or_else(|| self.parameter("title").map(str::to_owned)),
            element: pointer.map(decoded),
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The links of one `Link` header. A malformed link ends the list.
fn links(header: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = header;
    while let Some((target, after)) = rest
        .trim_start_matches([' ', '\t', ','])
        .strip_prefix('<')
        .and_then(|text| text.split_once('>'))
    {
        let mut link = Link {
            target: target.to_owned(),
            parameters: Vec::new(),
        };
        rest = after;
        while let Some(text) = rest.trim_start().strip_prefix(';') {
            let end = text.find(['=', ';', ',']).unwrap_or(text.len());
            let (name, after) = text.split_at(end);
            let (value, after) = match after.strip_prefix('=') {
                Some(text) => value(text.trim_start()),
                None => (String::new(), after),
            };
            link.parameters.push((name.trim().to_owned(), value));
            rest = after;
        }
        links.push(link);
    }
    links
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (token.trim().to_owned(), rest);
    };
    let (mut out, mut escaped) = (String::new(), false);
    for (index, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => {
                escaped = false;
                out.push(letter);
            }
            '\\' => escaped = true,
            '"' => return (out, &quoted[index + 1..]),
            _ => out.push(letter),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_notice_is_read_whole() {
        let mut headers = HeaderMap::new();
        headers.append("deprecation", "@1795305600".parse().unwrap());
        for link in [
            r#"</next>; rel="next", </c.yaml#/paths/~1a~1%7Bid%7D/get>; rel="deprecation"; title="GET /a/{id}; use \"b\", c""#,
            r#"</b/7>;rel="up successor-version", <https://docs.example.com/old>; title*=UTF-8'de'gr%C3%B6%C3%9Fe; rel=deprecation"#,
        ] {
            headers.append(LINK, link.parse().unwrap());
        }
        let notice = notice(&headers, None).unwrap();
        assert_eq!(notice.at, UNIX_EPOCH + Duration::from_secs(1_795_305_600));
        assert_eq!(notice.successors, ["/b/7"]);
        assert_eq!(
            notice.things,
            [
                DeprecatedThing {
                    link: "/c.yaml#/paths/~1a~1%7Bid%7D/get".into(),
                    title: Some(r#"GET /a/{id}; use "b", c"#.into()),
                    element: Some("/paths/~1a~1{id}/get".into()),
                },
                DeprecatedThing {
                    link: "https://docs.example.com/old".into(),
                    title: Some("größe".into()),
                    element: None,
                },
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_header_panics(text in "[<>;,=\"\\\\ a*'%ü]{0,40}") {
            links(&text);
        }
    }
}
